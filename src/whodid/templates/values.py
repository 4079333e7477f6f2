"""The values of a template and what Go says of them: their types' names, what is true, how large they may grow.

Text is str, bool is bool, an `int` of Go is int and an `int64` is Int64, float64 is float, `[]interface {}` is list,
`map[string]interface {}` is dict, `map[string]string` is StringMap, a struct is Struct, time.Time is GoTime
(go_time.py), nil is None.
"""

from collections.abc import Iterable
from typing import Any, Final

from whodid.templates.errors import TemplateError

MAX_CHARS: Final = 1 << 20
"""Of a text that a template makes, in whole or in between."""


class Int64(int):
    """What Go's functions of int64 give. It may not stand where an `int` is asked for, as Go has it."""


class Named(int):
    """A whole number of a type of its own, which prints as a text. `type_name` is Go's."""

    type_name: str


class StringMap(dict[str, str]):
    """Labels: a name that is absent is the empty text."""

    def __missing__(self, name: str) -> str:
        return ""


class Struct(dict[str, Any]):
    """Fields that are fixed: another name is an error. `type_name` is Go's."""

    type_name: str = "struct"


class Failure(TemplateError):
    """A function's own error; program.py adds where it was called."""


def type_name(value: Any) -> str:
    """Go's name of the value's type."""
    if isinstance(value, Struct | Named):
        return value.type_name
    for kind, name in _NAMES:
        if isinstance(value, kind):
            return name
    return str(getattr(value, "type_name", "<nil>"))


_NAMES: Final[tuple[tuple[type, str], ...]] = (
    (str, "string"),
    (bool, "bool"),
    (Int64, "int64"),
    (int, "int"),
    (float, "float64"),
    (list, "[]interface {}"),
    (StringMap, "map[string]string"),
    (dict, "map[string]interface {}"),
)


def truth(value: Any) -> bool:
    """Empty and zero are false; NaN, instants and structs are true."""
    return True if isinstance(value, Struct) else bool(value)


def joined(parts: Iterable[str]) -> str:
    """The texts as one. Raises Failure where it would grow beyond MAX_CHARS."""
    out: list[str] = []
    size = 0
    for part in parts:
        size += len(part)
        out.append(part)
        check_size(size)
    return "".join(out)


def check_size(chars: int) -> None:
    """Raises Failure for a text that nobody should make."""
    if chars > MAX_CHARS:
        raise Failure(f"the text would be longer than {MAX_CHARS} characters")
