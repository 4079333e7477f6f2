"""What an instant is made of, as templates see it: months and days of the week, which print as their names and count as
numbers; durations; zones. Given by methods.py. Source: Go's package time.
"""

from dataclasses import dataclass
from datetime import tzinfo

from whodid.model.go_text import format_go_duration
from whodid.templates.go_time import MONTHS, WEEKDAYS, GoTime
from whodid.templates.values import Named


class Month(Named):
    """1 is January."""

    type_name = "time.Month"

    def __str__(self) -> str:
        return MONTHS[self - 1]


class Weekday(Named):
    """0 is Sunday."""

    type_name = "time.Weekday"

    def __str__(self) -> str:
        return WEEKDAYS[self]


class Duration(Named):
    """Nanoseconds."""

    type_name = "time.Duration"

    def __str__(self) -> str:
        return format_go_duration(int(self))


@dataclass(frozen=True, slots=True)
class Location:
    """The zone of an instant, asked for by itself."""

    zone: tzinfo

    type_name = "*time.Location"

    def __str__(self) -> str:
        return getattr(self.zone, "key", None) or GoTime(0, 0, self.zone).zone_name()
