"""Which lines a delete request names: SQL conditions on rows of `lines`, and how many they are.

A query that the engine can say exactly becomes one condition. Where stages run in Python (parsers, templates) the lines
are looked through once and named by their numbers. Only lines that are stored when the request comes are named, never
later ones. Called through server.py by ingest/deletes.py, which carries it out.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.query import planner, statements
from whodid.query.errors import QueryError
from whodid.query.export import Exporter, Wanted
from whodid.query.limits import Limits
from whodid.query.scan import lines
from whodid.store.store import Store
from whodid.store.streams import StreamIndex

MAX_PICKED = 1_000_000
"""Lines that a request may name by number; beyond that it must be said by labels and line filters."""
_NUMBERS_IN_ONE = 50_000


@dataclass(frozen=True, slots=True)
class Doomed:
    """What a request deletes."""

    conditions: tuple[str, ...]
    """SQL; a row goes if any holds."""
    lines: int


class Chooser:
    """Finds the lines that delete requests name, in one store."""

    def __init__(self, store: Store, index: StreamIndex, limits: Limits) -> None:
        self._store, self._index, self._limits = store, index, limits

    async def choose(self, query: str, start_ns: int, end_ns: int, numbers: tuple[int, int], tenant: str) -> Doomed:
        """The lines of [start, end], both included, whose numbers are above the first and up to the second.

        Raises LogQLError, QueryError.
        """
        tree = parse(query)
        if not isinstance(tree, LogQuery):
            raise QueryError("a delete request takes a log query: a selector, and filters")
        plan = planner.plan(tree, self._index.streams(tenant))
        if not plan.streams:
            return Doomed((), 0)
        wanted = Wanted(query, start_ns, end_ns + 1, numbers[1], tenant, numbers[0])
        # A condition stays with its request; a hint is for this engine and this minute.
        plan = replace(plan, conditions=(*plan.conditions, *wanted.numbered), hints=())
        if plan.steps:
            return await self._picked(plan, wanted)
        condition = statements.where(plan, start_ns, end_ns + 1)
        table = await self._store.select(
            f"SELECT count() AS lines\nFROM lines\nWHERE {condition}",
            timeout_s=self._limits.timeout_s,
            memory_bytes=self._limits.memory_bytes,
        )
        count = int(table["lines"][0].as_py())
        return Doomed((condition,), count) if count else Doomed((), 0)

    async def _picked(self, plan: planner.Plan, wanted: Wanted) -> Doomed:
        """The lines that the pipeline keeps, by their numbers."""
        numbers: list[int] = []

        def pick(page: pa.Table) -> list[int]:
            return [line.seq for _, line in lines(page, plan) if plan.keeps(line)]

        async for page in Exporter(self._store, self._index, self._limits).stored(plan, wanted):
            numbers += await asyncio.to_thread(pick, page)
            if len(numbers) > MAX_PICKED:
                raise QueryError(
                    f"the request names more than {MAX_PICKED} lines by what parsers find in them; "
                    "narrow the time, or name the lines by labels and line filters"
                )
        bare = replace(plan, conditions=())
        within = statements.where(bare, wanted.start_ns, wanted.end_ns)
        parts = tuple(f"{within}\n  AND seq IN ({', '.join(map(str, some))})" for some in _batches(numbers))
        return Doomed(parts, len(numbers))


def _batches(numbers: list[int]) -> Iterator[list[int]]:
    for begin in range(0, len(numbers), _NUMBERS_IN_ONE):
        yield numbers[begin : begin + _NUMBERS_IN_ONE]
