"""How Go writes and reads what queries, templates and answers show: floats, durations, the escapes of a string.

Loki and Prometheus are written in Go, so its spelling is the one their users know. Durations of Prometheus are
clock.py's, `quote` is labels.py's. Source of the behaviour: Go's packages strconv, fmt, time and unicode/utf8.
"""

import math
import re
from decimal import Decimal

DURATION_UNIT_NS = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ns": 1,
}
"""Go takes both letters that look like a mu."""
_ESCAPE = re.compile(r"\\(?:([abfnrtv\\\"'])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LETTERS = {character: letter for letter, character in _SIMPLE.items()}


def unescaped(body: str, delimiter: str) -> bytes:
    """The inside of a quoted literal without its escapes; bytes, since `\\xff` alone is no text.

    Raises ValueError for an escape that Go does not know; its message is that escape. The other kind of quote may not
    be escaped.
    """
    out = bytearray()
    at = 0
    for match in _ESCAPE.finditer(body):
        out += body[at : match.start()].encode()
        simple, octal, byte, short, long = match.groups()
        code = int(short or long or "110000", 16)
        if simple is not None and simple in f"abfnrtv\\{delimiter}":
            out += _SIMPLE.get(simple, simple).encode()
        elif octal is not None and int(octal, 8) < 256:
            out.append(int(octal, 8))
        elif byte is not None:
            out.append(int(byte, 16))
        elif code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            out += chr(code).encode()
        else:
            raise ValueError(body[match.start() : max(match.end(), match.start() + 2)])
        at = match.end()
    return bytes(out + body[at:].encode())


def quoted(text: str, delimiter: str, ascii_only: bool = False) -> str:
    """A literal as strconv.Quote writes it: what cannot be seen has an escape, on wish all that is not ASCII."""

    def one(c: str) -> str:
        if c in (delimiter, "\\"):
            return "\\" + c
        if c.isprintable() and not (ascii_only and c > "~"):
            return c
        code = ord(c)
        short = f"x{code:02x}" if code < 0x80 else f"u{code:04x}" if code < 0x10000 else f"U{code:08x}"
        return "\\" + _LETTERS.get(c, short)

    return delimiter + "".join(map(one, text)) + delimiter


def text_of(raw: bytes) -> str:
    """As Go writes what is not UTF-8: a replacement character for every byte that fits nowhere."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return re.sub("[\udc80-\udcff]", "\N{REPLACEMENT CHARACTER}", raw.decode(errors="surrogateescape"))


def show_float(value: float) -> str:
    """The shortest text that reads back as the same number, with an exponent below 1e-4 and from 1e+06 up (`%v`)."""
    if not math.isfinite(value) or value == 0 or 1e-4 <= abs(value) < 1e6:
        return plain_float(value)
    return show_exponent(value)


def show_exponent(value: float) -> str:
    """`1.5e+01`: the shortest form with an exponent, as Prometheus' API prints an alert's value."""
    if not math.isfinite(value):
        return _not_finite(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, rest = digits[0], "".join(map(str, digits[1:]))
    power = int(exponent) + len(rest)
    return f"{'-' if sign else ''}{first}{'.' if rest else ''}{rest}e{power:+03d}"


def plain_float(value: float) -> str:
    """The shortest text that reads back as the same number, never with an exponent (FormatFloat with 'f' and -1)."""
    if not math.isfinite(value):
        return _not_finite(value)
    # repr() finds the same shortest digits as Go; what is left is to write out the exponent.
    text = repr(float(value))
    return text.removesuffix(".0") if "e" not in text else f"{Decimal(text):f}"


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def duration_part_ns(number: str, unit: str) -> int:
    """One part of a duration, `1.5` and `h`. No float between: fractions below one nanosecond are cut off."""
    whole, _, fraction = number.partition(".")
    scale = DURATION_UNIT_NS[unit]
    return int(whole or "0") * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)


def duration_seconds(duration_ns: int) -> float:
    """Seconds as time.Duration.Seconds gives them: whole seconds and the rest apart, each rounded."""
    whole, rest = divmod(abs(duration_ns), 1_000_000_000)
    seconds = whole + rest / 1e9
    return -seconds if duration_ns < 0 else seconds


def format_go_duration(duration_ns: int) -> str:
    """A duration as time.Duration prints it, and so Loki: `1h30m0s`, `1.5s`, `250ms`, `100µs`, `0s`."""
    rest, sign = abs(duration_ns), "-" if duration_ns < 0 else ""
    if rest < DURATION_UNIT_NS["s"]:
        unit = next((unit for unit in ("ms", "µs") if rest >= DURATION_UNIT_NS[unit]), "ns")
        return f"{sign}{_fraction(rest, DURATION_UNIT_NS[unit])}{unit}" if rest else "0s"
    hours, rest = divmod(rest, DURATION_UNIT_NS["h"])
    minutes, rest = divmod(rest, DURATION_UNIT_NS["m"])
    out = f"{hours}h" if hours else ""
    out += f"{minutes}m" if hours or minutes else ""
    return f"{sign}{out}{_fraction(rest, DURATION_UNIT_NS['s'])}s"


def _fraction(amount: int, scale: int) -> str:
    whole, rest = divmod(amount, scale)
    return f"{whole}.{rest:0{len(str(scale)) - 1}d}".rstrip("0") if rest else str(whole)
