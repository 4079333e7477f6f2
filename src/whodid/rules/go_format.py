"""How Go prints: `%v` of numbers, maps and lists, and printf. The templates of rule files lean on both.

Source of the behaviour: the Go packages fmt and strconv. Called by template.py and template_functions.py.
"""

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from whodid.model.labels import quote

_VERB = re.compile(r"%([-+# 0]*)(\d+)?(?:\.(\d*))?(.)", re.DOTALL)


def show(value: Any) -> str:
    """A value as `{{ value }}` and `%v` print it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return show_float(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{show(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(show(item) for item in value) + "]"
    return "<no value>" if value is None else str(value)


def show_float(value: float) -> str:
    """The shortest text that reads back as the same number, with an exponent below 1e-4 and from 1e+06 up (Go's %v)."""
    return _infinite(value) or _shortest(value)


def show_exponent(value: float) -> str:
    """`1.5e+01`: the shortest form with an exponent, as Prometheus' API prints an alert's value."""
    return _infinite(value) or _scientific(*_digits(value))


def printf(text: str, arguments: Sequence[Any]) -> str:
    """Go's Sprintf for the verbs v d s q f F e E g G x X o b c t and %%; a misfit prints as Go prints it."""
    rest = list(arguments)

    def one(match: re.Match[str]) -> str:
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if not rest:
            return f"%!{verb}(MISSING)"
        body = _verb(verb, flags, precision, rest.pop(0))
        pad = int(width or 0)
        if "-" in flags:
            return body.ljust(pad)
        return body.rjust(pad) if "0" not in flags or verb in "vsqtc" else body.zfill(pad)

    out = _VERB.sub(one, text)
    return out + (f"%!(EXTRA {', '.join(f'{_kind(v)}={show(v)}' for v in rest)})" if rest else "")


def _verb(verb: str, flags: str, precision: str | None, value: Any) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    sign = "+" if "+" in flags else " " if " " in flags else ""
    if verb in "eEfFgG" and isinstance(value, float):
        if precision is None and verb in "gG":
            return (sign if value >= 0 else "") + show_float(value)
        places = 6 if precision is None else int(precision or 0)
        return _infinite(value) or f"%{sign}{'#' if '#' in flags else ''}.{places}{verb}" % value
    if verb in "dxXob" and whole:
        return format(value, {"d": f"{sign or '-'}d"}.get(verb, verb))
    if verb in "xX" and isinstance(value, str):
        return value.encode().hex() if verb == "x" else value.encode().hex().upper()
    if verb == "q" and isinstance(value, str):
        return quote(value)
    if verb == "c" and whole:
        return chr(value)
    if (verb == "t" and isinstance(value, bool)) or verb == "v" or (verb == "s" and not isinstance(value, int | float)):
        text = show(value)
        return text[: int(precision)] if precision and verb == "s" else text
    return f"%!{verb}({_kind(value)}={show(value)})"


def _kind(value: Any) -> str:
    return {bool: "bool", int: "int", float: "float64", str: "string"}.get(type(value), type(value).__name__)


def _infinite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return ("+Inf" if value > 0 else "-Inf") if math.isinf(value) else ""


def _digits(value: float) -> tuple[str, str, int]:
    """Sign, shortest significant digits and decimal exponent: 1234.5 is ("", "12345", 3)."""
    parts = Decimal(repr(abs(value))).normalize().as_tuple()
    digits = "".join(map(str, parts.digits))
    exponent = int(parts.exponent) + len(digits) - 1 if value else 0
    return ("-" if math.copysign(1, value) < 0 else ""), digits, exponent


def _scientific(sign: str, digits: str, exponent: int) -> str:
    point = "." if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{point}{digits[1:]}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _shortest(value: float) -> str:
    sign, digits, exponent = _digits(value)
    if exponent < -4 or exponent >= 6:
        return _scientific(sign, digits, exponent)
    if exponent < 0:
        return sign + "0." + "0" * (-exponent - 1) + digits
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return sign + whole + ("." + fraction if fraction else "")
