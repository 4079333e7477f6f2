"""Numbers, durations and sizes read as Go reads them, since label filters and their `__error_details__` show it.

Sources: Go's strconv.ParseFloat and time.ParseDuration, dustin/go-humanize's ParseBytes. A text that cannot be read
raises ValueError with Go's sentence.
"""

import math
import re
from collections.abc import Callable

from whodid.logql.loki_spelling import humanized
from whodid.model.go_text import DURATION_UNIT_NS, duration_part_ns, duration_seconds

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEX = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+", re.ASCII)
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)
_DURATION_PART = re.compile(r"(\d*\.?\d*)([^\d.]*)", re.ASCII)
_SIZE = re.compile(r"([\d.,]*)(.*)", re.ASCII | re.DOTALL)
_SIZE_UNIT: dict[str, int] = {"": 1, "b": 1} | {
    f"{letter}{suffix}": factor**power
    for power, letter in enumerate("kmgtpe", 1)
    for suffix, factor in (("b", 1000), ("", 1000), ("ib", 1024), ("i", 1024))
}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted_bytes(text: str) -> str:
    """As Go's time package quotes: all but plain ASCII by its bytes."""
    raw = _quoted(text).encode(errors="replace")
    return "".join(chr(byte) if 0x20 <= byte < 0x80 else f"\\x{byte:02x}" for byte in raw)


def reads(parse: Callable[[str], float]) -> Callable[[str], bool]:
    """Whether a text can be read so."""

    def is_readable(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return is_readable


def parse_float(text: str) -> float:
    """strconv.ParseFloat(text, 64)."""
    if _DECIMAL.fullmatch(text) or _SPECIAL.fullmatch(text):
        value = float(text)
        if math.isinf(value) and "n" not in text.lower():
            raise ValueError(f"strconv.ParseFloat: parsing {_quoted(text)}: value out of range")
        return value
    if _HEX.fullmatch(text):
        return float.fromhex(text)
    raise ValueError(f"strconv.ParseFloat: parsing {_quoted(text)}: invalid syntax")


def parse_duration_ns(text: str) -> int:
    """time.ParseDuration(text), in nanoseconds."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    total, bad = 0, f"time: invalid duration {_quoted_bytes(text)}"
    if not rest:
        raise ValueError(bad)
    while rest:
        part = _DURATION_PART.match(rest)
        number, unit = part.groups() if part else ("", "")
        if number in ("", "."):
            raise ValueError(bad)
        if not unit:
            raise ValueError(f"time: missing unit in duration {_quoted_bytes(text)}")
        if unit not in DURATION_UNIT_NS:
            raise ValueError(f"time: unknown unit {_quoted_bytes(unit)} in duration {_quoted_bytes(text)}")
        total += duration_part_ns(number, unit)
        rest = rest[len(number) + len(unit) :]
    if total >= 1 << 63:
        raise ValueError(bad)
    return -total if text[0] == "-" else total


def parse_duration_s(text: str) -> float:
    """Seconds of a duration, rounded as Go's Duration.Seconds does."""
    return duration_seconds(parse_duration_ns(text))


def parse_size_bytes(text: str) -> int:
    """humanize.ParseBytes(text): `10MB`, `1.5 KiB`, `12,000`."""
    match = _SIZE.fullmatch(text)
    number, unit = match.groups() if match else ("", text)
    value = parse_float(number.replace(",", ""))
    unit = unit.strip().lower()
    if unit not in _SIZE_UNIT:
        raise ValueError(f"unhandled size name: {unit}")
    size = value * _SIZE_UNIT[unit]
    if size >= 2**64:
        raise ValueError(f"too large: {text}")
    return int(size)


def as_compared(size_bytes: int) -> int:
    """What `| size > 1KiB` compares with. Loki's frontend prints a query and its querier reads the print, where a size
    has few digits and a decimal unit: 1.0kB, 12MB.
    """
    return parse_size_bytes(humanized(size_bytes))
