"""Templates of line_format and label_format: Go's text/template over a line's labels, with Loki's functions.

A label that is absent is empty. `{{.timestamp}}` is the entry's instant (RFC 3339) when no label has that name. What
cannot be read refuses the query; what fails on a line is a TemplateError, which the stages turn into `__error__`. The
language is templates/, the functions are template_functions.py.
"""

from collections.abc import Callable
from functools import lru_cache

from whodid.model.clock import format_rfc3339
from whodid.query.errors import QueryError
from whodid.query.line import ERROR, ERROR_DETAILS, Line
from whodid.query.template_functions import FUNCTIONS
from whodid.templates import asked, program
from whodid.templates.errors import TemplateError
from whodid.templates.program import Program
from whodid.templates.tree import Action, Command, Field, Node, Pipe, Text
from whodid.templates.values import StringMap

FAILED = "TemplateFormatErr"
"""The `__error__` of a line whose template fails."""

Render = Callable[[Line, "Data | None"], str]
"""The text for a line; raises TemplateError. Of several templates over the same labels the first makes the data."""


class Data(StringMap):
    """The labels of a line as they stand; an absent `timestamp` is the entry's own."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.labels())
        self._ns = line.ns

    def __missing__(self, name: str) -> str:
        return format_rfc3339(self._ns) if name == "timestamp" else ""


def rendered(text: str, name: str = "line") -> Callable[[Line], str]:
    """The template as a function of a line. Raises QueryError if it cannot be read; `name` is its name in errors.

    One that is a single field and nothing else does not see `__error__`: Loki reads the label past its templates then.
    """
    made = over_data(text, name)
    only = _plain(_program(text, name).nodes)
    if only in ([(ERROR,)], [(ERROR_DETAILS,)]):
        field = only[0][0]
        return lambda line: line.get(field) or ""
    return lambda line: made(line, None)


def over_data(text: str, name: str) -> Render:
    """The template as a function of a line and of data made before."""
    made = _program(text, name)
    parts = _plain(made.nodes)
    if parts is None:
        return lambda line, data: made.run(Data(line) if data is None else data, line)

    def join(line: Line, data: Data | None) -> str:
        read = line.shown if data is None else data.__getitem__
        return "".join(part if isinstance(part, str) else _read(read, part[0], line) for part in parts)

    return join


def fields(text: str) -> list[str]:
    """The labels that a template speaks of. Raises QueryError if it cannot be read."""
    return list(asked.fields(_program(text, "line").nodes))


@lru_cache(maxsize=256)
def _program(text: str, name: str) -> Program:
    try:
        return program.compiled(text, name, FUNCTIONS)
    except TemplateError as error:
        kind = "line template" if name == "line" else "template"
        raise QueryError(f"invalid {kind}: {error}") from None


def _plain(nodes: tuple[Node, ...]) -> list[str | tuple[str]] | None:
    """Texts and single fields, if the template is nothing else. Most are, and they run several times as fast so."""
    parts: list[str | tuple[str]] = []
    for node in nodes:
        match node:
            case Text(text):
                parts.append(text)
            case Action(Pipe(_, (Command(_, (Field(_, (name,)),)),), ())):
                parts.append((name,))
            case _:
                return None
    return parts


def _read(read: Callable[[str], str | None], name: str, line: Line) -> str:
    value = read(name)
    if value is None:
        return format_rfc3339(line.ns) if name == "timestamp" else ""
    return value
