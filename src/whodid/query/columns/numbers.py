"""Numbers, durations and sizes out of a label's text as SQL, where SQL reads the very same double as Go does.

Only the usual spellings: an integer, a decimal; with a unit one number and one unit. All others are doubts, also
those that are no number at all. The store reads floats exactly (`precise_float_parsing`).
The meaning: query/go_values.py.
"""

from dataclasses import dataclass
from typing import Literal

from whodid.query.columns.column import Aliases
from whodid.store.sql import quote

Kind = Literal["number", "duration", "bytes"]
_NUMBER = r"^-?[0-9]{1,40}(?:\.[0-9]{1,40})?$"
_DURATION = r"^[0-9]{1,6}(?:\.[0-9]{1,6})?(?:ns|us|µs|ms|s|m|h)$"
_UNITS_NS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_SIZE = r"^[0-9]{1,6} ?(?:[kmgKMG]i?)?[bB]?$"
_SIZES = {"": 1, "b": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("kmg", 1)
    for suffix, base in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
}


@dataclass(frozen=True, slots=True)
class Number:
    """A label's number; `value` is to be believed where `read` is true. Durations (ns) and sizes are Int64."""

    value: str
    read: str


def number_of(text: str, kind: Kind, aliases: Aliases) -> Number:
    """The number that a text of this kind is: durations in ns."""
    if kind == "duration":
        return _duration_ns(text, aliases)
    if kind == "bytes":
        return _bytes(text, aliases)
    return Number(aliases.named(f"toFloat64OrZero({text})"), f"match({text}, {quote(_NUMBER)})")


def unwrapped_number(text: str, conversion: str | None, aliases: Aliases) -> Number:
    """The number that `| unwrap` makes of a text: durations in seconds."""
    if conversion is None:
        return number_of(text, "number", aliases)
    if conversion == "bytes":
        size = number_of(text, "bytes", aliases)
        return Number(f"toFloat64({size.value})", size.read)
    ns = number_of(text, "duration", aliases)
    whole = aliases.named(ns.value)
    return Number(f"(intDiv({whole}, 1000000000) + toFloat64({whole} % 1000000000) / 1e9)", ns.read)


def _duration_ns(text: str, aliases: Aliases) -> Number:
    unit = aliases.named(f"trimLeft({text}, '0123456789.')")
    digits = aliases.named(f"substring({text}, 1, length({text}) - length({unit}))")
    fraction = aliases.named(f"if(position({digits}, '.') = 0, '', substring({digits}, position({digits}, '.') + 1))")
    scale = aliases.named(
        f"transform({unit}, [{', '.join(map(quote, _UNITS_NS))}], [{', '.join(map(str, _UNITS_NS.values()))}], 0)"
    )
    whole = f"toInt64OrZero(splitByChar('.', {digits})[1]) * toInt64({scale})"
    # Go cuts off what is below a nanosecond.
    part = f"intDiv(toInt64OrZero({fraction}) * toInt64({scale}), toInt64(exp10(least(length({fraction}), 6))))"
    return Number(f"({whole} + {part})", f"match({text}, {quote(_DURATION)})")


def _bytes(text: str, aliases: Aliases) -> Number:
    unit = aliases.named(f"lower(trimLeft({text}, '0123456789 '))")
    digits = f"substring({text}, 1, length({text}) - length(trimLeft({text}, '0123456789')))"
    scale = f"transform({unit}, [{', '.join(map(quote, _SIZES))}], [{', '.join(map(str, _SIZES.values()))}], 0)"
    return Number(
        f"toInt64OrZero({digits}) * toInt64({scale})",
        f"match({text}, {quote(_SIZE)})",
    )
