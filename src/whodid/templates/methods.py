"""What can be asked of an instant in a template: `(toDate …).Year`, `$t.Format "15:04"`. Source: Go's time.Time."""

from typing import Final

from whodid.model.clock import SECOND
from whodid.templates.function import Function, function
from whodid.templates.go_time import MONTHS, WEEKDAYS, ZERO, GoTime, format_time, zone
from whodid.templates.values import Int64


def nanoseconds(time: GoTime) -> int:
    """Since 1970."""
    return time.seconds * SECOND + time.nanos


def _same(a: GoTime, b: GoTime) -> bool:
    return nanoseconds(a) == nanoseconds(b)


METHODS: Final[dict[str, Function]] = {
    "Unix": function(lambda t: Int64(t.seconds), "time"),
    "UnixMilli": function(lambda t: Int64(nanoseconds(t) // 1_000_000), "time"),
    "UnixMicro": function(lambda t: Int64(nanoseconds(t) // 1_000), "time"),
    "UnixNano": function(lambda t: Int64(nanoseconds(t)), "time"),
    "Year": function(lambda t: t.civil().year, "time"),
    "Month": function(lambda t: MONTHS[t.civil().month - 1], "time"),
    "Day": function(lambda t: t.civil().day, "time"),
    "Hour": function(lambda t: t.civil().hour, "time"),
    "Minute": function(lambda t: t.civil().minute, "time"),
    "Second": function(lambda t: t.civil().second, "time"),
    "Nanosecond": function(lambda t: t.nanos, "time"),
    "Weekday": function(lambda t: WEEKDAYS[t.weekday()], "time"),
    "YearDay": function(lambda t: t.year_day(), "time"),
    "IsZero": function(lambda t: _same(t, ZERO), "time"),
    "UTC": function(lambda t: t.in_zone(zone("UTC")), "time"),
    "Local": function(lambda t: t.in_zone(zone("Local")), "time"),
    "String": function(str, "time"),
    "Format": function(format_time, "time string"),
    "Before": function(lambda t, other: nanoseconds(t) < nanoseconds(other), "time time"),
    "After": function(lambda t, other: nanoseconds(t) > nanoseconds(other), "time time"),
    "Equal": function(_same, "time time"),
}
"""By name; the instant is the first argument. Months and days of the week are their names, as templates print them."""
