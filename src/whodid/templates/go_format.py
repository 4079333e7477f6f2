"""How Go prints a template's values: `%v` of maps and lists. Sprintf is go_printf.py's, floats are model/go_text.py's.

Source of the behaviour: the Go package fmt.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from whodid.model.go_text import show_float
from whodid.templates.values import joined


def show(value: Any) -> str:
    """A value as `%v` prints it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return show_float(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{show(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(show(item) for item in value) + "]"
    return "<nil>" if value is None else str(value)


def show_all(values: Sequence[Any]) -> str:
    """Go's Sprint: a space between two operands when neither is a text."""

    def parts() -> Iterator[str]:
        for n, value in enumerate(values):
            if n and not isinstance(value, str) and not isinstance(values[n - 1], str):
                yield " "
            yield show(value)

    return joined(parts())
