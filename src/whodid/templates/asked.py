"""Which fields a template asks of its data, so that a query reads no more than those. Called by query/template.py."""

from collections.abc import Iterator, Sequence

from whodid.templates.tree import Action, Block, Chain, Command, Define, Field, Insert, Node, Operand, Pipe, Variable


def fields(nodes: Sequence[Node]) -> Iterator[str]:
    """The names that a template asks of its data."""
    for node in nodes:
        if isinstance(node, Action):
            yield from _asked(node.pipe)
        elif isinstance(node, Block):
            yield from _asked(node.pipe)
            yield from fields(node.body)
            yield from fields(node.otherwise)
        elif isinstance(node, Define):
            yield from fields(node.body)
        elif isinstance(node, Insert) and node.pipe is not None:
            yield from _asked(node.pipe)


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
