"""Numbers and durations as Go reads them: label filters, templates and Promtail's stages all go by it.

A text that cannot be read raises ValueError with Go's sentence. Source: Go's strconv.ParseFloat and time.ParseDuration.
"""

import math
import re

from whodid.model.go_text import DURATION_UNIT_NS, duration_part_ns, duration_seconds

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEX = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+", re.ASCII)
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)
_DURATION_PART = re.compile(r"(\d*\.?\d*)([^\d.]*)", re.ASCII)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted_bytes(text: str) -> str:
    """As Go's time package quotes: all but plain ASCII by its bytes."""
    raw = _quoted(text).encode(errors="replace")
    return "".join(chr(byte) if 0x20 <= byte < 0x80 else f"\\x{byte:02x}" for byte in raw)


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
