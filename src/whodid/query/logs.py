"""Log queries: rows of a span of time through the pipeline, until the limit is filled.

Identical lines of one stream at one instant are one line. Rows of the same instant are ordered by their labels.
"""

import asyncio
from collections.abc import Iterator

import pyarrow as pa

from whodid.model.labels import format_labels
from whodid.model.result import Row
from whodid.query.planner import Plan
from whodid.query.scan import Cost, Scan, Select, lines

_PAGE_ROWS = (400, 20_000)
"""Least and most rows of a page when Python may drop some: little to read in vain at first, then worth a statement."""
_SPARE_ROWS = 16
"""Rows above the limit that make up for lines stored twice."""


class Collector:
    """Takes lines in order of time and keeps those the query returns."""

    def __init__(self, plan: Plan, limit: int, interval_ns: int) -> None:
        self.rows: list[Row] = []
        self._plan, self._limit, self._interval_ns = plan, limit, interval_ns
        self._ns: int | None = None
        self._same_instant: set[tuple[int, str]] = set()
        self._kept_ns: int | None = None

    @property
    def full(self) -> bool:
        return len(self.rows) >= self._limit

    def take(self, page: pa.Table) -> None:
        """Runs the pipeline over a page, as far as the limit allows."""
        for stream_id, line in lines(page, self._plan):
            if line.ns != self._ns:
                self._ns = line.ns
                self._same_instant.clear()
            identity = (stream_id, line.text)
            if identity in self._same_instant:
                continue
            self._same_instant.add(identity)
            if self._plan.keeps(line) and self._spaced(line.ns):
                self.rows.append(line.row())
                if self.full:
                    return

    def _spaced(self, ns: int) -> bool:
        if self._interval_ns and self._kept_ns is not None and abs(ns - self._kept_ns) < self._interval_ns:
            return False
        self._kept_ns = ns
        return True


async def run(
    plan: Plan, begin_ns: int, end_ns: int, *, limit: int, newest_first: bool, interval_ns: int, select: Select
) -> tuple[list[Row], Cost]:
    """The rows of [begin, end), at most `limit`, in the order asked for."""
    thinned = (plan.drops and not plan.narrow) or interval_ns > 0
    least, most = _PAGE_ROWS
    first = min(max(least, 8 * limit), most) if thinned else limit + _SPARE_ROWS
    scan = Scan(plan, begin_ns, end_ns, newest_first, (first, max(first, most)))
    collector = Collector(plan, limit, interval_ns)
    async for page in scan.pages(select):
        await asyncio.to_thread(collector.take, page)
        if collector.full:
            break
    return _ordered(collector.rows, newest_first), scan.cost


def _ordered(rows: list[Row], newest_first: bool) -> list[Row]:
    """Rows of one instant by their labels; the pages have put the instants in order."""
    out: list[Row] = []
    for same in _instants(rows):
        if len(same) > 1:
            same.sort(key=lambda row: format_labels({**row.labels, **row.metadata, **row.parsed}), reverse=newest_first)
        out += same
    return out


def _instants(rows: list[Row]) -> Iterator[list[Row]]:
    begin = 0
    for i in range(1, len(rows) + 1):
        if i == len(rows) or rows[i].ns != rows[begin].ns:
            yield rows[begin:i]
            begin = i
