"""Sizes read as Loki reads them, since label filters and their `__error_details__` show it; numbers are the model's.

Source: dustin/go-humanize's ParseBytes. A text that cannot be read raises ValueError with Go's sentence.
"""

import re
from collections.abc import Callable

from whodid.logql.loki_spelling import humanized
from whodid.model.go_numbers import parse_float

_SIZE = re.compile(r"([\d.,]*)(.*)", re.ASCII | re.DOTALL)
_SIZE_UNIT: dict[str, int] = {"": 1, "b": 1} | {
    f"{letter}{suffix}": factor**power
    for power, letter in enumerate("kmgtpe", 1)
    for suffix, factor in (("b", 1000), ("", 1000), ("ib", 1024), ("i", 1024))
}


def reads(parse: Callable[[str], float]) -> Callable[[str], bool]:
    """Whether a text can be read so."""

    def is_readable(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return is_readable


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
