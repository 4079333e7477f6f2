"""Calls in a template, its arguments compiled already: a function with what it is given, `and` and `or`, constants.

Called by program.py. Source: Go's text/template/exec.
"""

from collections.abc import Sequence
from typing import Any

from whodid.templates.function import DURATION, Function, accepts
from whodid.templates.run import MAX_WORK, Faults, Piped, State, Value
from whodid.templates.time_values import Duration
from whodid.templates.tree import Command, Constant, Operand
from whodid.templates.values import MAX_CHARS, Failure, truth


def call_of(
    faults: Faults,
    called: Function,
    name: str,
    command: Operand | Command,
    values: Sequence[Value],
    last: Operand | Command | None,
) -> Piped:
    """The call of a function. `last` is the operand to blame for what the pipe gives; None where there is no pipe."""
    last_type = called.type_at(len(values))
    function, of_context = called.call, called.of_context

    def call(state: State, final: Any) -> Any:
        given = [value(state) for value in values]
        if last is not None:
            given.append(faults.fitting(last, final, last_type))
        try:
            made = function(state.context, *given) if of_context else function(*given)
        except Failure as error:
            raise faults.at(command, f"error calling {name}: {error}") from None
        if isinstance(made, str):
            state.work += len(made)
            if len(made) > MAX_CHARS or state.work > MAX_WORK:
                raise faults.at(command, f"error calling {name}: the text grows too large")
        return made

    return call


def first_deciding(values: Sequence[Value], decisive: bool, *, piped: bool) -> Piped:
    """`and` and `or`: the first that decides; the others are not looked at."""

    def run(state: State, final: Any) -> Any:
        found = None
        for value in values:
            found = value(state)
            if truth(found) is decisive:
                return found
        return final if piped else found

    return run


def constant(faults: Faults, node: Constant, wanted: str) -> Value:
    """A constant for a parameter of a type."""
    value: Any = node.value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted == "float64" and number:
        value = float(value)
    elif wanted in ("int", DURATION) and number and value == int(value):
        value = Duration(value) if wanted == DURATION else int(value)
    elif not accepts(wanted, value):
        word = {"int": "integer", DURATION: "integer", "float64": "float"}.get(wanted, wanted)
        if wanted == "time.Time":
            return faults.raises(node, f"can't handle {node.source} for arg of type {wanted}")
        return faults.raises(node, f"expected {word}; found {node.source}")
    return lambda state: value
