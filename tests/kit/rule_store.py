"""A store in memory that answers the few queries rules' tests ask: an interpreter of its own, independent of query/.

Selectors with = and =~, filters of labels by text and number, count_over_time, sum by, unless, comparisons.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from whodid.logql import parse
from whodid.logql.ast import (
    BinaryOperation,
    Expr,
    LabelFilter,
    LineFilter,
    LogQuery,
    NumberLiteral,
    NumberPredicate,
    OrPredicate,
    Predicate,
    RangeAggregation,
    StringPredicate,
    VectorAggregation,
)
from whodid.model.entry import Stream
from whodid.model.matcher import Matcher
from whodid.model.result import Row, Scalar, Vector

COMPARE = {">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b}


class RuleStore:
    """Rows numbered from 1 in the order of their time."""

    def __init__(self, streams: Sequence[Stream] = ()) -> None:
        self.rows: list[Row] = []
        self.scans: list[tuple[int, int, int]] = []
        """(number of queries, first, last) of each call of committed."""
        self.broken: Exception | None = None
        entries = [(entry.ns, stream.labels, entry) for stream in streams for entry in stream.entries]
        for ns, labels, entry in sorted(entries, key=lambda item: item[0]):
            self.add(ns, labels, entry.metadata, entry.line)

    def add(self, ns: int, labels: dict[str, str], metadata: dict[str, str], line: str = "") -> int:
        self.rows.append(Row(ns, line, labels, metadata, {}, len(self.rows) + 1))
        return len(self.rows)

    async def query(self, expr: str, at_ns: int) -> Vector | Scalar:
        if self.broken:
            raise self.broken
        tree = parse(expr)
        assert not isinstance(tree, LogQuery), "the engine refuses these"
        return (
            Scalar(at_ns, tree.value) if isinstance(tree, NumberLiteral) else Vector(at_ns, self._samples(tree, at_ns))
        )

    async def committed(self, queries: Sequence[LogQuery], first_seq: int, last_seq: int) -> list[list[Row]]:
        if self.broken:
            raise self.broken
        self.scans.append((len(queries), first_seq, last_seq))
        rows = [row for row in self.rows if first_seq <= row.seq <= last_seq]
        return [[row for row in rows if _keeps(query, row)] for query in queries]

    def _samples(self, expr: Expr, at_ns: int) -> list[tuple[dict[str, str], float]]:
        match expr:
            case BinaryOperation(op, left, NumberLiteral(number)):
                return [(labels, value) for labels, value in self._samples(left, at_ns) if COMPARE[op](value, number)]
            case BinaryOperation("unless", left, right):
                gone = [labels for labels, _ in self._samples(right, at_ns)]
                return [(labels, value) for labels, value in self._samples(left, at_ns) if labels not in gone]
            case VectorAggregation("sum", inner, None, grouping):
                by = grouping.labels if grouping else ()
                sums: dict[tuple[tuple[str, str], ...], float] = {}
                for labels, value in self._samples(inner, at_ns):
                    key = tuple((name, labels[name]) for name in by if labels.get(name))
                    sums[key] = sums.get(key, 0.0) + value
                return [(dict(key), value) for key, value in sums.items()]
            case RangeAggregation("count_over_time", window, None, None):
                counts: dict[tuple[tuple[str, str], ...], float] = {}
                for row in self.rows:
                    if at_ns - window.range_ns < row.ns <= at_ns and _keeps(window.query, row):
                        key = tuple(sorted({**row.labels, **row.metadata}.items()))
                        counts[key] = counts.get(key, 0.0) + 1
                return [(dict(key), value) for key, value in counts.items()]
        raise AssertionError(f"this store does not know {expr}")


@asynccontextmanager
async def open_rule_store(streams: Sequence[Stream]) -> AsyncIterator[RuleStore]:
    yield RuleStore(streams)


def _keeps(query: LogQuery, row: Row) -> bool:
    if not all(_matches(matcher, row.labels) for matcher in query.selector.matchers):
        return False
    for stage in query.stages:
        match stage:
            case LabelFilter(predicate):
                if not _holds(predicate, {**row.metadata, **row.labels}):
                    return False
            case LineFilter("|=", operands):
                if not any(operand.value in row.line for operand in operands):
                    return False
            case _:
                raise AssertionError(f"this store does not know {stage}")
    return True


def _holds(predicate: Predicate, labels: dict[str, str]) -> bool:
    match predicate:
        case StringPredicate(matcher):
            return _matches(matcher, labels)
        case NumberPredicate(name, op, value):
            return name in labels and COMPARE[op](float(labels[name]), value)
        case OrPredicate(left, right):
            return _holds(left, labels) or _holds(right, labels)
    raise AssertionError(f"this store does not know {predicate}")


def _matches(matcher: Matcher, labels: dict[str, str]) -> bool:
    text = labels.get(matcher.name, "")
    match matcher.op:
        case "=":
            return text == matcher.value
        case "=~":
            return re.fullmatch(matcher.value, text) is not None
        case "!=":
            return text != matcher.value
    raise AssertionError(f"this store does not know {matcher.op}")
