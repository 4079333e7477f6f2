"""Instants: the year that syslog leaves out, zones, and what is no instant."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.formats.stamps import LocalStamps, WebStamps, YearlessStamps
from whodid.model.clock import format_rfc3339, parse_rfc3339


def ns(text: str) -> int:
    return parse_rfc3339(text)


def test_the_year_is_the_latest_that_is_not_in_the_future() -> None:
    def first(month: str, day: str) -> int | None:
        return YearlessStamps(UTC, ns("2027-01-02T00:00:00Z")).read(month, day, "10:00:00")

    assert first("Dec", "31") == ns("2026-12-31T10:00:00Z")
    assert first("Jan", "1") == ns("2027-01-01T10:00:00Z")
    assert first("Jan", "2") == ns("2027-01-02T10:00:00Z")  # a clock a little ahead is no reason to go back a year
    assert first("Jan", "5") == ns("2026-01-05T10:00:00Z")
    assert first("Feb", "29") == ns("2028-02-29T10:00:00Z") or first("Feb", "29") is None
    assert first("Foo", "1") is None


def test_december_turns_january_while_the_agent_runs() -> None:
    stamps = YearlessStamps(UTC, ns("2026-11-01T00:00:00Z"))
    assert stamps.read("Oct", "31", "00:00:00") == ns("2026-10-31T00:00:00Z")
    assert stamps.read("Dec", "30", "23:59:59") == ns("2026-12-30T23:59:59Z")
    assert stamps.read("Jan", "2", "00:00:01") == ns("2027-01-02T00:00:01Z")
    assert stamps.read("Dec", "31", "23:59:59") == ns("2026-12-31T23:59:59Z")  # a late line goes back again


def test_without_a_hint_there_is_no_year() -> None:
    assert YearlessStamps(UTC, 0).read("Jan", "1", "00:00:00") is None


def test_the_zone_of_the_host_counts() -> None:
    stamps = YearlessStamps(ZoneInfo("Asia/Jerusalem"), ns("2026-11-23T00:00:00Z"))
    assert stamps.read("Jul", "1", "12:00:00") == ns("2026-07-01T09:00:00Z")


@pytest.mark.parametrize(
    "text", ["", "2026-11-23", "2026-11-23 25:00:00", "2026-11-23 04:32:32 +99", "0000-01-01 00:00:00"]
)
def test_no_instant(text: str) -> None:
    assert LocalStamps(UTC).read(text) is None


def test_web_stamps() -> None:
    stamps = WebStamps()
    assert stamps.read("23/Nov/2026:04:32:35 +0130") == ns("2026-11-23T03:02:35Z")
    assert stamps.read("31/Feb/2026:04:32:35 +0000") is None
    assert stamps.read("23/Foo/2026:04:32:35 +0000") is None
    assert stamps.read("23/Nov/2026:04:32:35 +0130") == ns("2026-11-23T03:02:35Z")


@given(st.integers(min_value=0, max_value=4_000_000_000 * 10**9))
def test_what_is_written_is_read(instant: int) -> None:
    assert LocalStamps(UTC).read(format_rfc3339(instant)) == instant


@given(st.lists(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), min_size=1, max_size=5))
def test_one_reader_for_many_lines_is_as_good_as_one_each(moments: list[datetime]) -> None:
    zone = ZoneInfo("Europe/Berlin")
    shared = LocalStamps(zone)
    for moment in moments:
        text = moment.strftime("%Y-%m-%d %H:%M:%S.%f") if moment.year >= 1000 else ""
        assert shared.read(text) == LocalStamps(zone).read(text)
