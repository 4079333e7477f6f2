"""The numbers of template functions, sprig's: int, add, divf, round and the like.

What is no number counts as 0. Whole numbers are int64 and wrap, divisions cut towards zero; the functions ending in f
count in decimals, to sixteen places where they divide. Source: sprig, spf13/cast,
shopspring/decimal.
"""

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

from whodid.model.go_numbers import parse_float
from whodid.templates.function import Function, function
from whodid.templates.literals import number
from whodid.templates.values import Failure, Int64

_DECIMALS_CUT = re.compile(r"([-+]?)([0-9]*)(?:\.[0-9]*)?")
_DECIMALS = Context(prec=2_000, rounding=ROUND_HALF_UP, Emax=999_999, Emin=-999_999)
_PLACES = Decimal("1e-16")


def whole(value: Any) -> int:
    """A number cut to whole, or a text that is one; 0 for all else."""
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float):
        return _wrapped(int(value)) if math.isfinite(value) else -(1 << 63)
    if not isinstance(value, str) or len(value) > 100:
        return 0
    cut = _DECIMALS_CUT.fullmatch(value)
    plain = cut[1] + (cut[2] or "0") if cut else value
    try:
        found = number(plain)
    except ValueError:
        return 0
    return found if isinstance(found, int) and re.match(r"[-+]?[0-9]", plain) else 0


def real(value: Any) -> float:
    """A number, or a text that is one; 0 for all else."""
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        return parse_float(value) if isinstance(value, str) else 0.0
    except ValueError:
        return 0.0


def _wrapped(value: int) -> int:
    """As int64 overflows."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _int64(value: int) -> Int64:
    return Int64(_wrapped(value))


def add(*values: Any) -> Int64:
    return _int64(sum(map(whole, values)))


def multiply(first: Any, *others: Any) -> Int64:
    out = whole(first)
    for other in others:
        out = _wrapped(out * whole(other))
    return Int64(out)


def divide(a: Any, b: Any) -> Int64:
    dividend, divisor = whole(a), _divisor(b)
    quotient = abs(dividend) // abs(divisor)
    return _int64(quotient if (dividend < 0) == (divisor < 0) else -quotient)


def modulo(a: Any, b: Any) -> Int64:
    dividend, divisor = whole(a), _divisor(b)
    rest = abs(dividend) % abs(divisor)
    return _int64(-rest if dividend < 0 else rest)


def _divisor(value: Any) -> int:
    divisor = whole(value)
    if divisor == 0:
        raise Failure("runtime error: integer divide by zero")
    return divisor


def _decimal(value: Any) -> Decimal:
    found = real(value)
    if not math.isfinite(found):
        name = "NaN" if math.isnan(found) else "+Inf" if found > 0 else "-Inf"
        raise Failure(f"Cannot create a Decimal from {name}")
    return Decimal(repr(found))


def _in_decimals(step: Callable[[Decimal, Decimal], Decimal]) -> Callable[..., float]:
    def run(first: Any, *others: Any) -> float:
        with localcontext(_DECIMALS):
            out = _decimal(first)
            for other in others:
                out = step(out, _decimal(other))
            return float(out)

    return run


def _quotient(a: Decimal, b: Decimal) -> Decimal:
    if b == 0:
        raise Failure("decimal division by 0")
    return (a / b).quantize(_PLACES)


def _extreme(choose: Callable[[Any, Any], Any], read: Callable[[Any], Any]) -> Callable[..., Any]:
    def run(first: Any, *others: Any) -> Any:
        out = read(first)
        for other in others:
            out = choose(out, read(other))
        return out

    return run


def rounded(value: Any, places: int, *half: float) -> float:
    """To some places; up from a half, or from what `half` says. Below zero it goes down, as in sprig."""
    scale = 10.0**places if abs(places) < 300 else math.inf if places > 0 else 0.0
    scaled = real(value) * scale
    if not math.isfinite(scaled) or scale == 0:
        return math.nan
    fraction = math.modf(scaled)[0]
    return (math.ceil(scaled) if fraction >= (half[0] if half else 0.5) else math.floor(scaled)) / scale


def _whole_float(rule: Callable[[float], int]) -> Callable[[Any], float]:
    def run(value: Any) -> float:
        found = real(value)
        return float(rule(found)) if math.isfinite(found) else found

    return run


NUMBERS: dict[str, Function] = {
    "int": function(whole, "any"),
    "float64": function(real, "any"),
    "add": function(add, "...any"),
    "sub": function(lambda a, b: _int64(whole(a) - whole(b)), "any any"),
    "mul": function(multiply, "any ...any"),
    "div": function(divide, "any any"),
    "mod": function(modulo, "any any"),
    "addf": function(lambda *values: _in_decimals(lambda a, b: a + b)(0.0, *values), "...any"),
    "subf": function(_in_decimals(lambda a, b: a - b), "any ...any"),
    "mulf": function(_in_decimals(lambda a, b: a * b), "any ...any"),
    "divf": function(_in_decimals(_quotient), "any ...any"),
    "max": function(_extreme(max, lambda value: Int64(whole(value))), "any ...any"),
    "min": function(_extreme(min, lambda value: Int64(whole(value))), "any ...any"),
    "maxf": function(_extreme(max, real), "any ...any"),
    "minf": function(_extreme(min, real), "any ...any"),
    "ceil": function(_whole_float(math.ceil), "any"),
    "floor": function(_whole_float(math.floor), "any"),
    "round": function(rounded, "any int ...float"),
}
