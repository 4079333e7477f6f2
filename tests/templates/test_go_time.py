"""Layouts both ways, the calendar and zones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.templates.go_time import ZERO, GoTime, format_time, parse_time, zone

TIME = GoTime(1_767_582_305, 120_000_000)  # 2026-01-05 03:05:05.12 UTC


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("2006-01-02T15:04:05Z07:00", "2026-01-05T03:05:05Z"),
        ("Mon Jan _2 15:04:05 MST 2006", "Mon Jan  5 03:05:05 UTC 2026"),
        ("Monday, 02-January-06", "Monday, 05-January-26"),
        ("3:4:5PM 03pm", "3:5:5AM 03am"),
        (".000 .999999 ,00", ".120 .12 ,12"),
        ("002 __2 1/2", "005   5 1/5"),
        ("-0700 -07:00 -07 Z0700 -070000", "+0000 +00:00 +00 Z +000000"),
        ("January Janet Monkey 2006 _2006", "January Janet Monkey 2026 _2026"),
        ("", ""),
        ("ü %d", "ü %d"),
    ],
)
def test_layouts(layout: str, text: str) -> None:
    assert format_time(TIME, layout) == text


def test_zones() -> None:
    berlin = TIME.in_zone(zone("Europe/Berlin"))
    assert format_time(berlin, "15:04 MST -07:00 Z0700") == "04:05 CET +01:00 +0100"
    assert format_time(GoTime(1_752_000_000, 0, zone("America/New_York")), "15:04 MST -0700") == "14:40 EDT -0400"
    assert zone("No/Where") is zone("../../etc/passwd") is zone("") is UTC
    assert str(parse_time("2006 -0700", "2026 +0530")) == "2026-01-01 00:00:00 +0530 +0530"


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_the_calendar_is_datetimes(seconds: int) -> None:
    time, moment = GoTime(seconds), datetime(1970, 1, 1) + timedelta(seconds=seconds)
    assert time.civil() == moment.timetuple()[:6]
    assert time.weekday() == moment.isoweekday() % 7
    assert time.year_day() == moment.timetuple().tm_yday
    assert parse_time("2006-01-02 15:04:05", format_time(time, "2006-01-02 15:04:05")) == time


@pytest.mark.parametrize(
    ("layout", "text", "shown"),
    [
        ("2006-01-02", "2025-12-17", "2025-12-17 00:00:00 +0000 UTC"),
        ("2006-01-02T15:04:05Z07:00", "2025-12-17T09:30:15.5+02:00", "2025-12-17 09:30:15.5 +0200 +0200"),
        ("Jan 2, 2006 at 3:04pm (MST)", "Feb 3, 2013 at 7:54pm (PST)", "2013-02-03 19:54:00 +0000 PST"),
        ("02/Jan/2006:15:04:05 -0700", "17/Dec/2025:09:00:01 +0000", "2025-12-17 09:00:01 +0000 UTC"),
        ("15:04", "10:20", "0000-01-01 10:20:00 +0000 UTC"),
        ("06-002", "99-060", "1999-03-01 00:00:00 +0000 UTC"),
        ("_2 January 2006", " 5 january 2026", "2026-01-05 00:00:00 +0000 UTC"),
        ("05.000", "07.123", "0000-01-01 00:00:07.123 +0000 UTC"),
        ("12 3PM", "112 12AM", "0000-11-02 00:00:00 +0000 UTC"),
    ],
)
def test_reading(layout: str, text: str, shown: str) -> None:
    assert str(parse_time(layout, text)) == shown


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("2006-01-02", "2025-02-30"),
        ("2006-01-02", "2025-13-01"),
        ("2006-01-02", "x"),
        ("15:04", "25:00"),
        ("2006", "20 6"),
        ("2006-01-02", "2025-01-00"),
    ],
)
def test_what_does_not_fit_is_the_zero_time(layout: str, text: str) -> None:
    assert parse_time(layout, text) == ZERO
    assert str(ZERO) == "0001-01-01 00:00:00 +0000 UTC"


@given(st.text(alphabet="2006-01 JanMontZ07:.,09_", max_size=30), st.text(max_size=30))
def test_no_layout_crashes(layout: str, text: str) -> None:
    assert isinstance(format_time(TIME, layout), str)
    assert isinstance(parse_time(layout, text), GoTime)
    assert isinstance(parse_time(layout, format_time(TIME, layout)), GoTime)
