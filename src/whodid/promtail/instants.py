"""Instants in the formats of the `timestamp` stage: Go's named layouts, layouts of one's own, `Unix`, `UnixMs` …

Named layouts are read in UTC, own ones in the stage's location; one without a year gets that of now. Source: Promtail's
manual, "timestamp" stage.
"""

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from whodid.templates.layouts import LayoutReader

Read = Callable[[str], int | None]
_NAMED: Final = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}
_UNIX_NS: Final = {"UnixMs": 1_000_000, "UnixUs": 1_000, "UnixNs": 1}
_SECONDS = re.compile(r"([+-]?[0-9]{1,19})(?:\.([+-]?[0-9]{1,19}))?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_MOST_NS: Final = (1 << 63) - 1


def location(name: str) -> tzinfo | None:
    """A zone of the IANA database; None if there is none of that name."""
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo("localtime" if name == "Local" else name)
    except (KeyError, ValueError, OSError):
        return UTC if name == "Local" else None


def reader(format: str, zone: tzinfo | None, now_ns: Callable[[], int]) -> Read:
    """What reads texts of a format; None for one that does not fit."""
    if format == "Unix":
        return _bounded(_unix)
    if format in _UNIX_NS:
        unit_ns = _UNIX_NS[format]
        return _bounded(lambda text: int(text) * unit_ns if _WHOLE.fullmatch(text) else None)
    if format in _NAMED:
        return _bounded(LayoutReader(_NAMED[format], UTC, now_ns=now_ns, yearless=False).read_ns)
    return _bounded(LayoutReader(format, zone or UTC, now_ns=now_ns, yearless="06" not in format).read_ns)


def _unix(text: str) -> int | None:
    """Seconds, with a fraction if need be."""
    match = _SECONDS.fullmatch(text)
    if match is None:
        return None
    fraction = match[2]
    return int(match[1]) * 10**9 + (int(int(fraction) * 10.0 ** (9 - len(fraction))) if fraction else 0)


def _bounded(read: Read) -> Read:
    """Nothing for instants that do not fit into 64 bits of nanoseconds."""

    def bounded(text: str) -> int | None:
        ns = read(text)
        return ns if ns is not None and -_MOST_NS <= ns <= _MOST_NS else None

    return bounded
