"""The lines of a page that a range aggregation takes, each with the number it counts for.

A line that is kept with `__error__` fails the query, if it lies in any window. Called by samples.py and unwrapped.py.
"""

from collections.abc import Callable, Iterator

import pyarrow as pa

from whodid.logql.ast import LabelFilter
from whodid.query.errors import PipelineError
from whodid.query.grid import Window
from whodid.query.line import Line
from whodid.query.planner import Plan
from whodid.query.scan import lines
from whodid.query.stages import label_filter
from whodid.query.wanted import Wanted

PAGE_ROWS = 20_000
"""Rows that are read at once."""


def kept_lines(
    page: pa.Table, plan: Plan, value: Callable[[Line], float | None], window: Window, wanted: Wanted
) -> Iterator[tuple[Line, float]]:
    """Lines that pass the plan's steps and have a value. Raises PipelineError."""
    checks = {name: label_filter.apply(LabelFilter(predicate)) for name, predicate in wanted.checks}
    for _, line in lines(page, plan):
        line.wanted, line.keeps_parse_errors, line.checks = wanted.names, wanted.keeps_parse_errors, checks
        if not plan.keeps(line) or line.refused:
            continue
        number = value(line)
        if number is None:
            continue
        if line.is_faulty and window.holds(line.ns):
            raise PipelineError(line.error, line.labels())
        yield line, number
