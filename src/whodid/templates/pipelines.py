"""Pipelines of a template to closures: commands, operands, fields, methods and calls of functions.

Variables become slots: each declaration has its own, found by name from the inside out. program.py compiles the blocks
around them. Source: Go's text/template/exec.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from whodid.templates.calls import call_of, constant, first_deciding
from whodid.templates.function import ANY, LOCATION, Function, function
from whodid.templates.methods import methods_of
from whodid.templates.run import MISSING, Faults, Piped, State, Value
from whodid.templates.tree import (
    Chain,
    Command,
    Constant,
    Dot,
    Field,
    Name,
    Nil,
    Operand,
    Pipe,
    Variable,
    evaluated_last,
    written,
)
from whodid.templates.values import StringMap, Struct, type_name

SHORT_CIRCUIT = {"and": function(lambda *_: None, "any ...any"), "or": function(lambda *_: None, "any ...any")}
"""They are compiled, not called: what comes behind the deciding argument is not evaluated."""


class Pipelines:
    """Of one template, or of one part that it defines."""

    def __init__(self, faults: Faults, functions: Mapping[str, Function], variables: Sequence[str]) -> None:
        self._faults, self._functions = faults, functions
        self.scope: list[tuple[str, int]] = [(variable, slot) for slot, variable in enumerate(variables)]
        """Names and slots of the variables that can be seen; blocks cut it back at their end."""
        self.slots = len(variables)
        """How many there are in all."""

    def pipe(self, pipe: Pipe) -> Value:
        """Its value; its variables hold it from then on."""
        first, *others = pipe.commands
        value = self._command(first)
        rest = [self._piped(command) for command in others]
        slots = self.assigned(pipe)
        if not rest and not slots:
            return value

        def run(state: State) -> Any:
            found = value(state)
            for command in rest:
                found = command(state, found)
            for slot in slots:
                state.slots[slot] = found
            return found

        return run

    def assigned(self, pipe: Pipe) -> list[int]:
        """The slots of a pipeline's variables: new ones for `:=`."""
        if pipe.assigns:
            return [self._slot(name) for name in pipe.variables]
        slots = list(range(self.slots, self.slots + len(pipe.variables)))
        self.scope += zip(pipe.variables, slots, strict=True)
        self.slots += len(slots)
        return slots

    def _slot(self, name: str) -> int:
        return next(slot for known, slot in reversed(self.scope) if known == name)

    def _command(self, command: Command) -> Value:
        """The first command of a pipeline."""
        run = self._piped(command, first=True)
        return lambda state: run(state, MISSING)

    def _piped(self, command: Command, *, first: bool = False) -> Piped:
        """A command that is given the value of the one before, or MISSING if it is the first."""
        head, *arguments = command.operands
        if isinstance(head, Name):
            return self._call(head.name, head, command, arguments, piped=not first)
        if isinstance(head, Field | Chain) or (isinstance(head, Variable) and head.fields):
            return self._walk(head, arguments, piped=not first)
        if arguments or not first:
            return self._faults.raises(head, f"can't give argument to non-function {written(head)}")
        if isinstance(head, Nil):
            return self._faults.raises(head, "nil is not a command")
        value = self._value(head)
        return lambda state, _: value(state)

    def _value(self, node: Operand) -> Value:
        """An operand by itself."""
        match node:
            case Constant(_, found):
                return lambda state: found
            case Dot():
                return lambda state: state.dot
            case Nil():
                return lambda state: None
            case Variable(_, name, ()):
                slot = self._slot(name)
                return lambda state: state.slots[slot]
            case Name(_, name):
                call = self._call(name, node, node, [], piped=False)
                return lambda state: call(state, MISSING)
            case Pipe():
                return self.pipe(node)
            case Field() | Variable() | Chain():
                walk = self._walk(node, [], piped=False)
                return lambda state: walk(state, MISSING)

    # ---- fields ----

    def _walk(self, node: Field | Variable | Chain, arguments: Sequence[Operand], *, piped: bool) -> Piped:
        """`.a.b`, `$x.a`, `(…).a`; the last may be a method with arguments."""
        match node:
            case Field(_, names):
                base: Value = lambda state: state.dot  # noqa: E731
            case Variable(at, name, names):
                base = self._value(Variable(at, name))
            case Chain(_, inner, names):
                base = self._faults.raises(inner, f"indirection through explicit nil in {written(node)}")
                base = base if isinstance(inner, Nil) else self._value(inner)
        given = bool(arguments) or piped
        if len(names) == 1 and not given:
            only = names[0]

            def field(state: State, _: Any) -> Any:
                receiver = base(state)
                # Labels, most of the time.
                return receiver[only] if type(receiver) is StringMap else self._field(node, receiver, only, None, state)

            return field

        def walk(state: State, final: Any) -> Any:
            found, of = base(state), None
            for name in names[:-1]:
                found, of = self._field(node, found, name, of, state), _element_type(found)
            if (method := methods_of(found).get(names[-1])) is not None:
                return self._method(node, names[-1], method, arguments, piped)(state, found, final)
            if given and isinstance(found, dict):
                raise self._faults.at(node, f"{names[-1]} is not a method but has arguments")
            return self._field(node, found, names[-1], of, state)

        return walk

    def _field(self, node: Operand, receiver: Any, name: str, of: str | None, state: State) -> Any:
        """One step; `of` is the type the receiver was declared with, if it is an element of something."""
        if isinstance(receiver, Struct):
            if name in receiver:
                return receiver[name]
        elif isinstance(receiver, StringMap):
            return receiver[name]
        elif isinstance(receiver, dict):
            return receiver.get(name)
        elif (method := methods_of(receiver).get(name)) is not None:
            return self._method(node, name, method, (), piped=False)(state, receiver, MISSING)
        elif receiver is None:
            if of is None:
                return None
            raise self._faults.at(evaluated_last(node), f"nil pointer evaluating {of}.{name}")
        raise self._faults.at(evaluated_last(node), f"can't evaluate field {name} in type {of or type_name(receiver)}")

    def _method(
        self, node: Operand, name: str, method: Function, arguments: Sequence[Operand], piped: bool
    ) -> Callable[[State, Any, Any], Any]:
        def run(state: State, receiver: Any, final: Any) -> Any:
            bound = Function(lambda *values: method.call(receiver, *values), method.takes[1:], unfit=method.unfit)
            return self._called(bound, name, evaluated_last(node), node, arguments, piped=piped)(state, final)

        return run

    # ---- functions ----

    def _call(
        self, name: str, at: Operand, command: Operand | Command, arguments: Sequence[Operand], *, piped: bool
    ) -> Piped:
        if name in SHORT_CIRCUIT and self._functions[name] is SHORT_CIRCUIT[name]:
            return self._and_or(name, at, arguments, piped=piped)
        return self._called(self._functions[name], name, at, command, arguments, piped=piped)

    def _called(
        self,
        called: Function,
        name: str,
        at: Operand | Command,
        command: Operand | Command,
        arguments: Sequence[Operand],
        *,
        piped: bool,
    ) -> Piped:
        misfit = called.misfit(name, len(arguments), piped=piped)
        if misfit is not None:
            return self._faults.raises(at, misfit)
        values = [self._argument(argument, called.type_at(i)) for i, argument in enumerate(arguments)]
        last = (arguments[-1] if arguments else at) if piped else None
        return call_of(self._faults, called, name, command, values, last)

    def _and_or(self, name: str, at: Operand, arguments: Sequence[Operand], *, piped: bool) -> Piped:
        misfit = SHORT_CIRCUIT[name].misfit(name, len(arguments), piped=piped)
        if misfit is not None:
            return self._faults.raises(at, misfit)
        values = [self._argument(argument, ANY) for argument in arguments]
        return first_deciding(values, name == "or", piped=piped)

    def _argument(self, node: Operand, wanted: str) -> Value:
        """An argument for a parameter of a type."""
        if isinstance(node, Nil):
            return (
                (lambda state: None)
                if wanted in (ANY, LOCATION)
                else self._faults.raises(node, f"cannot assign nil to {wanted}")
            )
        if isinstance(node, Constant):
            return constant(self._faults, node, wanted)
        value = self._value(node)
        if wanted == ANY:
            return value
        return lambda state: self._faults.fitting(node, value(state), wanted)


def _element_type(container: Any) -> str | None:
    """What the elements of a map are declared as."""
    if isinstance(container, StringMap):
        return "string"
    return "interface {}" if isinstance(container, dict) and not isinstance(container, Struct) else None
