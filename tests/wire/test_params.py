"""Query parameters by Loki's rules and in Loki's words."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.clock import SECOND, format_rfc3339
from whodid.wire.params import (
    BadParameter,
    read_bounds,
    read_direction,
    read_instant,
    read_limit,
    read_query,
    read_range,
    read_span,
)

NOW = 1_767_225_600 * SECOND
HOUR = 3600 * SECOND
MS = 1_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1700000000", 1_700_000_000 * SECOND),  # up to ten digits: seconds
        ("0", 0),
        ("-5", -5 * SECOND),
        ("1700000000000", 1_700_000_000_000),  # milliseconds are read as nanoseconds: Loki's rule, not ours
        ("1700000000123456789", 1_700_000_000_123_456_789),
        ("1700000000.5", 1_700_000_000 * SECOND + 500 * MS),
        ("1700000000.1234", 1_700_000_000 * SECOND + 123 * MS),  # fractions are rounded to milliseconds
        ("1.7e9", 1_700_000_000 * SECOND),
        ("-1.5", -1500 * MS),
        ("2023-11-14T22:13:20Z", 1_700_000_000 * SECOND),
        ("2023-11-14T22:13:20.000000001Z", 1_700_000_000 * SECOND + 1),
        ("1700000000000000000.5", 1_700_000_000 * SECOND),  # nanoseconds that went through a float
        ("2023-11-15T00:13:20.5+02:00", 1_700_000_000 * SECOND + 500 * MS),
    ],
)
def test_instants(text: str, expected: int) -> None:
    assert read_instant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "",
        " ",
        "--5",
        "5-5",
        "1,5",
        ".",
        "nan",
        "nan.",
        "inf",
        "1.0e999",
        "9" * 20,
        "9" * 5000,
        "1_700",
        "٥",
        "2023-11-14",
        "1" * 5000 + ".5",
    ],
)
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(
        BadParameter, match=r'strconv.ParseInt: parsing ".*": (invalid syntax|value out of range)'
    ) as caught:
        read_instant(text)
    assert len(str(caught.value)) < 300


@given(st.integers(-(1 << 63) + 1, (1 << 63) - 1))
def test_an_instant_as_rfc3339_reads_back(ns: int) -> None:
    assert read_instant(format_rfc3339(ns)) == ns


@given(st.text())
def test_any_text_is_an_instant_of_64_bits_or_a_bad_parameter(text: str) -> None:
    for read in (read_instant, lambda t: read_span(t)):
        with contextlib.suppress(BadParameter):  # the other answer that is allowed
            assert abs(read(text)) < 1 << 63


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60", 60 * SECOND),
        ("0.5", SECOND // 2),
        ("1h30m", 5400 * SECOND),
        ("250ms", 250 * MS),
        ("-1", -SECOND),
        ("1e5", 100_000 * SECOND),
        ("1.0000000019", SECOND + 1),  # cut off, as Go does
    ],
)
def test_spans(text: str, expected: int) -> None:
    assert read_span(text) == expected


@pytest.mark.parametrize("text", ["x", "1.5h", "5 m", "nan", "inf", "-5m", "--5m", "99999999999", "1e300", "1_0", ""])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(BadParameter, match=r'cannot parse ".*" to a valid duration'):
        read_span(text)


def test_the_default_is_the_last_hour() -> None:
    assert read_bounds({}, NOW) == (NOW - HOUR, NOW)


def test_since_counts_from_the_end() -> None:
    assert read_bounds({"since": "2h"}, NOW) == (NOW - 2 * HOUR, NOW)
    end = NOW - 5 * HOUR
    assert read_bounds({"since": "2h", "end": str(end)}, NOW) == (end - 2 * HOUR, end)


def test_an_end_in_the_future_does_not_move_the_start() -> None:
    end = NOW + 5 * HOUR
    assert read_bounds({"end": str(end)}, NOW) == (NOW - HOUR, end)


def test_since_is_a_duration_and_each_mistake_names_its_parameter() -> None:
    for values, words in (
        ({"since": "3600"}, "could not parse 'since' parameter: not a valid duration string: \"3600\""),
        ({"since": "9999999y"}, "could not parse 'since' parameter: duration out of range"),
        ({"start": "x"}, "could not parse 'start' parameter: strconv.ParseInt"),
        ({"end": "x", "start": "x"}, "could not parse 'end' parameter: strconv.ParseInt"),
        ({"end": "x", "since": "x"}, "could not parse 'since' parameter"),
    ):
        with pytest.raises(BadParameter, match=words):
            read_bounds(values, NOW)


def test_a_stated_start_wins_over_since() -> None:
    assert read_bounds({"start": "1700000000", "since": "2h"}, NOW) == (1_700_000_000 * SECOND, NOW)


def test_the_end_may_equal_the_start_but_not_come_before_it() -> None:
    assert read_bounds({"start": "1700000000", "end": "1700000000"}, NOW) == (1_700_000_000 * SECOND,) * 2
    with pytest.raises(BadParameter, match="end timestamp must not be before or equal to start time"):
        read_bounds({"start": "1700000000", "end": "1699999999"}, NOW)


@pytest.mark.parametrize(("text", "expected"), [(None, 100), ("", 100), ("1", 1), ("5000", 5000)])
def test_limits(text: str | None, expected: int) -> None:
    assert read_limit({} if text is None else {"limit": text}) == expected
    assert read_limit({"lines": text or ""}, "lines", 7) == (int(text) if text else 7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "limit must be a positive value"),
        ("-1", "limit must be a positive value"),
        ("ten", 'strconv.Atoi: parsing "ten": invalid syntax'),
        ("1.5", "invalid syntax"),
        (" 5", "invalid syntax"),
        ("٥", "invalid syntax"),
        ("9" * 30, "value out of range"),
        ("9" * 5000, "invalid syntax"),
    ],
)
def test_limits_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        read_limit({"limit": text})


@pytest.mark.parametrize(
    ("text", "expected"), [("", "backward"), ("FORWARD", "forward"), ("Backward", "backward"), ("forward", "forward")]
)
def test_directions(text: str, expected: str) -> None:
    assert read_direction({"direction": text}) == expected
    assert read_direction({}) == "backward"


def test_a_direction_that_is_none() -> None:
    with pytest.raises(BadParameter, match="invalid direction 'up'"):
        read_direction({"direction": "up"})


def test_a_query_has_a_longest_length() -> None:
    assert read_query({"query": '{job="a"}'}) == '{job="a"}'
    assert read_query({}) == ""
    with pytest.raises(BadParameter, match=r"parse error : input size too long \(140000 > 131072\)"):
        read_query({"query": "ü" * 70_000})


@pytest.mark.parametrize(
    ("span_s", "expected_s"), [(0, 1), (60, 1), (250, 1), (499, 1), (500, 2), (3600, 14), (86_400, 345)]
)
def test_the_default_step_makes_250_points(span_s: int, expected_s: int) -> None:
    asked = read_range({"start": str(NOW - span_s * SECOND), "end": str(NOW)}, NOW)
    assert asked.step_ns == expected_s * SECOND


def test_everything_at_once() -> None:
    values = {
        "query": "q",
        "start": "1700000000",
        "end": "1700003600",
        "step": "1m",
        "limit": "7",
        "direction": "forward",
        "interval": "5",
    }
    asked = read_range(values, NOW)
    assert (asked.query, asked.start_ns, asked.end_ns) == ("q", 1_700_000_000 * SECOND, 1_700_003_600 * SECOND)
    assert (asked.step_ns, asked.limit, asked.direction, asked.interval_ns) == (60 * SECOND, 7, "forward", 5 * SECOND)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"step": "0"}, "zero or negative query resolution step widths are not accepted. Try a positive integer"),
        ({"step": "-60"}, "zero or negative query resolution"),
        ({"step": "100ms"}, "exceeded maximum resolution of 11,000 points per time series"),
        ({"interval": "-1"}, "interval must be >= 0"),
    ],
)
def test_steps_and_intervals_that_are_refused(values: dict[str, str], words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        read_range({"query": "q", **values}, NOW)


def test_the_finest_step_that_is_accepted() -> None:
    values = {"start": str(NOW - 11_000 * SECOND), "end": str(NOW), "step": "1"}
    assert read_range(values, NOW).step_ns == SECOND
