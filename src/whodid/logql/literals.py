"""Literals, text <-> value: strings, numbers, durations, byte sizes. Used by lexer.py and printer.py.

Strings follow Go, durations Prometheus first and then Go's time package, byte sizes Go's humanize package, as in Loki.
Unreadable text raises ValueError whose message is fit for the user.
"""

import re

from whodid.model.clock import parse_duration as parse_prometheus_duration
from whodid.model.go_text import DURATION_UNIT_NS, duration_part_ns, unescaped
from whodid.model.labels import quote

_MAX_NS = (1 << 63) - 1
_MAX_BYTES = 1 << 64
_GO_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|[smh])")
_GO_DURATION = re.compile(rf"(?:{_GO_PART.pattern})+")
_SIZE = re.compile(r"(\d+\.?\d*|\.\d+)([kKMGTP]?)(i?)(B?)")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_SIZE_UNITS = tuple(
    (prefix + suffix, base**power)
    for power in (5, 4, 3, 2, 1)
    for prefix, suffix, base in (("kMGTP"[power - 1], "B", 1000), ("KMGTP"[power - 1], "iB", 1024))
)


def unquote(body: str) -> str:
    """The text of a double-quoted literal's inside, its Go escapes resolved."""
    if "\\" not in body:
        return body
    try:
        out = unescaped(body, '"')
    except ValueError as escape:
        raise ValueError(f"invalid char escape {escape}; double the backslash, or quote with backticks") from None
    try:
        return out.decode()
    except UnicodeDecodeError:
        raise ValueError("the string's escapes do not form valid UTF-8") from None


def parse_number(text: str) -> float:
    """A float in Go's syntax: decimal, scientific, or hexadecimal with a `p` exponent."""
    try:
        value = float.fromhex(text) if text[:2] in ("0x", "0X") and "p" in text.lower() else float(text)
    except (ValueError, OverflowError):
        raise ValueError(f"unable to parse literal as a float: {text[:40]}") from None
    if value == float("inf"):
        raise ValueError(f"unable to parse literal as a float: {text[:40]}: value out of range")
    return value


def format_number(value: float) -> str:
    """The shortest decimal that reads back as the same float."""
    text = repr(float(value))
    return text.removesuffix(".0")


def parse_range(text: str) -> int:
    """Nanoseconds of what stands between `[` and `]`: a Prometheus duration, greater than zero."""
    try:
        range_ns = parse_prometheus_duration(text)
    except ValueError as error:
        reason = str(error).partition(":")[0]
        raise ValueError(f"{reason}: {quote(text[:40])}") from None
    if range_ns <= 0:
        raise ValueError("duration must be greater than 0")
    return range_ns


def parse_duration(text: str) -> int:
    """Nanoseconds of a signed duration: `1d`, `90m`, `1.5s`, `100us`, `-5m`.

    Prometheus knows no negative ones, so that `-1d` is none: Go's durations have no days.
    """
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text)
    try:
        if sign < 0:
            raise ValueError
        duration_ns = parse_prometheus_duration(body)
    except ValueError:
        if not _GO_DURATION.fullmatch(body):
            raise ValueError(f'not a valid duration string: "{text}"') from None
        duration_ns = sum(duration_part_ns(number, unit) for number, unit in _GO_PART.findall(body))
    if duration_ns > _MAX_NS:
        raise ValueError("duration out of range")
    return sign * duration_ns


def format_duration(duration_ns: int) -> str:
    """A duration that `parse_duration` reads back exactly: `1h30m`, `1s500ms`, `100us`, `0s`."""
    rest, out = abs(duration_ns), ""
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        count, rest = divmod(rest, DURATION_UNIT_NS[unit])
        out += f"{count}{unit}" if count else ""
    return ("-" if duration_ns < 0 else "") + (out or "0s")


def parse_size(text: str) -> int:
    """Bytes of a size: `20MB` (decimal), `1.5KiB` (binary), `512B`. A unit is needed; its letter case counts."""
    match = _SIZE.fullmatch(text)
    if match is None or not any(match.groups()[1:]) or (match[3] and not match[2]):
        raise ValueError(f"not a size: {text}")
    size: float = float(match[1]) * (1024 if match[3] else 1000) ** _POWERS[match[2]]
    if size >= _MAX_BYTES:
        raise ValueError(f"size out of range: {text}")
    return int(size)


def format_size(size_bytes: int) -> str:
    """A size in the largest unit that says it in whole numbers: `20MB`, `1KiB`, `1234B`."""
    if size_bytes:
        for unit, scale in _SIZE_UNITS:
            if size_bytes % scale == 0:
                return f"{size_bytes // scale}{unit}"
    return f"{size_bytes}B"
