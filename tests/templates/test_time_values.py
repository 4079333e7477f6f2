"""Parts of an instant: what they print, and that they count."""

from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

from whodid.templates.time_values import Duration, Location, Month, Weekday


def test_names_that_are_numbers() -> None:
    assert (str(Month(2)), Month(2) + 1) == ("February", 3)
    assert (str(Weekday(0)), Weekday(6) > Weekday(0)) == ("Sunday", True)
    assert str(Duration(-90_500_000_000)) == "-1m30.5s"


def test_zones() -> None:
    zones = (UTC, ZoneInfo("Asia/Jerusalem"), timezone(timedelta(hours=2)), timezone(timedelta(0), "IDT"))
    assert [str(Location(zone)) for zone in zones] == ["UTC", "Asia/Jerusalem", "", "IDT"]
