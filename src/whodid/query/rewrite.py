"""What Loki leaves out of a metric query before it runs: new lines that nobody reads. metric.py asks.

It is not meant to change an answer, and does: a template that nobody reads may be wrong. What else Loki 3.7 rewrites
loses lines that were asked for, and is not done here: filters move before `decolorize` (grafana/loki#18898), `ip()`
after `or` becomes a text (#23940), `a.*(bc|de)` becomes `abc|ade`.
"""

from dataclasses import replace

from whodid.logql.ast import (
    JsonParser,
    LineFilter,
    LineFormat,
    LogfmtParser,
    PatternParser,
    RangeAggregation,
    RegexpParser,
    Unpack,
)

_READERS = (LineFilter, JsonParser, LogfmtParser, RegexpParser, PatternParser, Unpack)
"""Stages that look at the line."""


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
