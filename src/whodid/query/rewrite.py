"""What Loki changes of a query before it runs: the order of the stages, and stages that nobody reads.

Neither is meant to change an answer, and in two places both do, as of Loki 3.7: a line filter behind `decolorize` sees
the line with its colours (grafana/loki#18898), and a template that nobody reads may be wrong. planner.py and metric.py
ask. Source: Loki's pull requests 3065 and 8914.
"""

from dataclasses import replace

from whodid.logql.ast import (
    JsonParser,
    LabelFilter,
    LineFilter,
    LineFormat,
    LogfmtParser,
    PatternParser,
    RangeAggregation,
    RegexpParser,
    Stage,
    Unpack,
)

_BARRIERS = (LabelFilter, LineFormat, Unpack)
_READERS = (LineFilter, JsonParser, LogfmtParser, RegexpParser, PatternParser, Unpack)
"""Stages that look at the line."""


def in_order(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Line filters first, as far as no label filter and no new line stands before them."""
    ordered: list[Stage] = []
    filters: list[Stage] = []
    others: list[Stage] = []
    for stage in stages:
        (filters if isinstance(stage, LineFilter) else others).append(stage)
        if isinstance(stage, _BARRIERS):
            ordered += filters + others
            filters, others = [], []
    return (*ordered, *filters, *others)


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
