"""One run of a compiled template: its state, its bounds, and the faults that name the node at which they happened.

program.py compiles nodes to closures over a `State`. Faults carry the place and quote the node, as Go's text/template
does, since Loki shows them in `__error_details__`. Source: Go's text/template/exec.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from whodid.model.labels import quote
from whodid.templates.errors import TemplateError
from whodid.templates.function import accepts
from whodid.templates.tree import Command, Insert, Operand, written
from whodid.templates.values import MAX_CHARS, type_name

MAX_DEPTH: Final = 40
"""Of templates that insert each other."""
MAX_ROUNDS: Final = 10_000
"""Of all loops of one run."""
MAX_WORK: Final = 32 * MAX_CHARS
"""Characters that the functions of one run may make together."""

Value = Callable[["State"], Any]
Piped = Callable[["State", Any], Any]
Write = Callable[["State"], None]
MISSING: Final = object()
"""Nothing came through the pipe."""


class State:
    """One run."""

    __slots__ = ("context", "depth", "dot", "out", "rounds", "size", "slots", "work")

    def __init__(self, data: Any, context: Any, slots: list[Any]) -> None:
        self.dot, self.context, self.slots = data, context, slots
        self.out: list[str] = []
        self.size = self.rounds = self.work = self.depth = 0


class Break(Exception):
    """Leaves a loop."""


class Continue(Exception):
    """Leaves a round of a loop."""


JUMPS: Final = {"break": Break, "continue": Continue}


class Faults:
    """Errors of one template, `name` in their words; `part` is the defined one of its parts that runs."""

    def __init__(self, text: str, name: str, part: str | None = None) -> None:
        self._text, self._name, self._part = text, name, name if part is None else part

    def at(self, node: Operand | Command | Insert, message: str) -> TemplateError:
        """An error at a node."""
        before = self._text[: node.at]
        line, column = before.count("\n") + 1, len(before[before.rfind("\n") + 1 :].encode())
        place = f"template: {self._name}:{line}:{column}: executing {quote(self._part)}"
        return TemplateError(f"{place} at <{written(node)}>: {message}")

    def raises(self, node: Operand | Command, message: str) -> Callable[..., NoReturn]:
        """A closure that fails when it is run."""

        def fail(*_: Any) -> NoReturn:
            raise self.at(node, message)

        return fail

    def fitting(self, node: Operand | Command, value: Any, wanted: str) -> Any:
        """The value, if it may be given for a parameter of the type."""
        if accepts(wanted, value):
            return value
        if value is None:
            raise self.at(node, f"invalid value; expected {wanted}")
        raise self.at(node, f"wrong type for value; expected {wanted}; got {type_name(value)}")


def put(state: State, text: str) -> None:
    """Adds to the text made."""
    state.size += len(text)
    if state.size > MAX_CHARS:
        raise TemplateError(f"the text would be longer than {MAX_CHARS} characters")
    state.out.append(text)


def write(state: State, steps: Sequence[Write]) -> None:
    """Runs the steps of a body."""
    for step in steps:
        step(state)
