"""Parameters of the endpoints beside queries: defaults and mistakes in Loki's words."""

import pytest

from whodid.model.clock import SECOND
from whodid.wire.explore import FieldParameters, VolumeParameters, read_fields, read_pattern_step, read_volume
from whodid.wire.params import BadParameter

NOW_NS = 1_800_000_000 * SECOND
HOUR_NS = 3600 * SECOND


def test_a_volume_has_defaults() -> None:
    expected = VolumeParameters("{}", NOW_NS - HOUR_NS, NOW_NS, 100, (), "series")
    assert read_volume({"query": "{}"}, NOW_NS) == expected
    assert read_volume({"query": "{}", "limit": "0", "targetLabels": " , "}, NOW_NS) == expected


def test_a_volume_says_what_it_wants() -> None:
    asked = {"query": "{}", "start": "1", "end": "2", "limit": "5", "targetLabels": "a, b", "aggregateBy": "labels"}
    assert read_volume(asked, NOW_NS) == VolumeParameters("{}", SECOND, 2 * SECOND, 5, ("a", "b"), "labels")


def test_fields_have_defaults_and_two_names_for_their_limit() -> None:
    expected = FieldParameters('{a="b"}', NOW_NS - HOUR_NS, NOW_NS, 100, 1000)
    assert read_fields({"query": '{a="b"}'}, NOW_NS) == expected
    for name in ("limit", "field_limit"):
        assert read_fields({"query": "", name: "7"}, NOW_NS).field_limit == 7
    assert read_fields({"query": "", "limit": "1000000"}, NOW_NS).field_limit == 10_000
    assert read_fields({"query": "", "line_limit": "51"}, NOW_NS).line_limit == 51
    with pytest.raises(BadParameter, match="zero or negative"):
        read_fields({"query": "", "step": "0"}, NOW_NS)


def test_patterns_are_counted_in_slices_of_ten_seconds_at_least() -> None:
    assert read_pattern_step({"step": "1"}, 0, HOUR_NS) == 10 * SECOND
    assert read_pattern_step({"step": "1m"}, 0, HOUR_NS) == 60 * SECOND
    assert read_pattern_step({}, 0, HOUR_NS) == 14 * SECOND
    with pytest.raises(BadParameter, match="zero or negative"):
        read_pattern_step({"step": "-5"}, 0, HOUR_NS)
