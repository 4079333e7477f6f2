"""Instants in one layout, read over and over: what a line's time is, fast.

Neighbouring lines differ in their seconds only, so the rest of a text is reckoned once and remembered. What layouts are
is go_time.py. Source: Go's time.Parse and time.ParseInLocation.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from whodid.model.clock import SECOND
from whodid.templates.go_time import GoTime, Read, added_date, layout_reader

_MOST_REMEMBERED: Final = 1_000
_SECONDS: Final = ("5", "05")


class LayoutReader:
    """Reads texts of one layout. One without a year is given that of `now_ns`, so that December read in January is
    last year's (`yearless`)."""

    def __init__(self, layout: str, zone: tzinfo, *, now_ns: Callable[[], int], yearless: bool) -> None:
        self._pattern, self._chunks = layout_reader(layout)
        self._zone, self._now_ns, self._yearless = zone, now_ns, yearless
        places = range(len(self._chunks))
        self._second = next((place for place in places if self._chunks[place] in _SECONDS), None)
        self._fractions = [place for place in places if self._chunks[place][0] in ".,"]
        moving = {self._second, *self._fractions}
        self._steady = [place for place in places if place not in moving]
        self._known: dict[tuple[object, ...], int | None] = {}

    def read_ns(self, text: str) -> int | None:
        """The instant; None if the text does not fit."""
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        groups = match.groups()
        now = GoTime.of_ns(self._now_ns()).civil()[:2] if self._yearless else ()
        key = (*[groups[place] for place in self._steady], *now)
        try:
            base_ns = self._known[key]
        except KeyError:
            base_ns = self._learn(key, groups, now)
        if base_ns is None:
            return None
        nanos = 0
        for place in self._fractions:
            found = groups[place]
            nanos = int(found[1:10].ljust(9, "0")) if found else nanos
        if self._second is None:
            return base_ns + nanos
        second = int(groups[self._second])
        return base_ns + second * SECOND + nanos if second < 60 else None

    def _learn(self, key: tuple[object, ...], groups: tuple[str | None, ...], now: tuple[int, ...]) -> int | None:
        """The instant of the minute."""
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        read = Read()
        for place in self._steady:
            read.take(self._chunks[place], groups[place] or "")
        time = read.instant(self._zone)
        if time is not None and self._yearless:
            time = _with_year(time, now)
        self._known[key] = None if time is None else time.seconds * SECOND
        return self._known[key]


def _with_year(time: GoTime, now: tuple[int, ...]) -> GoTime | None:
    """The text's months stand for those around now."""
    (year, month), (read_year, read_month) = now, time.civil()[:2]
    if read_year != 0:
        return None
    turn = -1 if (read_month, month) == (12, 1) else 1 if (read_month, month) == (1, 12) else 0
    return added_date(time, year + turn, 0, 0)
