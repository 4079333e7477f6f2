"""Instants, and what they answer with, answer as Go's package time does."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from whodid.templates.go_time import ZERO, GoTime
from whodid.templates.methods import DURATION_METHODS, METHODS, methods_of
from whodid.templates.time_values import Duration, Location, Month
from whodid.templates.values import Failure

TIME = GoTime(1_767_607_205, 123_456_789)
LATER = GoTime(1_767_607_206, 23_456_789)
SUMMER = GoTime(1_782_900_000, 0, ZoneInfo("Asia/Jerusalem"))
LEAP = GoTime(1_709_208_000)
"""2024-02-29 12:00"""
HOUR = Duration(3_600_000_000_000)
SPAN = Duration(-90_061_500_000_001)
CASES: list[tuple[str, tuple[Any, ...], Any]] = [
    ("Unix", (TIME,), 1_767_607_205),
    ("UnixMilli", (TIME,), 1_767_607_205_123),
    ("UnixMicro", (TIME,), 1_767_607_205_123_456),
    ("UnixNano", (TIME,), 1_767_607_205_123_456_789),
    ("Year", (TIME,), 2026),
    ("Month", (TIME,), "January"),
    ("Day", (TIME,), 5),
    ("Hour", (TIME,), 10),
    ("Minute", (TIME,), 0),
    ("Second", (TIME,), 5),
    ("Nanosecond", (TIME,), 123_456_789),
    ("Weekday", (TIME,), "Monday"),
    ("YearDay", (TIME,), 5),
    ("IsZero", (TIME,), False),
    ("IsZero", (ZERO,), True),
    ("IsDST", (SUMMER,), True),
    ("IsDST", (TIME,), False),
    ("UTC", (SUMMER,), "2026-07-01 10:00:00 +0000 UTC"),
    ("Local", (TIME,), "2026-01-05 10:00:05.123456789 +0000 UTC"),
    ("Location", (SUMMER,), "Asia/Jerusalem"),
    ("In", (TIME, Location(SUMMER.zone)), "2026-01-05 12:00:05.123456789 +0200 IST"),
    ("String", (TIME,), "2026-01-05 10:00:05.123456789 +0000 UTC"),
    ("Format", (TIME, "05.000"), "05.123"),
    ("Before", (TIME, LATER), True),
    ("After", (TIME, LATER), False),
    ("Equal", (TIME, TIME.in_zone(SUMMER.zone)), True),
    ("Compare", (TIME, LATER), -1),
    ("Compare", (TIME, TIME), 0),
    ("Sub", (TIME, LATER), "-900ms"),
    ("Sub", (TIME, ZERO), "2562047h47m16.854775807s"),
    ("Add", (TIME, HOUR), "2026-01-05 11:00:05.123456789 +0000 UTC"),
    ("AddDate", (LEAP, 1, 0, 0), "2025-03-01 12:00:00 +0000 UTC"),
    ("AddDate", (LEAP, 0, -14, 3), "2023-01-01 12:00:00 +0000 UTC"),
    ("AddDate", (SUMMER, 0, 6, 0), "2027-01-01 13:00:00 +0200 IST"),
    ("Truncate", (TIME, HOUR), "2026-01-05 10:00:00 +0000 UTC"),
    ("Truncate", (TIME, Duration(0)), "2026-01-05 10:00:05.123456789 +0000 UTC"),
    ("Round", (TIME, Duration(10_000_000_000)), "2026-01-05 10:00:10 +0000 UTC"),
    ("Round", (TIME, Duration(-1)), "2026-01-05 10:00:05.123456789 +0000 UTC"),
]
DURATION_CASES: list[tuple[str, tuple[Any, ...], Any]] = [
    ("Hours", (HOUR,), 1.0),
    ("Minutes", (HOUR,), 60.0),
    ("Seconds", (SPAN,), -90_061.500000001),
    ("Milliseconds", (SPAN,), -90_061_500),
    ("Microseconds", (SPAN,), -90_061_500_000),
    ("Nanoseconds", (SPAN,), -90_061_500_000_001),
    ("String", (SPAN,), "-25h1m1.500000001s"),
    ("Abs", (SPAN,), "25h1m1.500000001s"),
    ("Truncate", (SPAN, HOUR), "-25h0m0s"),
    ("Round", (SPAN, Duration(1_000_000_000)), "-25h1m2s"),
    ("Round", (HOUR, Duration(0)), "1h0m0s"),
]


@pytest.mark.parametrize(("name", "given", "expected"), CASES)
def test_instants(name: str, given: tuple[Any, ...], expected: Any) -> None:
    found = METHODS[name].call(*given)
    assert (str(found) if isinstance(expected, str) else found) == expected


@pytest.mark.parametrize(("name", "given", "expected"), DURATION_CASES)
def test_durations(name: str, given: tuple[Any, ...], expected: Any) -> None:
    found = DURATION_METHODS[name].call(*given)
    assert (str(found) if isinstance(expected, str) else found) == expected


def test_every_method_is_tried() -> None:
    assert {name for name, _, _ in CASES} == {name for name, method in METHODS.items() if method.unfit is None}
    assert {name for name, _, _ in DURATION_CASES} == set(DURATION_METHODS)


@pytest.mark.parametrize("name", ["Clock", "Date", "ISOWeek", "Zone", "ZoneBounds"])
def test_what_returns_too_much_for_a_template(name: str) -> None:
    """The words are tried in language.yml."""
    words = METHODS[name].unfit
    assert words is not None and f" {name}" in words and "return value" in words


def test_no_zone() -> None:
    with pytest.raises(Failure, match=r"missing Location in call to Time\.In"):
        METHODS["In"].call(TIME, None)


def test_who_has_methods() -> None:
    assert methods_of(Month(1))["String"].call(Month(1)) == "January"
    assert methods_of("text") == {}
