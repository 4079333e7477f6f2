"""Reading rows of the store in order of time, page by page, so that a query can stop when it has enough.

Spans of time grow while they hold little and shrink when a page is full; a full page is continued behind its last
row. So the newest hundred lines of a busy store read a few minutes of it, and a needle in a quiet month takes few
statements. The lines of a single stream lie in order of time, and the engine stops by itself where a page is full: of
them a day, which is one partition, is asked at once.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, Protocol

import pyarrow as pa

from whodid.model.clock import SECOND
from whodid.model.entry import Labels
from whodid.query import statements
from whodid.query.line import Line
from whodid.query.planner import Plan


class Select(Protocol):
    """Runs a statement within the query's time and memory."""

    async def __call__(self, sql: str, *, eager: bool = False) -> pa.Table:
        """`eager`: see store.Reader."""
        ...


_FIRST_SPAN_NS, _FIRST_SPAN_OF_ONE_NS = 30 * SECOND, 86_400 * SECOND
_GROWTH, _GROWTH_OF_PAGES = 8, 4


@dataclass(slots=True)
class Cost:
    """What a query has read so far."""

    lines: int = 0
    bytes: int = 0

    def add(self, page: pa.Table) -> None:
        self.lines += page.num_rows
        self.bytes += int(page.nbytes)


@dataclass(slots=True)
class Scan:
    """One pass over the rows that a plan's SQL keeps."""

    plan: Plan
    begin_ns: int
    end_ns: int
    newest_first: bool
    page_rows: tuple[int, int]
    """Of the first page, and at most: where one was not enough, pages grow."""
    cost: Cost = field(default_factory=Cost)

    async def pages(self, select: Select) -> AsyncIterator[pa.Table]:
        """Pages of rows, in order of (ts, seq) or its reverse."""
        begin, end = self.begin_ns, self.end_ns
        span = _FIRST_SPAN_OF_ONE_NS if len(self.plan.streams) == 1 else _FIRST_SPAN_NS
        after: tuple[int, int] | None = None
        page_rows, most_rows = self.page_rows
        while begin < end and self.plan.streams:
            low, high = (max(begin, end - span), end) if self.newest_first else (begin, min(end, begin + span))
            sql = statements.page(self.plan, low, high, newest_first=self.newest_first, after=after, rows=page_rows)
            rows = await select(sql, eager=self.plan.eager)
            self.cost.add(rows)
            if rows.num_rows:
                yield rows
            if rows.num_rows < page_rows:
                begin, end = (begin, low) if self.newest_first else (high, end)
                after, span = None, span * _GROWTH
                continue
            ts, seq = rows["ts"][-1].as_py(), rows["seq"][-1].as_py()
            after = (ts, seq)
            page_rows = min(page_rows * _GROWTH_OF_PAGES, most_rows)
            # The next page needs about as much time as this one did, and reads no further than it must.
            if self.newest_first:
                end, span = ts + 1, max(SECOND, 2 * (high - ts))
            else:
                begin, span = ts, max(SECOND, 2 * (ts - low))


class StoredRow(NamedTuple):
    """A row of `lines` as Python values; `attributes` are the metadata with the detected level."""

    stream_id: int
    ns: int
    seq: int
    text: str
    attributes: Labels


def stored_rows(page: pa.Table) -> Iterator[StoredRow]:
    """The rows of a page."""
    columns = (page[name].to_pylist() for name in ("stream_id", "ts", "seq", "line", "detected_level"))
    for stream_id, ns, seq, text, level, attributes in zip(*columns, _maps(page["metadata"]), strict=True):
        if level:
            attributes["detected_level"] = level
        yield StoredRow(stream_id, ns, seq, text, attributes)


def lines(page: pa.Table, plan: Plan) -> Iterator[tuple[int, Line]]:
    """The rows of a page as lines, each with its stream's id."""
    streams = plan.streams
    for stream_id, ns, seq, text, attributes in stored_rows(page):
        yield stream_id, Line(ns, text, streams[stream_id], attributes, seq)


def _maps(column: pa.ChunkedArray) -> Iterator[Labels]:
    """A map column as dicts. Keys and values are taken out whole: row by row, pyarrow takes five times as long."""
    for chunk in column.chunks:
        keys, values = chunk.keys.to_pylist(), chunk.items.to_pylist()
        offsets = chunk.offsets.to_pylist()
        for begin, end in pairwise(offsets):
            yield dict(zip(keys[begin:end], values[begin:end], strict=True))
