"""The tree of a template: frozen nodes, closed unions, and how Go writes a node back, since its errors quote it.

parser.py builds it, program.py gives it meaning. `at` is the place in the template's text, in characters. Source: Go's
text/template/parse.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from whodid.model.labels import quote


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`"""

    at: int


@dataclass(frozen=True, slots=True)
class Nil:
    at: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A text, number or truth value; `source` as it was written."""

    at: int
    value: str | int | float | bool
    source: str


@dataclass(frozen=True, slots=True)
class Field:
    """`.a.b`: fields of dot."""

    at: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.a`, `$` is the root."""

    at: int
    name: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Name:
    """A function's name."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """`(…).a.b`"""

    at: int
    inner: "Operand"
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A function with its arguments, or a single value."""

    at: int
    operands: tuple["Operand", ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """`$x := a | b`: each command gets the one before as its last argument."""

    at: int
    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False
    """`=` to variables that exist, not `:=`."""


Operand = Dot | Nil | Constant | Field | Variable | Name | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Action:
    """`{{ pipe }}`"""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Block:
    """`{{ if … }}…{{ else }}…{{ end }}`, `with`, `range`."""

    at: int
    kind: Literal["if", "with", "range"]
    pipe: Pipe
    body: tuple["Node", ...]
    otherwise: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Jump:
    """`{{ break }}` or `{{ continue }}` of a range."""

    kind: Literal["break", "continue"]


@dataclass(frozen=True, slots=True)
class Define:
    """`{{ define "name" }}…{{ end }}`: prints nothing by itself."""

    name: str
    body: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Insert:
    """`{{ template "name" pipe }}`: what was defined, with the pipeline's value as its dot; nil without one."""

    at: int
    name: str
    pipe: Pipe | None


Node = Text | Action | Block | Jump | Define | Insert


def definitions(nodes: Iterable[Node]) -> Iterator[Define]:
    """All that is defined, the inner ones first: `block` can stand anywhere."""
    for node in nodes:
        if isinstance(node, Block):
            yield from definitions((*node.body, *node.otherwise))
        elif isinstance(node, Define):
            yield from definitions(node.body)
            yield node


def evaluated_last(node: Operand | Command) -> Operand | Command:
    """The operand that is evaluated last, which Go blames for what is wrong with the whole."""
    match node:
        case Pipe(_, commands):
            return evaluated_last(commands[-1])
        case Chain(_, inner) if isinstance(inner, Pipe | Name):
            return evaluated_last(inner)
        case Command(_, operands):
            return evaluated_last(operands[-1])
        case _:
            return node


def written(node: Operand | Command | Insert) -> str:
    """The node as Go quotes it in errors."""
    match node:
        case Insert(_, name, pipe):
            return f"{{{{template {quote(name)}{f' {written(pipe)}' if pipe else ''}}}}}"
        case Dot():
            return "."
        case Nil():
            return "nil"
        case Constant(_, _, source):
            return source
        case Field(_, names):
            return "".join(f".{name}" for name in names)
        case Variable(_, name, fields):
            return name + "".join(f".{field}" for field in fields)
        case Name(_, name):
            return name
        case Chain(_, inner, fields):
            text = f"({written(inner)})" if isinstance(inner, Pipe) else written(inner)
            return text + "".join(f".{field}" for field in fields)
        case Command(_, operands):
            return " ".join(f"({written(o)})" if isinstance(o, Pipe) else written(o) for o in operands)
        case Pipe(_, commands, variables, assigns):
            head = f"{', '.join(variables)} {'=' if assigns else ':='} " if variables else ""
            return head + " | ".join(map(written, commands))
