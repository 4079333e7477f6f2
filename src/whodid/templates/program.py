"""A template compiled once to closures, then run for each line or alert.

Bounded: the text made, the rounds of all its loops and the work of all its functions (run.py, with the errors). Source:
Go's text/template/exec.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from whodid.model.labels import quote
from whodid.templates.builtins import BUILTINS
from whodid.templates.calls import call_of, constant, first_deciding
from whodid.templates.errors import TemplateError
from whodid.templates.function import ANY, LOCATION, Function, function
from whodid.templates.go_format import show
from whodid.templates.methods import methods_of
from whodid.templates.parser import parse
from whodid.templates.run import (
    JUMPS,
    MAX_DEPTH,
    MAX_ROUNDS,
    MISSING,
    Break,
    Continue,
    Faults,
    Piped,
    State,
    Value,
    Write,
    put,
    write,
)
from whodid.templates.tree import (
    Action,
    Block,
    Chain,
    Command,
    Constant,
    Define,
    Dot,
    Field,
    Insert,
    Jump,
    Name,
    Nil,
    Node,
    Operand,
    Pipe,
    Text,
    Variable,
    definitions,
    evaluated_last,
    written,
)
from whodid.templates.values import StringMap, Struct, truth, type_name

_Parts = dict[str, tuple[Sequence[Write], int]]
"""What is defined, by name: its steps, and how many slots it needs."""
_SHORT_CIRCUIT = {"and": function(lambda *_: None, "any ...any"), "or": function(lambda *_: None, "any ...any")}


class Program:
    """A template, ready to run."""

    def __init__(self, nodes: tuple[Node, ...], steps: Sequence[Write], slots: int) -> None:
        self.nodes, self._steps, self._slots = nodes, steps, slots

    def run(self, data: Any, context: Any = None, values: Sequence[Any] = ()) -> str:
        """The text for some data. `values` are those of the variables that exist from the start. Raises
        TemplateError."""
        state = State(data, context, [data, *values, *[None] * (self._slots - 1 - len(values))])
        for step in self._steps:
            step(state)
        return "".join(state.out)


def compiled(text: str, name: str, functions: Mapping[str, Function], variables: Sequence[str] = ()) -> Program:
    """The template as a program. `name` is its name in errors. Raises TemplateError."""
    known = {**BUILTINS, **_SHORT_CIRCUIT, **functions}
    nodes = parse(text, name, known, variables)
    parts: _Parts = {}
    for define in definitions(nodes):
        if parts.get(define.name, ((), 0))[0]:
            raise TemplateError(f"template: multiple definition of template {quote(define.name)}")
        part = _Compiler(Faults(text, name, define.name), known, ["$"], parts)
        parts[define.name] = part.body(define.body), part.slots
    compiler = _Compiler(Faults(text, name), known, ["$", *variables], parts)
    return Program(nodes, compiler.body(nodes), compiler.slots)


class _Compiler:
    """Nodes to closures. Variables become slots: each declaration has its own, found by name from the inside out."""

    def __init__(
        self, faults: Faults, functions: Mapping[str, Function], variables: Sequence[str], parts: _Parts
    ) -> None:
        self._faults, self._functions, self._parts = faults, functions, parts
        self._scope: list[tuple[str, int]] = [(variable, slot) for slot, variable in enumerate(variables)]
        self.slots = len(variables)

    # ---- blocks ----

    def body(self, nodes: Sequence[Node]) -> list[Write]:
        return [self._node(node) for node in nodes if not isinstance(node, Define)]

    def _node(self, node: Text | Jump | Action | Block | Insert) -> Write:
        match node:
            case Text(text):
                return lambda state: put(state, text)
            case Jump(kind):
                jump = JUMPS[kind]

                def leave(state: State) -> None:
                    raise jump

                return leave
            case Action(pipe):
                return self._action(pipe)
            case Insert():
                return self._insert(node)
            case Block():
                known = len(self._scope)
                write = self._range(node) if node.kind == "range" else self._branch(node)
                del self._scope[known:]
                return write

    def _action(self, pipe: Pipe) -> Write:
        value = self._pipe(pipe)
        if pipe.variables:

            def keep(state: State) -> None:
                value(state)

            return keep

        def print_(state: State) -> None:
            found = value(state)
            put(state, found if isinstance(found, str) else "<no value>" if found is None else show(found))

        return print_

    def _insert(self, node: Insert) -> Write:
        value: Value = self._pipe(node.pipe) if node.pipe else lambda state: None

        def insert(state: State) -> None:
            # Looked up now, since a part may insert itself, and those that come later.
            if node.name not in self._parts:
                raise self._faults.at(node, f"template {quote(node.name)} not defined")
            steps, slots = self._parts[node.name]
            dot, outer_dot, outer_slots = value(state), state.dot, state.slots
            state.depth += 1
            if state.depth > MAX_DEPTH:
                raise self._faults.at(node, f"exceeded maximum template depth ({MAX_DEPTH})")
            state.dot, state.slots = dot, [dot, *[None] * (slots - 1)]
            write(state, steps)
            state.depth -= 1
            state.dot, state.slots = outer_dot, outer_slots

        return insert

    def _branch(self, block: Block) -> Write:
        """if and with."""
        value, moves = self._pipe(block.pipe), block.kind == "with"
        body, otherwise = self.body(block.body), self.body(block.otherwise)

        def branch(state: State) -> None:
            found = value(state)
            outer = state.dot
            if not truth(found):
                write(state, otherwise)
                return
            state.dot = found if moves else outer
            try:
                write(state, body)
            finally:
                state.dot = outer

        return branch

    def _range(self, block: Block) -> Write:
        pipe = block.pipe
        value = self._pipe(Pipe(pipe.at, pipe.commands))
        slots = self._assigned(pipe)
        body, otherwise = self.body(block.body), self.body(block.otherwise)

        def loop(state: State) -> None:
            outer, ran = state.dot, False
            try:
                for key, item in self._rounds(pipe, value(state), len(slots)):
                    ran = True
                    state.rounds += 1
                    if state.rounds > MAX_ROUNDS:
                        raise self._faults.at(pipe, f"more than {MAX_ROUNDS} rounds")
                    for slot, held in zip(reversed(slots), (item, key), strict=False):
                        state.slots[slot] = held
                    state.dot = item
                    try:
                        write(state, body)
                    except Continue:
                        continue
            except Break:
                pass
            finally:
                state.dot = outer
            if not ran:
                write(state, otherwise)

        return loop

    def _rounds(self, pipe: Pipe, value: Any, variables: int) -> Iterator[tuple[Any, Any]]:
        """Keys and items of what a range runs over."""
        if isinstance(value, dict) and not isinstance(value, Struct):
            return ((key, value[key]) for key in sorted(value))
        if isinstance(value, list):
            return iter(enumerate(value))
        if isinstance(value, int) and not isinstance(value, bool):
            if variables > 1:
                blamed = evaluated_last(pipe)
                raise self._faults.at(blamed, f"can't use {value} to iterate over more than one variable")
            return ((i, i) for i in range(value))
        if value is None:
            return iter(())
        raise self._faults.at(evaluated_last(pipe), f"range can't iterate over {show(value)[:100]}")

    # ---- pipelines ----

    def _pipe(self, pipe: Pipe) -> Value:
        first, *others = pipe.commands
        value = self._command(first)
        rest = [self._piped(command) for command in others]
        slots = self._assigned(pipe)
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

    def _assigned(self, pipe: Pipe) -> list[int]:
        """The slots of a pipeline's variables: new ones for `:=`."""
        if pipe.assigns:
            return [self._slot(name) for name in pipe.variables]
        slots = list(range(self.slots, self.slots + len(pipe.variables)))
        self._scope += zip(pipe.variables, slots, strict=True)
        self.slots += len(slots)
        return slots

    def _slot(self, name: str) -> int:
        return next(slot for known, slot in reversed(self._scope) if known == name)

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
                return self._pipe(node)
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
        if name in _SHORT_CIRCUIT and self._functions[name] is _SHORT_CIRCUIT[name]:
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
        misfit = _SHORT_CIRCUIT[name].misfit(name, len(arguments), piped=piped)
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
