"""Range aggregations over numbers that lines carry (`| unwrap`): from rows to a frame.

The rows come through the pipeline in Python, page by page in order of time; what is kept of each is a series, an
instant and a number. over_time.py makes points of them. The counterpart for lines that are only counted is samples.py,
which calls this.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from whodid.logql.ast import Grouping, RangeAggregation, Unwrap
from whodid.model.entry import Labels
from whodid.query import unwrap
from whodid.query.frame import Floats, Frame
from whodid.query.grid import Instants, Places, Window
from whodid.query.grouping import Key, series_of
from whodid.query.kept import PAGE_ROWS, kept_lines
from whodid.query.limits import Limits
from whodid.query.line import Line
from whodid.query.over_time import over_time
from whodid.query.planner import Plan
from whodid.query.scan import Cost, Scan, Select
from whodid.query.wanted import Wanted


async def evaluate(
    aggregation: RangeAggregation,
    plan: Plan,
    window: Window,
    keep: Grouping | None,
    wanted: Wanted,
    select: Select,
    limits: Limits,
    cost: Cost,
) -> Frame:
    """The series of the aggregation. `keep` is the grouping of a `sum` around it."""
    assert aggregation.range.unwrap is not None
    by = _by(aggregation.range.unwrap, keep or aggregation.grouping)
    samples = _Samples(series_of(by), limits)
    value = unwrap.apply(aggregation.range.unwrap)
    if plan.streams:
        scan = Scan(plan, window.begin_ns, window.end_ns, False, PAGE_ROWS, cost)
        async for page in scan.pages(select):
            await asyncio.to_thread(samples.take, page, plan, value, window, wanted)
    return await asyncio.to_thread(samples.frame, aggregation, window)


def _by(unwrapped: Unwrap, grouping: Grouping | None) -> Grouping:
    """The labels of a series. The unwrapped one is not among them unless it is asked for by name."""
    if grouping is None:
        return Grouping((unwrapped.label,), without=True)
    if grouping.without:
        return Grouping((*grouping.labels, unwrapped.label), without=True)
    return grouping


@dataclass(slots=True)
class _Samples:
    """All numbers of the query: for each its series, instant and value, in order of time."""

    series_of: Callable[[Line], Key]
    limits: Limits
    count: int = 0
    series: dict[Key, int] = field(default_factory=dict)
    rows: list[Places] = field(default_factory=list)
    instants: list[Instants] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)

    def take(self, page: pa.Table, plan: Plan, value: unwrap.Value, window: Window, wanted: Wanted) -> None:
        """The samples of a page."""
        rows: list[int] = []
        instants: list[int] = []
        values: list[float] = []
        for line, number in kept_lines(page, plan, value, window, wanted):
            rows.append(self.series.setdefault(self.series_of(line), len(self.series)))
            instants.append(line.ns)
            values.append(number)
        self.count += len(rows)
        self.limits.check_samples(self.count)
        self.rows.append(np.array(rows, dtype=np.int64))
        self.instants.append(np.array(instants, dtype=np.int64))
        self.values.append(np.array(values, dtype=np.float64))

    def frame(self, aggregation: RangeAggregation, window: Window) -> Frame:
        """The points of every series."""
        self.limits.check_cells(len(self.series), window.points)
        if not self.series:
            return Frame.empty(window.points)
        rows = np.concatenate(self.rows)
        order = np.argsort(rows, kind="stable")
        instants, values = np.concatenate(self.instants)[order], np.concatenate(self.values)[order]
        edges = np.searchsorted(rows[order], np.arange(len(self.series) + 1))
        points = [
            over_time(aggregation.function, aggregation.parameter, instants[a:b], values[a:b], window)
            for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        ]
        labels: list[Labels] = [dict(key) for key in self.series]
        return Frame(labels, np.array([v for v, _ in points]), np.array([p for _, p in points]))
