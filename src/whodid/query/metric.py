"""Metric expressions: from the tree to a frame or a number, leaves first.

Leaves (range aggregations) go to samples.py, which asks the engine; all above them is numpy. `sum by (…)` directly
over a counting leaf is handed down, so that neither the engine nor Python ever holds the series it would add up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from whodid.logql.ast import (
    BinaryOperation,
    Grouping,
    LabelFormat,
    LabelReplace,
    LineFormat,
    LogQuery,
    NumberLiteral,
    RangeAggregation,
    SampleExpr,
    Stage,
    VectorAggregation,
    VectorLiteral,
)
from whodid.model.entry import Labels
from whodid.query import binary, samples, vector
from whodid.query.budget import Budget
from whodid.query.errors import EvaluationError
from whodid.query.frame import Frame
from whodid.query.grid import Grid
from whodid.query.limits import Limits
from whodid.query.regex import compiled, named_anchored
from whodid.query.results_cache import Question, ResultsCache
from whodid.query.rewrite import as_run
from whodid.query.scan import Cost
from whodid.query.selector import select as select_streams
from whodid.templates.expansion import filled, references


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One metric query over one grid."""

    streams: Mapping[int, Labels]
    grid: Grid
    budget: Budget
    limits: Limits
    tenant: str = ""
    """Whose streams they are, to the cache."""
    cache: ResultsCache | None = None
    """None: all is computed anew."""
    cost: Cost = field(default_factory=Cost)

    async def value(self, node: SampleExpr) -> Frame | float:
        """A number for what is built of literals alone, else a frame. Raises QueryError."""
        match node:
            case NumberLiteral(value):
                return value
            case VectorLiteral(value):
                return Frame.constant(value, self.grid.points)
            case RangeAggregation():
                return await self._leaf(as_run(node), None)
            case VectorAggregation():
                return await self._aggregation(node)
            case BinaryOperation():
                left = await self.value(node.left)
                return binary.operate(node, left, await self.value(node.right))
            case LabelReplace():
                return _replaced(node, await self._frame(node.expr, "label_replace"))

    async def _frame(self, node: SampleExpr, function: str) -> Frame:
        value = await self.value(node)
        if isinstance(value, Frame):
            return value
        raise EvaluationError(f"{function} needs a vector and got the number {value:g}; write vector({value:g})")

    async def _aggregation(self, node: VectorAggregation) -> Frame:
        inner = node.expr
        if node.function == "sum" and isinstance(inner, RangeAggregation) and samples.additive(inner):
            return await self._leaf(as_run(inner), node.grouping or Grouping(()))
        return vector.aggregate(node, await self._frame(inner, node.function))

    async def _leaf(self, node: RangeAggregation, keep: Grouping | None) -> Frame:
        async def computed(grid: Grid) -> Frame:
            leaf = await samples.evaluate(node, self.streams, grid, keep, self.budget, self.limits, self.cost)
            return leaf.ordered()

        if self.cache is None or _asks_the_clock(node.range.query):
            return await computed(self.grid)
        chosen = select_streams(self.streams, node.range.query.selector.matchers)
        about = node.range
        asked = Question((self.tenant, node, keep), chosen, self.grid, about.range_ns, about.offset_ns)
        return (await self.cache.frame(asked, self.budget, computed)).ordered()


def _asks_the_clock(query: LogQuery) -> bool:
    """Whether a template may call `now`, or `date` of what is no instant: they give another thing in a minute."""
    return any("now" in text or "date" in text for stage in query.stages for text in _templates(stage))


def _templates(stage: Stage) -> Iterator[str]:
    match stage:
        case LineFormat(template):
            yield template
        case LabelFormat(assignments):
            yield from (assignment.value for assignment in assignments)


def _replaced(node: LabelReplace, frame: Frame) -> Frame:
    """label_replace: the target is written where the anchored pattern matches the source; empty takes it away."""
    pattern = compiled(named_anchored(node.pattern))
    parts = references(pattern, node.replacement)
    out: list[Labels] = []
    for labels in frame.labels:
        match = pattern.search(labels.get(node.source, ""))
        if match is None:
            out.append(labels)
            continue
        value = "".join(filled(parts, match))
        rest = {name: text for name, text in labels.items() if name != node.target}
        out.append({**rest, node.target: value} if value else rest)
    return Frame(out, np.asarray(frame.values), frame.present)
