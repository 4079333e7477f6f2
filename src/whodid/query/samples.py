"""Range aggregations over lines: count_over_time, rate, bytes_over_time, bytes_rate, absent_over_time.

Those over numbers (`| unwrap`) go on to unwrapped.py. Where the engine can say every stage it counts by series and
window and only sums come back; otherwise the rows come through the pipeline in Python. `sum by (…)` around a function
that adds up is passed in as `keep`, so that both count by those labels alone.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from whodid.logql.ast import Grouping, RangeAggregation
from whodid.model.entry import Labels
from whodid.model.go_text import duration_seconds
from whodid.query import statements, unwrapped
from whodid.query.answers import answers, lines_in
from whodid.query.arrays import array_of
from whodid.query.budget import Budget
from whodid.query.frame import Frame, Mask
from whodid.query.grid import Grid, Window
from whodid.query.grouping import Key, grouped, key_of, series_of
from whodid.query.in_engine import EnginePlan, in_engine
from whodid.query.kept import PAGE_ROWS, kept_lines
from whodid.query.limits import Limits
from whodid.query.line import EXTRACTED, Line
from whodid.query.planner import Plan, plan
from whodid.query.scan import Cost, Scan, Select
from whodid.query.wanted import Wanted, wanted

_ADDITIVE = ("count_over_time", "rate", "bytes_over_time", "bytes_rate", "sum_over_time")
_NOT_HERE = -1
"""In place of a row of the tally: what the engine has counted there is in doubt, or comes with the next statement."""


def additive(aggregation: RangeAggregation) -> bool:
    """Whether `sum by (…)` of it may count by those labels at once."""
    return aggregation.function in _ADDITIVE and aggregation.grouping is None


async def evaluate(
    aggregation: RangeAggregation,
    streams: Mapping[int, Labels],
    grid: Grid,
    keep: Grouping | None,
    select: Budget,
    limits: Limits,
    cost: Cost,
) -> Frame:
    """The series of a range aggregation, grouped by `keep` if that is given."""
    name = aggregation.function
    if name == "absent_over_time":
        keep = Grouping(())
    window = Window.of(grid, aggregation.range.range_ns, aggregation.range.offset_ns)
    of_lines = aggregation.range.query
    needs = wanted(of_lines, aggregation.range.unwrap, keep or aggregation.grouping)
    planned = plan(needs.reduced(of_lines), streams)
    if aggregation.range.unwrap is not None:
        frame = await unwrapped.evaluate(aggregation, planned, window, keep, needs, select, limits, cost)
        return _absent(aggregation, np.asarray(frame.present.any(axis=0))) if name == "absent_over_time" else frame
    tally = _Tally(window.points, limits)
    if planned.streams:
        with_bytes = name.startswith("bytes")
        left = await _count_in_engine(planned, needs, aggregation, window, keep, tally, select, cost)
        if left is not None:
            await _count_in_python(left, window, keep, with_bytes, needs, tally, select, cost)
    if name == "absent_over_time":
        return _absent(aggregation, tally.seen())
    seconds = duration_seconds(aggregation.range.range_ns) if name.endswith("rate") else 1.0
    return tally.frame(seconds, of_bytes=name.startswith("bytes"))


class _Tally:
    """Counts by series and point, kept as differences: a line of the points a…b adds at a and takes away behind b."""

    def __init__(self, points: int, limits: Limits) -> None:
        self._points, self._limits = points, limits
        self._rows: dict[Key, int] = {}
        self._lines = np.zeros((16, points + 1), dtype=np.int64)
        self._bytes = np.zeros((16, points + 1), dtype=np.int64)

    def row(self, key: Key) -> int:
        """The number of a series, new or known."""
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = len(self._rows)
            if row >= len(self._lines):
                self._limits.check_cells(2 * row, self._points)
                self._lines = np.concatenate([self._lines, np.zeros_like(self._lines)])
                self._bytes = np.concatenate([self._bytes, np.zeros_like(self._bytes)])
        return row

    def add(
        self,
        rows: Sequence[int] | np.ndarray,
        first: np.ndarray,
        last: np.ndarray,
        counts: np.ndarray,
        sizes: np.ndarray,
    ) -> None:
        """Adds many cells at once."""
        at = np.asarray(rows, dtype=np.intp)
        for table, amounts in ((self._lines, counts), (self._bytes, sizes)):
            np.add.at(table, (at, first), amounts)
            np.subtract.at(table, (at, last + 1), amounts)

    def frame(self, divisor: float, of_bytes: bool) -> Frame:
        labels = [dict(key) for key in self._rows]
        lines_at = np.cumsum(self._lines[: len(labels), :-1], axis=1)
        totals = np.cumsum(self._bytes[: len(labels), :-1], axis=1) if of_bytes else lines_at
        return Frame(labels, totals / divisor, lines_at > 0)

    def seen(self) -> Mask:
        """Points at which there is any line."""
        return np.asarray((np.cumsum(self._lines[:, :-1], axis=1) > 0).any(axis=0))


def _absent(aggregation: RangeAggregation, seen: Mask) -> Frame:
    """1 where nothing is, labelled by what the selector says for sure."""
    matchers = aggregation.range.query.selector.matchers
    names = [matcher.name for matcher in matchers]
    labels = {m.name: m.value for m in matchers if m.op == "=" and m.value and names.count(m.name) == 1}
    return Frame([labels], np.ones((1, len(seen))), ~seen[np.newaxis, :])


# ---- in the engine ------------------------------------------------------------------------------------------------


async def _count_in_engine(
    plan: Plan,
    needs: Wanted,
    aggregation: RangeAggregation,
    window: Window,
    keep: Grouping | None,
    tally: _Tally,
    select: Budget,
    cost: Cost,
) -> Plan | None:
    """Counts what the engine can. The plan of the rows that are left to Python; None: nothing is left."""
    with_bytes = aggregation.function.startswith("bytes")
    if plan.in_engine:
        done = await _count_stored(plan, window, keep, with_bytes, tally, select, cost)
        return None if done else plan
    engine = in_engine(needs.reduced(aggregation.range.query), plan, needs, None)
    if engine is None or keep is None or keep.without:
        return plan
    names = sorted(name for name in set(keep.labels) if name in engine.text.labels)

    async def ask(way: EnginePlan) -> pa.Table:
        return await select(statements.tallies(plan, way, window, names, with_bytes=with_bytes), eager=True)

    in_doubt = 0
    for table in await answers(engine, ask, select):
        if table.num_rows:
            _add_parsed(table, names, window, tally, cost)
            in_doubt += lines_in(table, {statements.IN_DOUBT})
    return engine.left_to_python(plan) if in_doubt else None


def _add_parsed(table: pa.Table, names: Sequence[str], window: Window, tally: _Tally, cost: Cost) -> None:
    """Adds what was counted by labels out of the lines."""
    sure = (array_of(table["state"]) == statements.KEPT).tolist()
    series = zip(sure, *(table[f"key_{i}"].to_pylist() for i in range(len(names))), strict=True)
    known: dict[tuple[str, ...], int] = {}
    rows: list[int] = []
    for is_sure, *values in series:
        row = known.get(tuple(values)) if is_sure else _NOT_HERE
        if row is None:
            row = known[tuple(values)] = tally.row(key_of(dict(zip(names, values, strict=True))))
        rows.append(row)
    _add(table, rows, window, tally, cost)


def _add(table: pa.Table, rows: Sequence[int], window: Window, tally: _Tally, cost: Cost) -> None:
    """Adds what was counted to the series of each row."""
    place = np.asarray(rows, dtype=np.intp)
    counted = place != _NOT_HERE
    counts = array_of(table["lines"]).astype(np.int64)
    sizes = array_of(table["bytes"]).astype(np.int64)
    cost.lines += int(counts[counted].sum())
    cost.bytes += int(sizes[counted].sum())
    first, last = statements.places(table, window)
    inside = counted & (first <= last)
    tally.add(place[inside], first[inside], last[inside], counts[inside], sizes[inside])


async def _count_stored(
    plan: Plan, window: Window, keep: Grouping | None, with_bytes: bool, tally: _Tally, select: Select, cost: Cost
) -> bool:
    """Counts by labels that the lines came with. False, and nothing counted, if a row needs Python to be read."""
    names = _columns(plan, keep)
    if names is None:
        keys, by_stream = ["metadata", "detected_level"], True
    else:
        keys = [statements.metadata_key(name) for name in names]
        by_stream = keep is not None and any(name in labels for labels in plan.streams.values() for name in keep.labels)
    table = await select(statements.counts(plan, window, by_stream=by_stream, keys=keys, with_bytes=with_bytes))
    if table.num_rows == 0:
        return True
    if plan.suspects and any(table["suspect"].to_pylist()):
        return False
    columns = [table[f"key_{i}"].to_pylist() for i in range(len(keys))]
    ids: list[int | None] = table["stream_id"].to_pylist() if by_stream else [None] * table.num_rows
    of_group = grouped(keep)
    known: dict[object, int] = {}
    rows: list[int] = []
    for stream_id, *values in zip(ids, *columns, strict=True):
        series = (stream_id, *values) if names is not None else (stream_id, tuple(values[0]), values[1])
        row = known.get(series)
        if row is None:
            stream = plan.streams[stream_id] if stream_id is not None else {}
            row = known[series] = tally.row(key_of(of_group(_labels(stream, names, values))))
        rows.append(row)
    _add(table, rows, window, tally, cost)
    return True


def _labels(stream: Labels, names: Sequence[str] | None, values: Sequence[Any]) -> Labels:
    """The labels of a counted series: those asked for, or all (`values`: the metadata and the level)."""
    if names is not None:
        return {**dict(zip(names, values, strict=True)), **stream}
    metadata, level = values
    return Line(0, "", stream, {**dict(metadata), **({"detected_level": level} if level else {})}).labels()


def _columns(plan: Plan, keep: Grouping | None) -> list[str] | None:
    """The labels that must be read from each row to group by `keep`; None: all of them."""
    if keep is None or keep.without or any(name.endswith(EXTRACTED) for name in keep.labels):
        return None
    return [name for name in keep.labels if not all(name in labels for labels in plan.streams.values())]


# ---- in Python ----------------------------------------------------------------------------------------------------


async def _count_in_python(
    plan: Plan,
    window: Window,
    keep: Grouping | None,
    with_bytes: bool,
    needs: Wanted,
    tally: _Tally,
    select: Budget,
    cost: Cost,
) -> None:
    scan = Scan(plan, window.begin_ns, window.end_ns, False, (PAGE_ROWS, PAGE_ROWS), cost)
    size = _size if with_bytes else _nothing
    async for page in scan.pages(select):
        await asyncio.to_thread(_count_page, page, plan, window, series_of(keep, outer=True), size, needs, tally)


def _size(line: Line) -> float:
    return len(line.text.encode())


def _nothing(line: Line) -> float:
    return 0


def _count_page(
    page: pa.Table,
    plan: Plan,
    window: Window,
    series: Callable[[Line], Key],
    size: Callable[[Line], float],
    needs: Wanted,
    tally: _Tally,
) -> None:
    rows: list[int] = []
    instants: list[int] = []
    sizes: list[float] = []
    for line, size_bytes in kept_lines(page, plan, size, window, needs):
        rows.append(tally.row(series(line)))
        instants.append(line.ns)
        sizes.append(size_bytes)
    first, last = window.points_of(np.asarray(instants, dtype=np.int64))
    inside = first <= last
    numbers = np.asarray(rows, dtype=np.intp)[inside]
    amounts = np.asarray(sizes, dtype=np.int64)[inside]
    tally.add(numbers.tolist(), first[inside], last[inside], np.ones(len(numbers), dtype=np.int64), amounts)
