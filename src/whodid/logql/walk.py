"""Ways through a tree without recursion: every node, every selector. For check.py, and for looking into a query."""

from collections.abc import Iterator

from whodid.logql.ast import (
    AndPredicate,
    BinaryOperation,
    Expr,
    LabelFilter,
    LabelReplace,
    LogQuery,
    OrPredicate,
    Predicate,
    RangeAggregation,
    Selector,
    VectorAggregation,
)

Node = Expr | Predicate


def walk(expr: Expr) -> Iterator[tuple[Node, int]]:
    """Every expression and predicate with its depth (the root's is 1), parents first, left to right."""
    pending: list[tuple[Node, int]] = [(expr, 1)]
    while pending:
        node, depth = pending.pop()
        yield node, depth
        pending.extend((child, depth + 1) for child in reversed(_children(node)))


def selector_of(expr: Expr) -> list[Selector]:
    """The selectors of a query, left to right: one of a log query, none of `1 + 1`, several of a binary operation."""
    return [node.selector for node, _ in walk(expr) if isinstance(node, LogQuery)]


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case BinaryOperation() | AndPredicate() | OrPredicate():
            return node.left, node.right
        case VectorAggregation() | LabelReplace():
            return (node.expr,)
        case RangeAggregation():
            filters = node.range.unwrap.filters if node.range.unwrap else ()
            return node.range.query, *(stage.predicate for stage in filters)
        case LogQuery():
            return tuple(stage.predicate for stage in node.stages if isinstance(stage, LabelFilter))
        case _:
            return ()
