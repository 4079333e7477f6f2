"""Instants as log files write them, turned into nanoseconds since 1970 UTC.

One small reader per kind, each remembering the last second it worked out, because neighbouring lines share it. Every
reader answers None for what it cannot read. Used by the formats of this room only.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_SECOND: Final = timedelta(seconds=1)
_DAY_NS: Final = 86_400 * SECOND
_OFFSET: Final = re.compile(r"([+-])(\d\d):?(\d\d)?(?::?(\d\d))?")
_EPOCH_NUMBER: Final = re.compile(r"([1-9][0-9]{8,18})(?:\.([0-9]{1,20}))?", re.ASCII)
_UTC_NAMES: Final = ("UTC", "GMT", "Z", "z")
MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}


def to_ns(moment: datetime) -> int:
    """Whole seconds of an aware datetime, in nanoseconds."""
    return ((moment - _EPOCH) // _ONE_SECOND) * SECOND


def fraction_ns(digits: str) -> int:
    """Nanoseconds of the digits after the decimal point (`5` is half a second); further ones than nine are cut off."""
    return int(digits[:9].ljust(9, "0")) if digits else 0


def epoch_ns(text: str) -> int | None:
    """Nanoseconds of a number since 1970, in whichever unit: seconds, and milli-, micro- and nanoseconds have so many
    digits that none can be taken for another before the year 5000."""
    match = _EPOCH_NUMBER.fullmatch(text)
    if match is None:
        return None
    whole, fraction = match.groups()
    unit = 10 ** (9 - 3 * ((len(whole) - 9) // 3)) if len(whole) > 11 else SECOND
    return int(whole) * unit + fraction_ns(fraction or "") * unit // SECOND


class LocalStamps:
    """`2026-11-23 04:32:32.123 UTC`: a date, a time, perhaps a fraction, perhaps a zone's abbreviation or offset.

    PostgreSQL's %t, %m and %s, RFC 3339 and what most loggers write. An abbreviation other than UTC and GMT is not
    unique in the world (IST, CST): it is taken for the zone given, where it tells summer from winter time.
    """

    __slots__ = ("_base_ns", "_key", "_zone")
    _STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\d)[ Tt](\d\d:\d\d:\d\d)(?:[.,](\d+))? ?([A-Za-z]+|[+-]\d[\d:]*)?")

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._key = ("", "")
        self._base_ns: int | None = None

    def read(self, text: str) -> int | None:
        match = self._STAMP.fullmatch(text)
        if match is None:
            return None
        date, clock, fraction, zone = match.groups()
        key = (date + clock, zone or "")
        if key != self._key:
            self._base_ns = self._seconds(f"{date} {clock}", zone or "")
            self._key = key
        if self._base_ns is None or not fraction:
            return self._base_ns
        return self._base_ns + fraction_ns(fraction)

    def _seconds(self, text: str, zone: str) -> int | None:
        try:
            return to_ns(self._in_zone(datetime.fromisoformat(text), zone))
        except (ValueError, OverflowError):  # 31 February, 25 o'clock, an offset of two days
            return None

    def _in_zone(self, moment: datetime, zone: str) -> datetime:
        if zone in _UTC_NAMES:
            return moment.replace(tzinfo=UTC)
        offset = _OFFSET.fullmatch(zone)
        if offset is not None:
            return moment.replace(tzinfo=_fixed_zone(offset))
        early, late = (moment.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        return late if late.tzname() == zone != early.tzname() else early


def _fixed_zone(offset: re.Match[str]) -> timezone:
    hours, minutes, seconds = (int(part or 0) for part in offset.groups()[1:])
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-span if offset.group(1) == "-" else span)


class WebStamps:
    """`23/Nov/2026:04:32:35 +0000`, as web servers write it."""

    __slots__ = ("_last", "_last_ns")
    _STAMP: Final = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})", re.ASCII)

    def __init__(self) -> None:
        self._last = ""
        self._last_ns: int | None = None

    def read(self, text: str) -> int | None:
        if text != self._last:
            self._last, self._last_ns = text, self._work_out(text)
        return self._last_ns

    def _work_out(self, text: str) -> int | None:
        match = self._STAMP.fullmatch(text)
        offset = _OFFSET.fullmatch(match.group(7)) if match else None
        if match is None or offset is None or match.group(2) not in MONTHS:
            return None
        day, month, year, hour, minute, second = match.groups()[:6]
        try:
            moment = datetime(
                int(year), MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=_fixed_zone(offset)
            )
            return to_ns(moment)
        except (ValueError, OverflowError):
            return None


class YearlessStamps:
    """`Nov 23 04:32:31`, syslog's classic stamp (RFC 3164), which leaves out the year.

    The first one is taken for the latest such day that is not in the future (a day's leeway for clocks). From then on a
    file runs forward, so the year is the one that lies nearest to the line before: that is how December turns January.
    """

    __slots__ = ("_hint_ns", "_key", "_last_ns", "_zone")

    def __init__(self, zone: tzinfo, hint_ns: int) -> None:
        self._zone = zone
        self._hint_ns = hint_ns
        self._last_ns: int | None = None
        self._key = ("", "", "")

    def read(self, month: str, day: str, clock: str) -> int | None:
        """None where the text is no date, or where nothing tells the year."""
        key = (month, day, clock)
        if key == self._key:
            return self._last_ns
        near = self._hint_ns if self._last_ns is None else self._last_ns
        if not near or month not in MONTHS:
            return None
        instants = self._candidates(MONTHS[month], int(day), clock, near)
        if not instants:
            return None
        if self._last_ns is None:
            past = [ns for ns in instants if ns <= near + _DAY_NS]
            chosen = max(past) if past else min(instants)
        else:
            chosen = min(instants, key=lambda ns: abs(ns - near))
        self._key, self._last_ns = key, chosen
        return chosen

    def _candidates(self, month: int, day: int, clock: str, near_ns: int) -> list[int]:
        try:
            year = (_EPOCH + timedelta(microseconds=near_ns // 1000)).astimezone(self._zone).year
        except OverflowError:
            return []
        found = []
        hour, minute, second = (int(part) for part in clock.split(":"))
        for candidate in range(year - 1, year + 2):
            try:
                moment = datetime(candidate, month, day, hour, minute, min(second, 59), tzinfo=self._zone)
                found.append(to_ns(moment))
            except (ValueError, OverflowError):  # 29 February in a common year
                continue
        return found
