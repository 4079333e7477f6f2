"""What Loki changes of a query before it runs: the order of the stages, stages that nobody reads, and `or` of lines.

None of it is meant to change an answer, and all of it does, as of Loki 3.7: a line filter behind `decolorize` sees the
line with its colours (grafana/loki#18898); a template that nobody reads may be wrong; among several operands `ip("…")`
is a text like others (grafana/loki#23940). planner.py and metric.py ask. Source: Loki's pull requests 3065, 8914 and
23940.
"""

from dataclasses import replace

from whodid.logql.ast import (
    JsonParser,
    LabelFilter,
    LineFilter,
    LineFormat,
    LineOperand,
    LogfmtParser,
    PatternParser,
    RangeAggregation,
    RegexpParser,
    Stage,
    Unpack,
)
from whodid.query.plain_filters import is_any, line_expression

_BARRIERS = (LabelFilter, LineFormat, Unpack)
_READERS = (LineFilter, JsonParser, LogfmtParser, RegexpParser, PatternParser, Unpack)
"""Stages that look at the line."""


def in_order(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Line filters first, as far as no label filter and no new line stands before them."""
    ordered: list[Stage] = []
    filters: list[Stage] = []
    others: list[Stage] = []
    for stage in stages:
        if isinstance(stage, LineFilter):
            filters.append(_plain(stage))
        else:
            others.append(stage)
        if isinstance(stage, _BARRIERS):
            ordered += filters + others
            filters, others = [], []
    return (*ordered, *filters, *others)


def _plain(stage: LineFilter) -> LineFilter:
    """The filter with the operands that Loki looks for. Of `!=` and `!~` each operand is a filter of its own."""
    operands = stage.operands
    if len(operands) > 1 and not stage.op.startswith("!"):
        # Loki reads texts up to an address at once, and each such group takes the place of the one before.
        last = max((i for i, operand in enumerate(operands[1:-1], 1) if operand.ip), default=0)
        operands = tuple(LineOperand(operand.value) for operand in (operands[0], *operands[last + 1 :]))
        # What holds for every line is forgotten beside something that does not.
        operands = tuple(operand for operand in operands if not _always_holds(stage, operand)) or operands[:1]
    if stage.op in ("|~", "!~"):
        operands = tuple(replace(operand, value=line_expression(operand.value)) for operand in operands)
    return replace(stage, operands=operands)


def _always_holds(stage: LineFilter, operand: LineOperand) -> bool:
    return operand.value == "" if stage.op == "|=" else stage.op == "|~" and is_any(operand.value)


def as_run(aggregation: RangeAggregation) -> RangeAggregation:
    """The aggregation without each `line_format` whose line neither a stage reads nor the aggregation."""
    stages = aggregation.range.query.stages
    if aggregation.function.startswith("bytes") or not any(isinstance(stage, LineFormat) for stage in stages):
        return aggregation
    read = [
        stage
        for i, stage in enumerate(stages)
        if not isinstance(stage, LineFormat) or any(isinstance(later, _READERS) for later in stages[i:])
    ]
    query = replace(aggregation.range.query, stages=tuple(read))
    return replace(aggregation, range=replace(aggregation.range, query=query))
