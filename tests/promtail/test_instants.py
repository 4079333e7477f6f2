"""Formats of instants; most are in cases/timestamp.yml."""

from datetime import UTC, datetime

import pytest

from whodid.model.clock import parse_rfc3339
from whodid.promtail.instants import location, reader

NOW = parse_rfc3339("2026-01-05T10:00:00Z")


@pytest.mark.parametrize(
    ("format", "text", "instant"),
    [
        ("ANSIC", "Mon Jan  5 10:00:00 2026", "2026-01-05T10:00:00Z"),
        ("RubyDate", "Mon Jan 05 10:00:00 +0200 2026", "2026-01-05T08:00:00Z"),
        ("RFC822", "05 Jan 26 10:00 UTC", "2026-01-05T10:00:00Z"),
        ("RFC822Z", "05 Jan 26 10:00 -0100", "2026-01-05T11:00:00Z"),
        ("RFC850", "Monday, 05-Jan-26 10:00:00 UTC", "2026-01-05T10:00:00Z"),
        ("RFC1123", "Mon, 05 Jan 2026 10:00:00 GMT", "2026-01-05T10:00:00Z"),
        ("RFC3339Nano", "2026-01-05T10:00:00.123456789+01:00", "2026-01-05T09:00:00.123456789Z"),
        ("RFC3339", "2026-01-05T10:00:00.5Z", "2026-01-05T10:00:00.5Z"),
        ("UnixUs", "1767607200000001", "2026-01-05T10:00:00.000001Z"),
        ("UnixNs", "1767607200000000001", "2026-01-05T10:00:00.000000001Z"),
        ("Unix", "1767607200.000000001", "2026-01-05T10:00:00.000000001Z"),
        ("2006-01-02 15:04:05 MST", "2026-01-05 12:00:00 IST", "2026-01-05T10:00:00Z"),
        ("2006-01-02 15:04:05 MST", "2026-01-05 12:00:00 XYZ", "2026-01-05T12:00:00Z"),
        ("3:04PM 2006-01-02", "1:30PM 2026-01-05", "2026-01-05T11:30:00Z"),
        ("2006-01-02T15", "2026-01-05T10", "2026-01-05T08:00:00Z"),
    ],
)
def test_read(format: str, text: str, instant: str) -> None:
    assert reader(format, location("Asia/Jerusalem"), lambda: NOW)(text) == parse_rfc3339(instant)


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("Unix", "1.2.3"),
        ("Unix", "1e9"),
        ("Unix", "1_000"),
        ("Unix", "9" * 19),
        ("UnixMs", "1.5"),
        ("RFC3339", "2026-02-30T10:00:00Z"),
        ("RFC3339", "2026-01-05 10:00:00Z"),
        ("2006-01-02", "0001-01-01"),
        ("2006-01-02", "2026-1-5"),
        ("Jan 2 15:04", "Foo 5 10:00"),
    ],
)
def test_not_read(format: str, text: str) -> None:
    assert reader(format, UTC, lambda: NOW)(text) is None


def test_a_year_is_that_of_now_even_after_new_year() -> None:
    now = [parse_rfc3339("2025-12-31T23:59:59Z")]
    read = reader("Jan _2 15:04:05", UTC, lambda: now[0])
    assert read("Dec 31 23:59:58") == parse_rfc3339("2025-12-31T23:59:58Z")
    assert read("Jan  1 00:00:01") == parse_rfc3339("2026-01-01T00:00:01Z")
    now[0] = parse_rfc3339("2026-01-01T00:00:05Z")
    assert read("Dec 31 23:59:58") == parse_rfc3339("2025-12-31T23:59:58Z")
    assert read("Jan  1 00:00:01") == parse_rfc3339("2026-01-01T00:00:01Z")


def test_zones_have_to_exist() -> None:
    assert location("Nowhere/City") is None and location("../etc/passwd") is None
    berlin = location("Europe/Berlin")
    assert berlin is not None and datetime(2026, 7, 1, tzinfo=berlin).tzname() == "CEST"
