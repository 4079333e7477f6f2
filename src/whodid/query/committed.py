"""Log queries over the rows of newly committed sequence numbers: live tails and instant rules.

Every tail and rule is woken by the same commit, so the rows of a small range are fetched once and shared; each query
then runs its stages over them in Python. Of a wide range (a load, or a client that comes back after an hour) one scan
fetches only what the engine cannot tell that no query keeps.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import pyarrow as pa

from whodid.logql.ast import LogQuery
from whodid.model.entry import Labels
from whodid.model.result import Row
from whodid.query import planner, statements
from whodid.query.line import Line
from whodid.query.scan import Select, StoredRow, stored_rows
from whodid.query.selector import select as select_streams
from whodid.query.stages import Step

_RANGES = 4
"""Ranges that are kept: tails and rules that are woken together do not all ask in the same moment."""
_SHARED_WIDTH = 1 << 10
"""Numbers that a shared range spans at most. Bringing a line into Python costs about 10 µs and a filter in the engine
about 5 ms, so what a trickle brings is fetched whole, and of a full commit only what some query may keep."""

_ByStream = Mapping[int, Sequence[StoredRow]]
_Key = tuple[str, int, int]


class CommittedRanges:
    """The latest few ranges, each fetched once however many ask for it."""

    def __init__(self) -> None:
        self._ranges: OrderedDict[_Key, asyncio.Future[_ByStream]] = OrderedDict()

    async def rows(
        self,
        queries: Sequence[LogQuery],
        first_seq: int,
        last_seq: int,
        tenant: str,
        streams: Mapping[int, Labels],
        select: Select,
    ) -> list[list[Row]]:
        """For each query the rows it keeps, in order of their numbers."""
        if last_seq - first_seq >= _SHARED_WIDTH:
            return await _wide(queries, first_seq, last_seq, streams, select)
        chosen = [select_streams(streams, query.selector.matchers) for query in queries]
        if not any(chosen):
            return [[] for _ in queries]
        rows = await self._shared((tenant, first_seq, last_seq), streams, select)
        pipelines = [planner.steps(query) for query in queries]
        if not any(rows.get(stream_id) for ids in chosen for stream_id in ids):
            return [[] for _ in queries]
        work = list(zip(chosen, pipelines, strict=True))
        return await asyncio.to_thread(lambda: [_kept(rows, ids, steps) for ids, steps in work])

    def forget(self) -> None:
        """Drops the ranges: lines in them have been deleted."""
        self._ranges.clear()

    async def _shared(self, key: _Key, streams: Mapping[int, Labels], select: Select) -> _ByStream:
        future = self._ranges.get(key)
        if future is None:
            future = self._ranges[key] = asyncio.ensure_future(_fetched(key, streams, select))
            while len(self._ranges) > _RANGES:
                self._ranges.popitem(last=False)
        try:
            # One asker that goes away must not take the rows from the others.
            return await asyncio.shield(future)
        except BaseException:
            if future.done():  # it failed: the next asker tries again
                self._ranges.pop(key, None)
            raise


async def _fetched(key: _Key, streams: Mapping[int, Labels], select: Select) -> _ByStream:
    _, first_seq, last_seq = key
    table = await select(statements.committed(first_seq, last_seq, streams))
    return await asyncio.to_thread(_by_stream, table) if table.num_rows else {}


def _by_stream(table: pa.Table) -> _ByStream:
    out: dict[int, list[StoredRow]] = {}
    for row in stored_rows(table):
        out.setdefault(row.stream_id, []).append(row)
    return out


def _kept(rows: _ByStream, streams: Mapping[int, Labels], steps: Sequence[Step]) -> list[Row]:
    kept: list[Row] = []
    for stream_id, labels in streams.items():
        for _, ns, seq, text, attributes in rows.get(stream_id, ()):
            # Stages change a line in place; the row is shared.
            line = Line(ns, text, labels, attributes.copy(), seq)
            if all(step(line) for step in steps):
                kept.append(line.row())
    kept.sort(key=lambda row: row.seq)
    return kept


async def _wide(
    queries: Sequence[LogQuery], first_seq: int, last_seq: int, streams: Mapping[int, Labels], select: Select
) -> list[list[Row]]:
    """One scan for all queries: what any of them may keep; then each runs its stages over those few."""
    plans = [planner.plan(query, streams) for query in queries]
    asked = [plan for plan in plans if plan.streams]
    if not asked:
        return [[] for _ in queries]
    any_of = " OR ".join(f"({' AND '.join((statements.of_streams(p.streams), *p.conditions))})" for p in asked)
    all_streams = {stream_id for plan in asked for stream_id in plan.streams}
    table = await select(statements.committed(first_seq, last_seq, all_streams, (f"({any_of})",)))
    if not table.num_rows:
        return [[] for _ in queries]

    def kept() -> list[list[Row]]:
        rows = _by_stream(table)
        return [_kept(rows, plan.streams, planner.steps(q)) for q, plan in zip(queries, plans, strict=True)]

    return await asyncio.to_thread(kept)
