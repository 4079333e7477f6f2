"""Range aggregations over numbers that lines carry (`| unwrap`): from rows to a frame.

Where the engine can say the stages (in_engine.py), numbers come back as lists for each series; other rows, and those
in doubt, come through the pipeline in Python, page by page. What is kept of each is a series, an instant and a
number. over_time.py makes points of them. The counterpart for lines that are only counted is samples.py, which calls
this.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from whodid.logql.ast import Grouping, RangeAggregation, Unwrap
from whodid.model.entry import Labels
from whodid.query import statements, unwrap
from whodid.query.answers import answers, lines_in
from whodid.query.arrays import list_of
from whodid.query.budget import Budget
from whodid.query.frame import Floats, Frame
from whodid.query.grid import Instants, Places, Window
from whodid.query.grouping import Key, key_of, series_of, whole
from whodid.query.in_engine import EnginePlan, in_engine
from whodid.query.kept import PAGE_ROWS, kept_lines
from whodid.query.limits import Limits
from whodid.query.line import Line
from whodid.query.over_time import over_time
from whodid.query.planner import Plan
from whodid.query.scan import Cost, Scan, Select
from whodid.query.wanted import Wanted
from whodid.store.store import StoreError

_ANY_ORDER = frozenset(("quantile_over_time", "min_over_time", "max_over_time", "absent_over_time"))
"""Functions that give the same for the samples of one instant in any order."""


async def evaluate(
    aggregation: RangeAggregation,
    plan: Plan,
    window: Window,
    keep: Grouping | None,
    wanted: Wanted,
    select: Budget,
    limits: Limits,
    cost: Cost,
) -> Frame:
    """The series of the aggregation. `keep` is the grouping of a `sum` around it."""
    assert aggregation.range.unwrap is not None
    by = _by(aggregation.range.unwrap, keep or aggregation.grouping)
    samples = _Samples(series_of(by, outer=True) if keep else _whole_if_failed(series_of(by)), limits)
    value = unwrap.apply(aggregation.range.unwrap)
    # Lines whose failure is asked for keep all their labels, which only Python knows.
    known = wanted if keep else replace(wanted, keeps_parse_errors=False)
    left = await _from_engine(aggregation, plan, window, by, known, samples, select, cost) if plan.streams else None
    if left is not None:
        scan = Scan(left, window.begin_ns, window.end_ns, False, (PAGE_ROWS, PAGE_ROWS), cost)
        async for page in scan.pages(select):
            await asyncio.to_thread(samples.take, page, left, value, window, wanted)
    return await asyncio.to_thread(samples.frame, aggregation, window)


async def _from_engine(
    aggregation: RangeAggregation,
    plan: Plan,
    window: Window,
    by: Grouping,
    wanted: Wanted,
    samples: "_Samples",
    select: Budget,
    cost: Cost,
) -> Plan | None:
    """Takes the samples that the engine finds. The plan of the rows that are left to Python; None: nothing is left."""
    engine = in_engine(wanted.reduced(aggregation.range.query), plan, wanted, aggregation.range.unwrap)
    if engine is None or by.without:
        return plan
    names = sorted(name for name in set(by.labels) if name in engine.text.labels)
    in_order = aggregation.function not in _ANY_ORDER

    async def ask(way: EnginePlan) -> pa.Table:
        sql = statements.numbers(plan, way, window, names, in_order=in_order)
        return await _few_enough(sql, samples.limits, select)

    in_doubt = 0
    for table in await answers(engine, ask, select):
        await _take(table, names, samples, cost, in_order=in_order)
        in_doubt += lines_in(table, {statements.IN_DOUBT})
    return engine.left_to_python(plan) if in_doubt else None


async def _take(table: pa.Table, names: Sequence[str], samples: "_Samples", cost: Cost, *, in_order: bool) -> None:
    """The samples of a table of `statements.numbers`."""
    for row in range(table.num_rows):
        if table["state"][row].as_py() != statements.KEPT:
            continue
        values = [table[f"key_{i}"][row].as_py() for i in range(len(names))]
        cost.lines += table["lines"][row].as_py()
        columns = [list_of(table[name], row) for name in ("instants", "amounts", *["seqs"] * in_order)]
        await asyncio.to_thread(samples.add, key_of(dict(zip(names, values, strict=True))), *columns)


def _whole_if_failed(series: Callable[[Line], Key]) -> Callable[[Line], Key]:
    """The aggregation's own grouping does not take in lines that are kept with `__error__`."""
    return lambda line: whole(line) if line.error else series(line)


async def _few_enough(sql: str, limits: Limits, select: Select) -> pa.Table:
    """What the statement finds; refused by the engine if it is too much, before gigabytes of numbers come over."""
    taken = f"state IN ({statements.KEPT}, {statements.IN_DOUBT})"
    counted = f"SELECT *, sumIf(lines, {taken}) OVER () AS all_lines FROM (\n{sql}\n)"
    try:
        return await select(f"SELECT * FROM ({counted}) WHERE NOT throwIf(all_lines > {limits.max_cells})", eager=True)
    except StoreError as e:
        if e.code == "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO":
            limits.check_samples(limits.max_cells + 1)
        raise


def _by(unwrapped: Unwrap, grouping: Grouping | None) -> Grouping:
    """The labels of a series. The unwrapped one is not among them unless it is asked for by name."""
    if grouping is None:
        return Grouping((unwrapped.label,), without=True)
    if grouping.without:
        return Grouping((*grouping.labels, unwrapped.label), without=True)
    return grouping


@dataclass(slots=True)
class _Samples:
    """All numbers of the query: for each its series, instant and value."""

    series_of: Callable[[Line], Key]
    limits: Limits
    count: int = 0
    series: dict[Key, int] = field(default_factory=dict)
    rows: list[Places] = field(default_factory=list)
    instants: list[Instants] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    seqs: list[Instants] = field(default_factory=list)
    """What orders the samples of one instant."""

    def add(self, key: Key, instants: Instants, values: Floats, seqs: Instants | None = None) -> None:
        """Samples of one series, in any order; without `seqs` only for functions that do not ask for the order."""
        row = self.series.setdefault(key, len(self.series))
        self._append(
            np.full(len(instants), row, dtype=np.int64),
            instants.astype(np.int64),
            values.astype(np.float64),
            np.zeros(len(instants), dtype=np.int64) if seqs is None else seqs.astype(np.int64),
        )

    def take(self, page: pa.Table, plan: Plan, value: unwrap.Value, window: Window, wanted: Wanted) -> None:
        """The samples of a page."""
        rows: list[int] = []
        instants: list[int] = []
        values: list[float] = []
        seqs: list[int] = []
        for line, number in kept_lines(page, plan, value, window, wanted):
            rows.append(self.series.setdefault(self.series_of(line), len(self.series)))
            instants.append(line.ns)
            values.append(number)
            seqs.append(line.seq)
        self._append(
            np.array(rows, dtype=np.int64),
            np.array(instants, dtype=np.int64),
            np.array(values, dtype=np.float64),
            np.array(seqs, dtype=np.int64),
        )

    def _append(self, rows: Places, instants: Instants, values: Floats, seqs: Instants) -> None:
        self.count += len(rows)
        self.limits.check_samples(self.count)
        self.rows.append(rows)
        self.instants.append(instants)
        self.values.append(values)
        self.seqs.append(seqs)

    def frame(self, aggregation: RangeAggregation, window: Window) -> Frame:
        """The points of every series."""
        self.limits.check_cells(len(self.series), window.points)
        if not self.series:
            return Frame.empty(window.points)
        rows = np.concatenate(self.rows)
        order = np.lexsort((np.concatenate(self.seqs), np.concatenate(self.instants), rows))
        instants, values = np.concatenate(self.instants)[order], np.concatenate(self.values)[order]
        edges = np.searchsorted(rows[order], np.arange(len(self.series) + 1))
        points = [
            over_time(aggregation.function, aggregation.parameter, instants[a:b], values[a:b], window)
            for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        ]
        labels: list[Labels] = [dict(key) for key in self.series]
        return Frame(labels, np.array([v for v, _ in points]), np.array([p for _, p in points]))
