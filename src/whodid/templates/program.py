"""A template compiled once to closures, then run for each line or alert.

Bounded: the text made, the rounds of all its loops and the work of all its functions. Errors carry the place and quote
the node, as Go's text/template does, since Loki shows them in `__error_details__`. Source: Go's text/template/exec.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn

from whodid.templates.builtins import BUILTINS
from whodid.templates.errors import TemplateError
from whodid.templates.function import ANY, Function, accepts, function
from whodid.templates.go_format import show
from whodid.templates.go_time import GoTime
from whodid.templates.methods import METHODS
from whodid.templates.parser import parse
from whodid.templates.tree import (
    Action,
    Block,
    Chain,
    Command,
    Constant,
    Dot,
    Field,
    Jump,
    Name,
    Nil,
    Node,
    Operand,
    Pipe,
    Text,
    Variable,
    written,
)
from whodid.templates.values import MAX_CHARS, Failure, StringMap, Struct, truth, type_name

MAX_ROUNDS: Final = 10_000
"""Of all loops of one run."""
MAX_WORK: Final = 32 * MAX_CHARS
"""Characters that the functions of one run may make together."""

_Value = Callable[["_State"], Any]
_Piped = Callable[["_State", Any], Any]
_Write = Callable[["_State"], None]
_MISSING = object()
_SHORT_CIRCUIT = {"and": function(lambda *_: None, "any ...any"), "or": function(lambda *_: None, "any ...any")}


class _State:
    """One run."""

    __slots__ = ("context", "dot", "out", "rounds", "size", "slots", "work")

    def __init__(self, data: Any, context: Any, slots: list[Any]) -> None:
        self.dot, self.context, self.slots = data, context, slots
        self.out: list[str] = []
        self.size = self.rounds = self.work = 0


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


_JUMPS: Final = {"break": _Break, "continue": _Continue}


class Program:
    """A template, ready to run."""

    def __init__(self, nodes: tuple[Node, ...], steps: Sequence[_Write], slots: int) -> None:
        self.nodes, self._steps, self._slots = nodes, steps, slots

    def run(self, data: Any, context: Any = None, values: Sequence[Any] = ()) -> str:
        """The text for some data. `values` are those of the variables that exist from the start. Raises
        TemplateError."""
        state = _State(data, context, [data, *values, *[None] * (self._slots - 1 - len(values))])
        for step in self._steps:
            step(state)
        return "".join(state.out)


def compiled(text: str, name: str, functions: Mapping[str, Function], variables: Sequence[str] = ()) -> Program:
    """The template as a program. `name` is its name in errors. Raises TemplateError."""
    known = {**BUILTINS, **_SHORT_CIRCUIT, **functions}
    nodes = parse(text, name, known, variables)
    compiler = _Compiler(text, name, known, ["$", *variables])
    return Program(nodes, compiler.body(nodes), compiler.slots)


def fields(nodes: Sequence[Node]) -> Iterator[str]:
    """The names that a template asks of its data."""
    for node in nodes:
        if isinstance(node, Action):
            yield from _asked(node.pipe)
        elif isinstance(node, Block):
            yield from _asked(node.pipe)
            yield from fields(node.body)
            yield from fields(node.otherwise)


def _asked(node: Operand | Command) -> Iterator[str]:
    match node:
        case Field(_, names):
            yield names[0]
        case Variable(_, "$", (first, *_)):
            yield first
        case Chain(_, inner, _):
            yield from _asked(inner)
        case Command(_, operands):
            for operand in operands:
                yield from _asked(operand)
        case Pipe(_, commands):
            for command in commands:
                yield from _asked(command)
        case _:
            pass


class _Compiler:
    """Nodes to closures. Variables become slots: each declaration has its own, found by name from the inside out."""

    def __init__(self, text: str, name: str, functions: Mapping[str, Function], variables: Sequence[str]) -> None:
        self._text, self._name, self._functions = text, name, functions
        self._scope: list[tuple[str, int]] = [(variable, slot) for slot, variable in enumerate(variables)]
        self.slots = len(variables)

    # ---- errors ----

    def _error(self, node: Operand | Command, message: str) -> TemplateError:
        before = self._text[: node.at]
        line, column = before.count("\n") + 1, len(before[before.rfind("\n") + 1 :].encode())
        quoted = written(node)
        quoted = quoted[:20] + "..." if len(quoted.encode()) > 20 else quoted
        place = f"template: {self._name}:{line}:{column}: executing {show_quoted(self._name)}"
        return TemplateError(f"{place} at <{quoted}>: {message}")

    def _raises(self, node: Operand | Command, message: str) -> Callable[..., NoReturn]:
        def fail(*_: Any) -> NoReturn:
            raise self._error(node, message)

        return fail

    # ---- blocks ----

    def body(self, nodes: Sequence[Node]) -> list[_Write]:
        return [self._node(node) for node in nodes]

    def _node(self, node: Node) -> _Write:
        match node:
            case Text(text):
                return lambda state: _put(state, text)
            case Jump(kind):
                jump = _JUMPS[kind]

                def leave(state: _State) -> None:
                    raise jump

                return leave
            case Action(pipe):
                return self._action(pipe)
            case Block():
                known = len(self._scope)
                write = self._range(node) if node.kind == "range" else self._branch(node)
                del self._scope[known:]
                return write

    def _action(self, pipe: Pipe) -> _Write:
        value = self._pipe(pipe)
        if pipe.variables:

            def keep(state: _State) -> None:
                value(state)

            return keep

        def print_(state: _State) -> None:
            found = value(state)
            _put(state, found if isinstance(found, str) else "<no value>" if found is None else show(found))

        return print_

    def _branch(self, block: Block) -> _Write:
        """if and with."""
        value, moves = self._pipe(block.pipe), block.kind == "with"
        body, otherwise = self.body(block.body), self.body(block.otherwise)

        def branch(state: _State) -> None:
            found = value(state)
            outer = state.dot
            if not truth(found):
                _write(state, otherwise)
                return
            state.dot = found if moves else outer
            try:
                _write(state, body)
            finally:
                state.dot = outer

        return branch

    def _range(self, block: Block) -> _Write:
        pipe = block.pipe
        value = self._pipe(Pipe(pipe.at, pipe.commands))
        slots = self._assigned(pipe)
        body, otherwise = self.body(block.body), self.body(block.otherwise)

        def loop(state: _State) -> None:
            outer, ran = state.dot, False
            try:
                for key, item in self._rounds(pipe, value(state), len(slots)):
                    ran = True
                    state.rounds += 1
                    if state.rounds > MAX_ROUNDS:
                        raise self._error(pipe, f"more than {MAX_ROUNDS} rounds")
                    for slot, held in zip(reversed(slots), (item, key), strict=False):
                        state.slots[slot] = held
                    state.dot = item
                    try:
                        _write(state, body)
                    except _Continue:
                        continue
            except _Break:
                pass
            finally:
                state.dot = outer
            if not ran:
                _write(state, otherwise)

        return loop

    def _rounds(self, pipe: Pipe, value: Any, variables: int) -> Iterator[tuple[Any, Any]]:
        """Keys and items of what a range runs over."""
        if isinstance(value, dict) and not isinstance(value, Struct):
            return ((key, value[key]) for key in sorted(value))
        if isinstance(value, list):
            return iter(enumerate(value))
        if isinstance(value, int) and not isinstance(value, bool):
            if variables > 1:
                raise self._error(pipe, f"can't use {value} to iterate over more than one variable")
            return ((i, i) for i in range(value))
        if value is None:
            return iter(())
        raise self._error(pipe, f"range can't iterate over {show(value)[:100]}")

    # ---- pipelines ----

    def _pipe(self, pipe: Pipe) -> _Value:
        first, *others = pipe.commands
        value = self._command(first)
        rest = [self._piped(command) for command in others]
        slots = self._assigned(pipe)
        if not rest and not slots:
            return value

        def run(state: _State) -> Any:
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

    def _command(self, command: Command) -> _Value:
        """The first command of a pipeline."""
        run = self._piped(command, first=True)
        return lambda state: run(state, _MISSING)

    def _piped(self, command: Command, *, first: bool = False) -> _Piped:
        """A command that is given the value of the one before, or _MISSING if it is the first."""
        head, *arguments = command.operands
        if isinstance(head, Name):
            return self._call(head.name, head, command, arguments, piped=not first)
        if isinstance(head, Field | Chain) or (isinstance(head, Variable) and head.fields):
            return self._walk(head, arguments, piped=not first)
        if arguments or not first:
            return self._raises(head, f"can't give argument to non-function {written(head)}")
        if isinstance(head, Nil):
            return self._raises(head, "nil is not a command")
        value = self._value(head)
        return lambda state, _: value(state)

    def _value(self, node: Operand) -> _Value:
        """An operand by itself."""
        match node:
            case Constant(_, constant):
                return lambda state: constant
            case Dot():
                return lambda state: state.dot
            case Nil():
                return lambda state: None
            case Variable(_, name, ()):
                slot = self._slot(name)
                return lambda state: state.slots[slot]
            case Name(_, name):
                call = self._call(name, node, node, [], piped=False)
                return lambda state: call(state, _MISSING)
            case Pipe():
                return self._pipe(node)
            case Field() | Variable() | Chain():
                walk = self._walk(node, [], piped=False)
                return lambda state: walk(state, _MISSING)

    # ---- fields ----

    def _walk(self, node: Field | Variable | Chain, arguments: Sequence[Operand], *, piped: bool) -> _Piped:
        """`.a.b`, `$x.a`, `(…).a`; the last may be a method with arguments."""
        match node:
            case Field(_, names):
                base: _Value = lambda state: state.dot  # noqa: E731
            case Variable(at, name, names):
                base = self._value(Variable(at, name))
            case Chain(_, inner, names):
                base = self._raises(inner, f"indirection through explicit nil in {written(node)}")
                base = base if isinstance(inner, Nil) else self._value(inner)
        given = bool(arguments) or piped
        if len(names) == 1 and not given:
            only = names[0]

            def field(state: _State, _: Any) -> Any:
                receiver = base(state)
                # Labels, most of the time.
                return receiver[only] if type(receiver) is StringMap else self._field(node, receiver, only, None, state)

            return field

        def walk(state: _State, final: Any) -> Any:
            found, of = base(state), None
            for name in names[:-1]:
                found, of = self._field(node, found, name, of, state), _element_type(found)
            if isinstance(found, GoTime) and names[-1] in METHODS:
                return self._method(node, names[-1], arguments, piped)(state, found, final)
            if given and isinstance(found, dict):
                raise self._error(node, f"{names[-1]} is not a method but has arguments")
            return self._field(node, found, names[-1], of, state)

        return walk

    def _field(self, node: Operand, receiver: Any, name: str, of: str | None, state: _State) -> Any:
        """One step; `of` is the type the receiver was declared with, if it is an element of something."""
        if isinstance(receiver, Struct):
            if name in receiver:
                return receiver[name]
        elif isinstance(receiver, StringMap):
            return receiver[name]
        elif isinstance(receiver, dict):
            return receiver.get(name)
        elif isinstance(receiver, GoTime) and name in METHODS:
            return self._method(node, name, (), piped=False)(state, receiver, _MISSING)
        elif receiver is None:
            if of is None:
                return None
            raise self._error(node, f"nil pointer evaluating {of}.{name}")
        raise self._error(node, f"can't evaluate field {name} in type {of or type_name(receiver)}")

    def _method(
        self, node: Operand, name: str, arguments: Sequence[Operand], piped: bool
    ) -> Callable[[_State, GoTime, Any], Any]:
        method = METHODS[name]

        def run(state: _State, receiver: GoTime, final: Any) -> Any:
            bound = Function(lambda *values: method.call(receiver, *values), method.takes[1:])
            return self._called(bound, name, node, node, arguments, piped=piped)(state, final)

        return run

    # ---- functions ----

    def _call(
        self, name: str, at: Operand, command: Operand | Command, arguments: Sequence[Operand], *, piped: bool
    ) -> _Piped:
        if name in _SHORT_CIRCUIT and self._functions[name] is _SHORT_CIRCUIT[name]:
            return self._and_or(name, at, arguments, piped=piped)
        return self._called(self._functions[name], name, at, command, arguments, piped=piped)

    def _called(
        self,
        called: Function,
        name: str,
        at: Operand,
        command: Operand | Command,
        arguments: Sequence[Operand],
        *,
        piped: bool,
    ) -> _Piped:
        misfit = called.misfit(name, len(arguments), piped=piped)
        if misfit is not None:
            return self._raises(at, misfit)
        values = [self._argument(argument, called.type_at(i)) for i, argument in enumerate(arguments)]
        last, last_type = arguments[-1] if arguments else at, called.type_at(len(arguments))
        function, of_context = called.call, called.of_context

        def call(state: _State, final: Any) -> Any:
            given = [value(state) for value in values]
            if piped:
                given.append(self._fitting(last, final, last_type))
            try:
                made = function(state.context, *given) if of_context else function(*given)
            except Failure as error:
                raise self._error(command, f"error calling {name}: {error}") from None
            if isinstance(made, str):
                state.work += len(made)
                if len(made) > MAX_CHARS or state.work > MAX_WORK:
                    raise self._error(command, f"error calling {name}: the text grows too large")
            return made

        return call

    def _and_or(self, name: str, at: Operand, arguments: Sequence[Operand], *, piped: bool) -> _Piped:
        """The first that decides; the others are not looked at."""
        misfit = _SHORT_CIRCUIT[name].misfit(name, len(arguments), piped=piped)
        if misfit is not None:
            return self._raises(at, misfit)
        values, decisive = [self._argument(argument, ANY) for argument in arguments], name == "or"

        def run(state: _State, final: Any) -> Any:
            found = None
            for value in values:
                found = value(state)
                if truth(found) is decisive:
                    return found
            return final if piped else found

        return run

    def _argument(self, node: Operand, wanted: str) -> _Value:
        """An argument for a parameter of a type."""
        if isinstance(node, Nil):
            return (lambda state: None) if wanted == ANY else self._raises(node, f"cannot assign nil to {wanted}")
        if isinstance(node, Constant):
            return self._constant(node, wanted)
        value = self._value(node)
        if wanted == ANY:
            return value
        return lambda state: self._fitting(node, value(state), wanted)

    def _constant(self, node: Constant, wanted: str) -> _Value:
        value: Any = node.value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if wanted == "float64" and number:
            value = float(value)
        elif wanted == "int" and number and value == int(value):
            value = int(value)
        elif not accepts(wanted, value):
            word = {"int": "integer", "float64": "float"}.get(wanted, wanted)
            if wanted == "time.Time":
                return self._raises(node, f"can't handle {node.source} for arg of type {wanted}")
            return self._raises(node, f"expected {word}; found {node.source}")
        return lambda state: value

    def _fitting(self, node: Operand, value: Any, wanted: str) -> Any:
        if accepts(wanted, value):
            return value
        if value is None:
            raise self._error(node, f"invalid value; expected {wanted}")
        raise self._error(node, f"wrong type for value; expected {wanted}; got {type_name(value)}")


def show_quoted(text: str) -> str:
    """A name in quotes."""
    return f'"{text}"'


def _element_type(container: Any) -> str | None:
    """What the elements of a map are declared as."""
    if isinstance(container, StringMap):
        return "string"
    return "interface {}" if isinstance(container, dict) and not isinstance(container, Struct) else None


def _put(state: _State, text: str) -> None:
    state.size += len(text)
    if state.size > MAX_CHARS:
        raise TemplateError(f"the text would be longer than {MAX_CHARS} characters")
    state.out.append(text)


def _write(state: _State, steps: Sequence[_Write]) -> None:
    for step in steps:
        step(state)
