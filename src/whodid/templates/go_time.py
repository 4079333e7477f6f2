"""Go's time.Time as templates see it: an instant in a zone, its layouts (`2006-01-02 15:04:05`), both ways.

The calendar is counted here, since datetime ends at the years 1 and 9999 and at microseconds. "Local" is UTC, as in
Loki's image. A zone that is not known is UTC. Source: Go's time package.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from whodid.model.clock import SECOND

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_DAY_S = 86_400
_YEAR_1_S = -62_135_596_800
_FIRST_S, _LAST_S = _YEAR_1_S + 2 * _DAY_S, 253_402_300_799 - 2 * _DAY_S
"""Between these instants datetime can say the offset of any zone."""
_CHUNK = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm"
    r"|-070000|-07:00:00|-0700|-07:00|-07|Z070000|Z07:00:00|Z0700|Z07:00|Z07|[.,](?:0+|9+)(?![0-9])"
)
_LONGEST_LAYOUT = 1_000


class Civil(NamedTuple):
    """A moment on the wall."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int


@dataclass(frozen=True, slots=True)
class GoTime:
    """An instant: seconds since 1970, the nanoseconds of the second, and the zone it is shown in."""

    seconds: int
    nanos: int = 0
    zone: tzinfo = UTC

    type_name = "time.Time"

    @classmethod
    def of_ns(cls, ns: int, zone: tzinfo = UTC) -> "GoTime":
        seconds, nanos = divmod(ns, SECOND)
        return cls(seconds, nanos, zone)

    def in_zone(self, zone: tzinfo) -> "GoTime":
        return GoTime(self.seconds, self.nanos, zone)

    def offset_s(self) -> int:
        """East of Greenwich."""
        return _offset_s(self.zone, self.seconds)

    def zone_name(self) -> str:
        """`UTC`, `CET`; empty for a bare offset."""
        if isinstance(self.zone, timezone):
            name = self.zone.tzname(None)
            return "" if re.match(r"UTC[+-]", name) else name
        moment = datetime.fromtimestamp(min(max(self.seconds, _FIRST_S), _LAST_S), self.zone)
        return moment.tzname() or ""

    def is_summer_time(self) -> bool:
        if self.zone is UTC:
            return False
        moment = datetime.fromtimestamp(min(max(self.seconds, _FIRST_S), _LAST_S), self.zone)
        return bool(moment.dst())

    def civil(self) -> Civil:
        days, rest = divmod(self.seconds + self.offset_s(), _DAY_S)
        return Civil(*_date(days), rest // 3600, rest // 60 % 60, rest % 60)

    def weekday(self) -> int:
        """0 is Sunday."""
        return (self.seconds + self.offset_s() + 4 * _DAY_S) // _DAY_S % 7

    def year_day(self) -> int:
        civil = self.civil()
        return _days(civil.year, civil.month, civil.day) - _days(civil.year, 1, 1) + 1

    def __str__(self) -> str:
        return format_time(self, "2006-01-02 15:04:05.999999999 -0700 MST")


ZERO: Final = GoTime(_YEAR_1_S)
"""Go's zero time: what a text that is no time gives."""


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """A zone by its name, UTC if there is none of that name."""
    if name in ("", "UTC", "Local"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def format_time(time: GoTime, layout: str) -> str:
    """The instant in a layout of Go."""
    civil = time.civil()
    return _CHUNK.sub(lambda match: _said(time, civil, match[0]), layout[:_LONGEST_LAYOUT])


def added_date(time: GoTime, years: int, months: int, days: int) -> GoTime:
    """So many years, months and days later on the wall; the 31st of a short month is in the next one."""
    civil = time.civil()
    month = civil.month - 1 + months
    day = _days(civil.year + years + month // 12, month % 12 + 1, 1) + civil.day - 1 + days
    wall = day * _DAY_S + civil.hour * 3600 + civil.minute * 60 + civil.second
    return GoTime(_instant_s(wall, time.zone), time.nanos, time.zone)


def parse_time(layout: str, text: str, default: tzinfo = UTC) -> GoTime:
    """The instant that a text in a layout names; ZERO if it does not fit. `default` is the zone if it names none."""
    pattern, chunks = layout_reader(layout[:_LONGEST_LAYOUT])
    match = pattern.fullmatch(text)
    if match is None:
        return ZERO
    read = Read()
    for chunk, found in zip(chunks, match.groups(), strict=True):
        read.take(chunk, found or "")
    return read.instant(default) or ZERO


# ---- the calendar -------------------------------------------------------------------------------------------------


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01, by the Gregorian calendar at any time."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _date(days: int) -> tuple[int, int, int]:
    """Year, month and day; the way back from _days."""
    days += 719_468
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return year + era * 400 + (month <= 2), month, day


def _offset_s(zone: tzinfo, seconds: int) -> int:
    if zone is UTC:
        return 0
    moment = datetime.fromtimestamp(min(max(seconds, _FIRST_S), _LAST_S), zone)
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _instant_s(wall: int, zone: tzinfo) -> int:
    """When a clock on the wall shows it."""
    # The offset depends on the instant and the instant on the offset; twice is enough but for the hour of change.
    return wall - _offset_s(zone, wall - _offset_s(zone, wall))


# ---- writing ------------------------------------------------------------------------------------------------------


def _said(time: GoTime, civil: Civil, chunk: str) -> str:
    if chunk[0] in ".,":
        digits = f"{time.nanos:09d}"[: len(chunk) - 1].ljust(len(chunk) - 1, "0")
        if chunk[1] == "0":
            return chunk[0] + digits
        digits = digits.rstrip("0")
        return chunk[0] + digits if digits else ""
    if chunk[0] in "-Z":
        return _offset_text(time.offset_s(), chunk)
    match chunk:
        case "2006":
            return f"{civil.year:04d}"
        case "06":
            return f"{civil.year % 100:02d}"
        case "January":
            return MONTHS[civil.month - 1]
        case "Jan":
            return MONTHS[civil.month - 1][:3]
        case "1" | "01":
            return f"{civil.month:0{len(chunk)}d}"
        case "Monday":
            return WEEKDAYS[time.weekday()]
        case "Mon":
            return WEEKDAYS[time.weekday()][:3]
        case "2" | "02":
            return f"{civil.day:0{len(chunk)}d}"
        case "_2":
            return f"{civil.day:2d}"
        case "__2":
            return f"{time.year_day():3d}"
        case "002":
            return f"{time.year_day():03d}"
        case "15":
            return f"{civil.hour:02d}"
        case "3" | "03":
            return f"{civil.hour % 12 or 12:0{len(chunk)}d}"
        case "4" | "04":
            return f"{civil.minute:0{len(chunk)}d}"
        case "5" | "05":
            return f"{civil.second:0{len(chunk)}d}"
        case "PM":
            return "PM" if civil.hour >= 12 else "AM"
        case "pm":
            return "pm" if civil.hour >= 12 else "am"
        case _:  # MST
            return time.zone_name() or _offset_text(time.offset_s(), "-0700")


def _offset_text(offset_s: int, chunk: str) -> str:
    if chunk[0] == "Z" and offset_s == 0:
        return "Z"
    sign, rest = ("-", -offset_s) if offset_s < 0 else ("+", offset_s)
    parts = [f"{rest // 3600:02d}", f"{rest // 60 % 60:02d}", f"{rest % 60:02d}"]
    shown = parts[: 1 if len(chunk) == 3 else 2 if len(chunk) < 7 else 3]
    return sign + (":" if ":" in chunk else "").join(shown)


# ---- reading ------------------------------------------------------------------------------------------------------

_READERS: Final = {
    "January": rf"({'|'.join(MONTHS)})",
    "Jan": rf"({'|'.join(month[:3] for month in MONTHS)})",
    "Monday": rf"({'|'.join(WEEKDAYS)})",
    "Mon": rf"({'|'.join(day[:3] for day in WEEKDAYS)})",
    "MST": r"(UTC|[A-Z]{3,4}T?|[+-][0-9]{2})",
    "2006": r"([0-9]{4})",
    "002": r"([0-9]{3})",
    "__2": r" *([0-9]{1,3})",
    "_2": r" ?([0-9]{1,2})",
    "15": r"([0-9]{1,2})",
    "PM": r"(AM|PM)",
    "pm": r"(am|pm)",
    **dict.fromkeys("12345", r"([0-9]{1,2})"),
    **{f"0{digit}": r"([0-9]{2})" for digit in range(1, 7)},
}
_OFFSETS: Final = {3: "[0-9]{2}", 5: "[0-9]{4}", 6: "[0-9]{2}:[0-9]{2}", 7: "[0-9]{6}", 9: "[0-9]{2}(?::[0-9]{2}){2}"}


@lru_cache(maxsize=256)
def layout_reader(layout: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A pattern with a group for each chunk of the layout."""
    out: list[str] = []
    chunks: list[str] = []
    at = 0
    for match in _CHUNK.finditer(layout):
        out.append(_literally(layout[at : match.start()]))
        chunk, at = match[0], match.end()
        chunks.append(chunk)
        if chunk[0] in ".,":
            out.append(rf"([.,][0-9]{{{len(chunk) - 1}}})" if chunk[1] == "0" else r"([.,][0-9]+)?")
        elif chunk[0] in "-Z":
            out.append(rf"({'Z|' if chunk[0] == 'Z' else ''}[+-]{_OFFSETS[len(chunk)]})")
        else:
            out.append(_READERS[chunk])
            if chunk in ("5", "05") and not re.match(r"[.,][09]", layout[at:]):
                # Seconds may have a fraction that the layout does not name.
                out.append(r"([.,][0-9]+)?")
                chunks.append(".9")
    out.append(_literally(layout[at:]))
    return re.compile("".join(out), re.IGNORECASE), tuple(chunks)  # made of escaped literals


def _literally(text: str) -> str:
    return re.escape(text)


class Read:
    """What a text has said so far: of each chunk of its layout, what stands there."""

    def __init__(self) -> None:
        self._year, self._month, self._day, self._year_day = 0, 1, 1, 0
        self._hour = self._minute = self._second = self._nanos = 0
        self._afternoon: bool | None = None
        self._zone: tzinfo | None = None
        self._named = ""

    def take(self, chunk: str, found: str) -> None:
        if chunk[0] in ".,":
            self._nanos = int(found[1:10].ljust(9, "0")) if found else self._nanos
        elif chunk[0] in "-Z":
            self._zone = _fixed(found)
        elif chunk in ("January", "Jan"):
            self._month = 1 + next(i for i, name in enumerate(MONTHS) if name.lower().startswith(found.lower()))
        elif chunk in ("PM", "pm"):
            self._afternoon = found.lower() == "pm"
        elif chunk == "MST":
            self._named = "" if self._zone else found
            self._zone = self._zone or _named(found)
        elif chunk not in ("Monday", "Mon"):
            self._number(chunk, int(found))

    def _number(self, chunk: str, number: int) -> None:
        match chunk:
            case "2006":
                self._year = number
            case "06":
                self._year = number + (1900 if number >= 69 else 2000)
            case "1" | "01":
                self._month = number
            case "2" | "02" | "_2":
                self._day = number
            case "002" | "__2":
                self._year_day = number
            case "15" | "3" | "03":
                self._hour = number
            case "4" | "04":
                self._minute = number
            case _:
                self._second = number

    def instant(self, default: tzinfo) -> GoTime | None:
        """The instant, in the zone of the text or else the default one; None for a day or an hour that is none."""
        if self._afternoon is not None:
            self._hour = self._hour % 12 + (12 if self._afternoon else 0)
        if not (1 <= self._month <= 12 and self._hour < 24 and self._minute < 60 and self._second < 60):
            return None
        first = _days(self._year, self._month, 1)
        days = first + self._day - 1
        if not 1 <= self._day <= _days(self._year + self._month // 12, self._month % 12 + 1, 1) - first:
            return None
        if self._year_day:
            days = _days(self._year, 1, 1) + self._year_day - 1
        wall = days * _DAY_S + self._hour * 3600 + self._minute * 60 + self._second
        place = self._zone or default
        if self._named and default is not UTC:
            # The short name of a zone counts where it is one of the default zone's.
            here = GoTime(_instant_s(wall, default), self._nanos, default)
            if here.zone_name() == self._named:
                return here
        return GoTime(_instant_s(wall, place), self._nanos, place)


def _fixed(found: str) -> tzinfo:
    digits = found[1:].replace(":", "").ljust(6, "0")
    if found in ("Z", "z"):
        return UTC
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6])
    if seconds == 0:
        return UTC
    offset = timedelta(seconds=min(seconds, _DAY_S - 1))
    return timezone(-offset if found[0] == "-" else offset)


def _named(found: str) -> tzinfo:
    """A zone of a bare name has no known offset: Go gives it zero."""
    return UTC if found.upper() == "UTC" else timezone(timedelta(0), found)
