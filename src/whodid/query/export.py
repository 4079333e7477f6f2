"""Exports: all lines of a log query, page after page in order of time, however many they are.

Two pages are in memory at a time; whoever consumes the pages sets the pace. Bounded by bytes, not by lines: a page is
smaller where lines are long. What is committed while it runs is not part of it, so the order (instant, then number) is
stable and the answer whole. Called by api/routes/export.py; logs.py answers queries with a limit.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar

import pyarrow as pa

from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.model.clock import SECOND
from whodid.model.result import Row
from whodid.query import planner, statements
from whodid.query.beside import narrowed
from whodid.query.errors import QueryError
from whodid.query.limits import Limits
from whodid.query.logs import Collector
from whodid.store.store import Store, StoreError
from whodid.store.streams import StreamIndex

PAGE_BYTES = 4 << 20
"""What a page aims at; it is held twice, as columns and as the bytes that go out."""
PAGE_ROWS = (1_000, 20_000)
"""The first page, and the largest."""
FIRST_SPAN_NS = 60 * SECOND
_GROWTH = 6
_WITHOUT_END = 1 << 62

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export: the lines of [start, end) that are numbered after `after_seq`, up to `last_seq`."""

    query: str
    start_ns: int
    end_ns: int
    last_seq: int
    tenant: str
    after_seq: int = 0

    @property
    def numbered(self) -> tuple[str, ...]:
        """Conditions on the number."""
        begin = (f"seq > {self.after_seq}",) if self.after_seq else ()
        return (*begin, f"seq <= {self.last_seq}")


class Exporter:
    """Exports from one store."""

    def __init__(self, store: Store, index: StreamIndex, limits: Limits) -> None:
        self._store, self._index, self._limits = store, index, limits

    async def pages(
        self, wanted: Wanted, encode: Callable[[list[Row]], T]
    ) -> AsyncGenerator[tuple[int, T | None], None]:
        """Each page as `encode` makes it of its rows, with their number; `encode` runs in a thread, one at a time.

        The first comes even if nothing is left of it, as a sign that the query runs: a filter may keep nothing for
        long.
        Raises LogQLError, QueryError, StoreError.
        """
        plan = self._plan(wanted)
        collector = Collector(plan, _WITHOUT_END, 0)

        def worked(page: pa.Table) -> tuple[int, T | None]:
            collector.take(page)
            rows, collector.rows = collector.rows, []
            return len(rows), encode(rows) if rows else None

        async with aclosing(self.stored(plan, wanted)) as stored, aclosing(_ahead(stored)) as pages:
            first = True
            async for page in pages:
                count, encoded = await asyncio.to_thread(worked, page)
                if count or first:
                    yield count, encoded
                first = False

    def _plan(self, wanted: Wanted) -> planner.Plan:
        query = parse(wanted.query)
        if not isinstance(query, LogQuery):
            raise QueryError("an export takes a log query; ask query_range for the series of a metric query")
        plan = narrowed(query, planner.plan(query, self._index.streams(wanted.tenant)))
        return replace(plan, conditions=(*plan.conditions, *wanted.numbered))

    async def stored(self, plan: planner.Plan, wanted: Wanted) -> AsyncGenerator[pa.Table, None]:
        """Pages of stored rows that the engine does not rule out, in order of (ts, seq)."""
        begin, end = await self._bounds(plan, wanted)
        span, rows = FIRST_SPAN_NS, PAGE_ROWS[0]
        after: tuple[int, int] | None = None
        while begin < end:
            high = min(end, begin + span)
            sql = statements.page(plan, begin, high, newest_first=False, after=after, rows=rows)
            try:
                page = await self._select(sql)
            except StoreError as e:
                if e.code != "MEMORY_LIMIT_EXCEEDED" or rows == 1:
                    raise
                rows = max(1, rows // 8)  # very long lines: fewer of them at a time
                continue
            if page.num_rows:
                yield page
            if page.num_rows < rows:
                begin, after, span = high, None, span * _GROWTH
            else:
                ts, seq = page["ts"][-1].as_py(), page["seq"][-1].as_py()
                # The next page needs about as much time as this one did, and reads no further than it must.
                begin, after, span = ts, (ts, seq), max(SECOND // 1000, 2 * (ts - begin))
            if page.num_rows:
                fitting = PAGE_BYTES * page.num_rows // max(1, page.nbytes)
                rows = max(1, min(fitting, 4 * rows, PAGE_ROWS[1]))

    async def _bounds(self, plan: planner.Plan, wanted: Wanted) -> tuple[int, int]:
        """The span in which the streams have such lines at all."""
        if not plan.streams:
            return 0, 0
        page = await self._select(statements.bounds(plan.streams, wanted.start_ns, wanted.end_ns, wanted.numbered))
        first, last, count = page["first"][0].as_py(), page["last"][0].as_py(), page["lines"][0].as_py()
        return (first, last + 1) if count else (0, 0)

    async def _select(self, sql: str) -> pa.Table:
        return await self._store.select(sql, timeout_s=self._limits.timeout_s, memory_bytes=self._limits.memory_bytes)


async def _ahead(pages: AsyncGenerator[pa.Table, None]) -> AsyncGenerator[pa.Table, None]:
    """The pages, the next of which the engine reads while this one is encoded."""
    coming = asyncio.ensure_future(anext(pages, None))
    try:
        while (page := await coming) is not None:
            coming = asyncio.ensure_future(anext(pages, None))
            yield page
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
