"""Instants of one layout read fast are those that Go's reading gives."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.clock import SECOND
from whodid.templates.go_time import GoTime, format_time, parse_time
from whodid.templates.layouts import LayoutReader

LAYOUTS = [
    "2006-01-02T15:04:05.999999999Z07:00",
    "02/Jan/2006:15:04:05 -0700",
    "2006-01-02 15:04:05.000",
    "Mon Jan _2 15:04:05 2006",
    "3:04:05PM 02.01.06",
    "2006-01-02 15:04",
]


@pytest.mark.parametrize("layout", LAYOUTS)
@given(instants=st.lists(st.integers(0, 2_000_000_000 * SECOND), max_size=5))
def test_what_is_written_is_read(layout: str, instants: list[int]) -> None:
    zone = ZoneInfo("America/New_York")
    read = LayoutReader(layout, zone, now_ns=lambda: 0, yearless=False)
    for ns in instants:
        text = format_time(GoTime.of_ns(ns, zone), layout)
        slow = parse_time(layout, text, zone)
        assert read.read_ns(text) == slow.seconds * SECOND + slow.nanos


def test_what_it_remembers_is_bounded() -> None:
    read = LayoutReader("2006-01-02 15:04:05", UTC, now_ns=lambda: 0, yearless=False)
    for hour in range(3000):
        text = format_time(GoTime(hour * 3600), "2006-01-02 15:04:05")
        assert read.read_ns(text) == hour * 3600 * SECOND
    assert len(read._known) <= 1000
