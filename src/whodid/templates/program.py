"""A template compiled once to closures, then run for each line or alert.

Bounded: the text made, the rounds of all its loops and the work of all its functions (run.py, with the errors). Source:
Go's text/template/exec.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from whodid.model.labels import quote
from whodid.templates.builtins import BUILTINS
from whodid.templates.errors import TemplateError
from whodid.templates.function import Function
from whodid.templates.go_format import show
from whodid.templates.parser import parse
from whodid.templates.pipelines import SHORT_CIRCUIT, Pipelines
from whodid.templates.run import (
    JUMPS,
    MAX_DEPTH,
    MAX_ROUNDS,
    Break,
    Continue,
    Faults,
    State,
    Value,
    Write,
    put,
    write,
)
from whodid.templates.tree import (
    Action,
    Block,
    Define,
    Insert,
    Jump,
    Node,
    Pipe,
    Text,
    definitions,
    evaluated_last,
)
from whodid.templates.values import Struct, truth

_Parts = dict[str, tuple[Sequence[Write], int]]
"""What is defined, by name: its steps, and how many slots it needs."""


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
    known = {**BUILTINS, **SHORT_CIRCUIT, **functions}
    nodes = parse(text, name, known, variables)
    parts: _Parts = {}
    for define in definitions(nodes):
        if parts.get(define.name, ((), 0))[0]:
            raise TemplateError(f"template: multiple definition of template {quote(define.name)}")
        parts[define.name] = _compiled(define.body, Faults(text, name, define.name), known, ["$"], parts)
    return Program(nodes, *_compiled(nodes, Faults(text, name), known, ["$", *variables], parts))


def _compiled(
    nodes: Sequence[Node], faults: Faults, functions: Mapping[str, Function], variables: Sequence[str], parts: _Parts
) -> tuple[list[Write], int]:
    """Steps, and how many slots they need."""
    pipelines = Pipelines(faults, functions, variables)
    return _Compiler(faults, pipelines, parts).body(nodes), pipelines.slots


class _Compiler:
    """Blocks to closures."""

    def __init__(self, faults: Faults, pipelines: Pipelines, parts: _Parts) -> None:
        self._faults, self._pipelines, self._parts = faults, pipelines, parts

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
                known = len(self._pipelines.scope)
                write = self._range(node) if node.kind == "range" else self._branch(node)
                del self._pipelines.scope[known:]
                return write

    def _action(self, pipe: Pipe) -> Write:
        value = self._pipelines.pipe(pipe)
        if pipe.variables:

            def keep(state: State) -> None:
                value(state)

            return keep

        def print_(state: State) -> None:
            found = value(state)
            put(state, found if isinstance(found, str) else "<no value>" if found is None else show(found))

        return print_

    def _insert(self, node: Insert) -> Write:
        value: Value = self._pipelines.pipe(node.pipe) if node.pipe else lambda state: None

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
        value, moves = self._pipelines.pipe(block.pipe), block.kind == "with"
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
        value = self._pipelines.pipe(Pipe(pipe.at, pipe.commands))
        slots = self._pipelines.assigned(pipe)
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
