"""What can be asked of an instant in a template, and of what it answers with: `(toDate …).Year`, `$t.Format "15:04"`,
`($t.Sub $u).Seconds`. Called by program.py. Source: Go's package time.
"""

from collections.abc import Mapping
from typing import Any, Final

from whodid.model.clock import SECOND
from whodid.model.go_text import duration_seconds
from whodid.templates.function import Function, function
from whodid.templates.go_time import ZERO, GoTime, added_date, format_time, zone
from whodid.templates.time_values import Duration, Location, Month, Weekday
from whodid.templates.values import Failure, Int64

_MOST_NS: Final = (1 << 63) - 1
_MINUTE_S, _HOUR_S = 60, 3600


def methods_of(value: Any) -> Mapping[str, Function]:
    """The methods of a value by name; the value is their first argument."""
    for kind, methods in _METHODS:
        if isinstance(value, kind):
            return methods
    return {}


def nanoseconds(time: GoTime) -> int:
    """Since 1970."""
    return time.seconds * SECOND + time.nanos


def _same(a: GoTime, b: GoTime) -> bool:
    return nanoseconds(a) == nanoseconds(b)


def _compared(a: GoTime, b: GoTime) -> int:
    return (nanoseconds(a) > nanoseconds(b)) - (nanoseconds(a) < nanoseconds(b))


def _between(a: GoTime, b: GoTime) -> Duration:
    return Duration(max(-_MOST_NS - 1, min(_MOST_NS, nanoseconds(a) - nanoseconds(b))))


def _shifted(time: GoTime, by_ns: int) -> GoTime:
    return GoTime.of_ns(nanoseconds(time) + by_ns, time.zone)


def _in(time: GoTime, place: Location | None) -> GoTime:
    if place is None:
        raise Failure("time: missing Location in call to Time.In")
    return time.in_zone(place.zone)


def _cut_time(time: GoTime, unit: Duration) -> GoTime:
    """Whole units since the year 1."""
    return _shifted(time, -((nanoseconds(time) - nanoseconds(ZERO)) % unit)) if unit > 0 else time


def _rounded_time(time: GoTime, unit: Duration) -> GoTime:
    if unit <= 0:
        return time
    rest = (nanoseconds(time) - nanoseconds(ZERO)) % unit
    return _shifted(time, -rest if rest * 2 < unit else unit - rest)


def _cut(span: Duration, unit: Duration) -> Duration:
    """Towards zero."""
    return Duration(span - _rest(span, unit)) if unit > 0 else span


def _rounded(span: Duration, unit: Duration) -> Duration:
    """Halves away from zero."""
    if unit <= 0:
        return span
    rest = _rest(span, unit)
    away = (unit if span >= 0 else -unit) if abs(rest) * 2 >= unit else 0
    return Duration(max(-_MOST_NS - 1, min(_MOST_NS, span - rest + away)))


def _rest(span: int, unit: int) -> int:
    return abs(span) % unit if span >= 0 else -(abs(span) % unit)


def _units(span: Duration, unit_s: int) -> float:
    """As Go divides: whole units and the rest apart."""
    whole, rest = divmod(abs(span), unit_s * SECOND)
    value = whole + rest / (unit_s * 1e9)
    return -value if span < 0 else value


def _of_three(name: str) -> Function:
    return Function(_nothing, ("time.Time",), unfit=f"function {name} has 3 return values; should be 1 or 2")


def _of_two(name: str, second: str) -> Function:
    words = f"invalid function signature for {name}: second return value should be error; is {second}"
    return Function(_nothing, ("time.Time",), unfit=words)


def _nothing(_: GoTime) -> None:
    """Of a method whose values no template can use."""


METHODS: Final[dict[str, Function]] = {
    "Unix": function(lambda t: Int64(t.seconds), "time"),
    "UnixMilli": function(lambda t: Int64(nanoseconds(t) // 1_000_000), "time"),
    "UnixMicro": function(lambda t: Int64(nanoseconds(t) // 1_000), "time"),
    "UnixNano": function(lambda t: Int64(nanoseconds(t)), "time"),
    "Year": function(lambda t: t.civil().year, "time"),
    "Month": function(lambda t: Month(t.civil().month), "time"),
    "Day": function(lambda t: t.civil().day, "time"),
    "Hour": function(lambda t: t.civil().hour, "time"),
    "Minute": function(lambda t: t.civil().minute, "time"),
    "Second": function(lambda t: t.civil().second, "time"),
    "Nanosecond": function(lambda t: t.nanos, "time"),
    "Weekday": function(lambda t: Weekday(t.weekday()), "time"),
    "YearDay": function(lambda t: t.year_day(), "time"),
    "IsZero": function(lambda t: _same(t, ZERO), "time"),
    "IsDST": function(lambda t: t.is_summer_time(), "time"),
    "UTC": function(lambda t: t.in_zone(zone("UTC")), "time"),
    "Local": function(lambda t: t.in_zone(zone("Local")), "time"),
    "Location": function(lambda t: Location(t.zone), "time"),
    "In": function(_in, "time location"),
    "String": function(str, "time"),
    "Format": function(format_time, "time string"),
    "Before": function(lambda t, other: nanoseconds(t) < nanoseconds(other), "time time"),
    "After": function(lambda t, other: nanoseconds(t) > nanoseconds(other), "time time"),
    "Equal": function(_same, "time time"),
    "Compare": function(_compared, "time time"),
    "Sub": function(_between, "time time"),
    "Add": function(_shifted, "time duration"),
    "AddDate": function(added_date, "time int int int"),
    "Truncate": function(_cut_time, "time duration"),
    "Round": function(_rounded_time, "time duration"),
    "Clock": _of_three("Clock"),
    "Date": _of_three("Date"),
    "ISOWeek": _of_two("ISOWeek", "int"),
    "Zone": _of_two("Zone", "int"),
    "ZoneBounds": _of_two("ZoneBounds", "time.Time"),
}
"""Of an instant."""
DURATION_METHODS: Final[dict[str, Function]] = {
    "Hours": function(lambda d: _units(d, _HOUR_S), "duration"),
    "Minutes": function(lambda d: _units(d, _MINUTE_S), "duration"),
    "Seconds": function(duration_seconds, "duration"),
    "Milliseconds": function(lambda d: Int64(_cut(d, Duration(1_000_000)) // 1_000_000), "duration"),
    "Microseconds": function(lambda d: Int64(_cut(d, Duration(1_000)) // 1_000), "duration"),
    "Nanoseconds": function(Int64, "duration"),
    "String": function(str, "duration"),
    "Abs": function(lambda d: Duration(min(abs(d), _MOST_NS)), "duration"),
    "Truncate": function(_cut, "duration duration"),
    "Round": function(_rounded, "duration duration"),
}
NAME_METHODS: Final[dict[str, Function]] = {"String": function(str, "any")}
_METHODS: Final[tuple[tuple[type, Mapping[str, Function]], ...]] = (
    (GoTime, METHODS),
    (Duration, DURATION_METHODS),
    (Month, NAME_METHODS),
    (Weekday, NAME_METHODS),
    (Location, NAME_METHODS),
)
