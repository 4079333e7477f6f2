"""The delete API's parameters, with Loki's words for mistakes."""

import json

import pytest

from whodid.model.clock import SECOND
from whodid.wire.deletes import DeleteParameters, encode_requests, read_delete, seconds_of
from whodid.wire.params import BadParameter

NOW_NS = 1_700_000_000 * SECOND
AT_NS = 1_699_999_000 * SECOND
QUERY = '{job="a"} |= "x"'


def test_instants_are_whole_seconds_or_have_milliseconds() -> None:
    """logcli reads the whole ones as integers."""
    assert (seconds_of(7 * SECOND), type(seconds_of(7 * SECOND))) == (7, int)
    assert seconds_of(7 * SECOND + 5_900_000) == 7.005


@pytest.mark.parametrize(
    ("more", "start_ns", "end_ns"),
    [
        ({"start": "1699999000"}, AT_NS, NOW_NS),
        ({"start": "1699999000", "end": "1699999001"}, 1_699_999_000 * SECOND, 1_699_999_001 * SECOND),
        ({"start": "1699999000000000007", "end": "1699999000000000008"}, AT_NS + 7, AT_NS + 8),
        ({"start": "2023-11-14T21:56:40Z", "end": "2023-11-14T22:56:41.5+01:00"}, AT_NS, AT_NS + 3 * SECOND // 2),
        ({"start": "1699999000", "max_interval": "10m"}, AT_NS, NOW_NS),
    ],
)
def test_what_is_asked(more: dict[str, str], start_ns: int, end_ns: int) -> None:
    assert read_delete({"query": QUERY, **more}, NOW_NS) == DeleteParameters(QUERY, start_ns, end_ns)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"start": "1699999000"}, "query not set"),
        ({"query": QUERY}, "start time not set"),
        ({"query": QUERY, "start": "yesterday"}, "invalid start time: require unix seconds or RFC3339 format"),
        ({"query": QUERY, "start": "16999990001"}, "invalid start time"),
        ({"query": QUERY, "start": "1699999000", "end": "1e9"}, "invalid end time"),
        ({"query": QUERY, "start": "1699999000", "end": "1700000001"}, "deletes in the future are not allowed"),
        (
            {"query": QUERY, "start": "1699999002", "end": "1699999001"},
            "start time can't be greater than or equal to end time",
        ),
        ({"query": QUERY, "start": "1699999000", "max_interval": "1d"}, "invalid max_interval"),
        ({"query": QUERY, "start": "1699999000", "max_interval": "500ms"}, "invalid max_interval"),
        ({"query": QUERY, "start": "1699999000", "max_interval": "1h"}, r"the interval to be deleted \(1000s\)"),
    ],
)
def test_mistakes(values: dict[str, str], words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        read_delete(values, NOW_NS)


def test_instants_have_milliseconds() -> None:
    text = encode_requests([{"created_at": seconds_of(NOW_NS + 1_500_000), "end_time": seconds_of(NOW_NS)}])
    assert json.loads(text) == [{"created_at": 1_700_000_000.001, "end_time": 1_700_000_000}]
