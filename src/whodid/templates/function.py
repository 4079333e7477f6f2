"""A function of templates: what it takes, in Go's types, and the Python that does it.

Tables are written as `"trunc": function(trunc, "int string")`, the last type may be `...any`. `checked` holds a value
against a type as Go's text/template does; program.py calls it for every argument.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from whodid.templates.go_time import GoTime
from whodid.templates.time_values import Duration, Location
from whodid.templates.values import Int64, Named

ANY: Final = "interface {}"
DURATION: Final = "time.Duration"
LOCATION: Final = "*time.Location"
_TYPES: Final = {
    "any": ANY,
    "string": "string",
    "int": "int",
    "float": "float64",
    "bool": "bool",
    "time": "time.Time",
    "duration": DURATION,
    "location": LOCATION,
}
_ACCEPTS: Final[dict[str, Callable[[Any], bool]]] = {
    ANY: lambda value: True,
    "string": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool | Int64 | Named),
    "float64": lambda value: isinstance(value, float),
    "bool": lambda value: isinstance(value, bool),
    "time.Time": lambda value: isinstance(value, GoTime),
    DURATION: lambda value: isinstance(value, Duration),
    LOCATION: lambda value: isinstance(value, Location),
}


@dataclass(frozen=True, slots=True)
class Function:
    """`takes` are the types of the fixed parameters, `rest` the type of those after them, if it takes any number."""

    call: Callable[..., Any]
    takes: tuple[str, ...] = ()
    rest: str | None = None
    of_context: bool = False
    """It gets the context of the run before its arguments."""
    unfit: str | None = None
    """What Go says of it for what it returns, which no template can use."""

    def type_at(self, place: int) -> str:
        """The type of the argument at a place."""
        return self.takes[place] if place < len(self.takes) else self.rest or ANY

    def misfit(self, name: str, written: int, *, piped: bool) -> str | None:
        """What Go says of a wrong number of arguments: those written, and the one that came through the pipe."""
        wanted, given = len(self.takes), written + piped
        if self.rest is not None:
            return f"wrong number of args for {name}: want at least {wanted} got {written}" if given < wanted else None
        return f"wrong number of args for {name}: want {wanted} got {given}" if given != wanted else self.unfit


def function(call: Callable[..., Any], takes: str = "", *, of_context: bool = False) -> Function:
    """A function with the types of its parameters: `"int string ...any"`."""
    words = takes.split()
    rest = None
    if words and words[-1].startswith("..."):
        rest = _TYPES[words.pop()[3:]]
    return Function(call, tuple(_TYPES[word] for word in words), rest, of_context)


def accepts(type_name: str, value: Any) -> bool:
    """Whether a value may be given for a parameter of the type."""
    return _ACCEPTS[type_name](value)
