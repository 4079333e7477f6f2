"""Functions of dates that the templates of Loki and of Promtail share, sprig's: date, toDate, now, unixEpoch.

What an instant is, and how it is read and written, is go_time.py. Source: sprig.
"""

from collections.abc import Callable
from typing import Any, Final

from whodid.model.clock import Clock, SystemClock
from whodid.templates.function import Function, function
from whodid.templates.go_time import GoTime, format_time, parse_time, zone

_CLOCK: Clock = SystemClock()
"""For `now`; a template has no clock of its own."""


def date(layout: str, value: Any) -> str:
    """An instant or seconds since 1970 in a layout; anything else is now, as in sprig."""
    if isinstance(value, GoTime):
        return format_time(value.in_zone(zone("Local")), layout)
    if isinstance(value, int) and not isinstance(value, bool):
        return format_time(GoTime(int(value)), layout)
    return format_time(now(), layout)


def now() -> GoTime:
    return GoTime.of_ns(_CLOCK.now_ns())


def epoch(unit_ns: int) -> Callable[[GoTime], str]:
    """Units since 1970."""
    return lambda time: str((time.seconds * 10**9 + time.nanos) // unit_ns)


DATES: Final[dict[str, Function]] = {
    "date": function(date, "string any"),
    "toDate": function(lambda layout, text: parse_time(layout, text), "string string"),
    "now": function(now),
    "unixEpoch": function(epoch(10**9), "time"),
}
