"""Durations as Prometheus reads and prints them, instants as RFC 3339."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.clock import (
    MILLISECOND,
    SECOND,
    SystemClock,
    format_duration,
    format_rfc3339,
    parse_duration,
    parse_rfc3339,
    to_datetime,
)

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
MOST_NS = (1 << 63) - 1
INSTANTS = st.integers(-(1 << 63), MOST_NS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("0s", 0),
        ("5m", 5 * MINUTE),
        ("1h30m", 90 * MINUTE),
        ("250ms", 250 * MILLISECOND),
        ("1d", DAY),
        ("2w", 14 * DAY),
        ("1y1w1d1h1m1s1ms", 365 * DAY + 7 * DAY + DAY + HOUR + MINUTE + SECOND + MILLISECOND),
        ("90m", 90 * MINUTE),
    ],
)
def test_durations_are_read(text: str, expected: int) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "5",
        "m",
        "-5m",
        "5 m",
        "1.5h",
        "1m1h",
        "1m1m",
        "5M",
        "5m ",
        "5m\n",
        "1us",
        "٥m",
        "1h,",
        "9223372037s",
        "300y",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration_ns", "expected"),
    [
        (0, "0s"),
        (999_999, "0s"),
        (-999_999, "0s"),
        (MILLISECOND, "1ms"),
        (90 * MINUTE, "1h30m"),
        (36 * HOUR, "1d12h"),
        (7 * DAY, "1w"),
        (8 * DAY, "8d"),
        (90 * DAY, "90d"),
        (365 * DAY, "1y"),
        (365 * DAY + 1, "1y"),
        (-5 * MINUTE, "-5m"),
        (DAY + 250 * MILLISECOND, "1d250ms"),
    ],
)
def test_durations_are_printed(duration_ns: int, expected: str) -> None:
    assert format_duration(duration_ns) == expected


@given(st.integers(0, MOST_NS // MILLISECOND))
def test_a_printed_duration_reads_back(count_ms: int) -> None:
    assert parse_duration(format_duration(count_ms * MILLISECOND)) == count_ms * MILLISECOND


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59.5Z", -SECOND // 2),
        ("2026-11-23T03:53:07+02:00", 1_795_398_787 * SECOND),
        ("2026-11-23t01:53:07z", 1_795_398_787 * SECOND),
        ("2026-11-23 01:53:07.123456789Z", 1_795_398_787 * SECOND + 123_456_789),
        ("2026-11-23T01:53:07.1234567899Z", 1_795_398_787 * SECOND + 123_456_789),
    ],
)
def test_instants_are_read(text: str, expected: int) -> None:
    assert parse_rfc3339(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T01:53:07",
        "2026-11-23T01:53Z",
        "2026-13-23T01:53:07Z",
        "2026-02-30T01:53:07Z",
        "2026-11-23T25:53:07Z",
        "2026-11-23T01:53:07.Z",
        "2026-11-23T01:53:07+99:00",
        "٢٠٢٦-11-23T01:53:07Z",
        "0000-01-01T00:00:00Z",
        "2026-11-23T01:53:07Z ",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # the calendar's own words differ by Python version
        parse_rfc3339(text)


@given(INSTANTS)
def test_a_printed_instant_reads_back(ns: int) -> None:
    assert parse_rfc3339(format_rfc3339(ns)) == ns


@given(INSTANTS)
def test_without_fraction_the_second_that_has_begun_is_printed(ns: int) -> None:
    assert parse_rfc3339(format_rfc3339(ns, fraction=False)) == ns // SECOND * SECOND


def test_fractions_have_no_trailing_zeros() -> None:
    assert format_rfc3339(SECOND + 120_000_000) == "1970-01-01T00:00:01.12Z"
    assert format_rfc3339(SECOND) == "1970-01-01T00:00:01Z"


@given(INSTANTS)
def test_datetimes_are_utc_and_cut_to_microseconds(ns: int) -> None:
    moment = to_datetime(ns)
    assert moment.tzinfo is UTC
    assert (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() == pytest.approx(ns / SECOND, abs=1e-5)


async def test_the_real_clock_goes_forward() -> None:
    clock = SystemClock()
    wall_ns, monotonic_s = clock.now_ns(), clock.monotonic_s()
    await asyncio.wait_for(clock.sleep(0.001), 5)
    assert clock.now_ns() > wall_ns > 1_700_000_000 * SECOND
    assert clock.monotonic_s() >= monotonic_s + 0.001
