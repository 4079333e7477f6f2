"""A query engine over the shared chDB store, with lines that a test loads under a tenant of its own."""

import itertools
from collections.abc import Iterable, Mapping

from kit.chdb_store import shared_store
from kit.stepped_clock import SteppedClock
from whodid.model.clock import SECOND
from whodid.model.result import Row, Streams
from whodid.query.engine import Engine, RangeRequest
from whodid.query.limits import Limits
from whodid.store.sql import LINE_COLUMNS, quote, quote_list
from whodid.store.streams import StreamIndex, stream_id

BASE_NS = 1_767_607_200 * SECOND
"""2026-01-05 10:00:00 UTC, a Monday."""

_SHAPE = "'s UInt64, t Int64, n UInt64, l String, m Map(String, String), d String, k UInt64'"
_sequence = itertools.count(1)
_tenants = itertools.count(1)

Line = tuple[int, str, Mapping[str, str]]
"""Instant in ns, text, structured metadata."""


class QueryBench:
    """`load`, then ask `engine`."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.tenant = f"test-{next(_tenants)}"
        self.store = shared_store()
        self.index = StreamIndex(self.store)
        self.clock = SteppedClock()
        self.engine = Engine(self.store, self._settled, self.index, self.clock, limits or Limits())
        self.last_seq = 0

    async def load(self, labels: Mapping[str, str], lines: Iterable[Line]) -> tuple[int, int]:
        """Stores lines of one stream; the first and last of their sequence numbers."""
        number = stream_id(self.tenant, labels)
        await self.index.add(self.tenant, {number: dict(labels)})
        rows, seq = [], 0
        first = next(_sequence)
        for seq, (ns, text, metadata) in zip(itertools.chain([first], _sequence), lines, strict=False):
            attributes = {name: value for name, value in metadata.items() if name != "detected_level"}
            columns = f"mapFromArrays({quote_list(attributes)}, {quote_list(attributes.values())})"
            level = quote(metadata.get("detected_level", ""))
            rows.append(f"({number}, {ns}, {seq}, {quote(text)}, {columns}, {level}, 0)")
        for begin in range(0, len(rows), 1000):
            values = ", ".join(rows[begin : begin + 1000])
            await self.store.write(f"INSERT INTO lines ({LINE_COLUMNS}) SELECT * FROM VALUES({_SHAPE}, {values})")
        self.last_seq = seq
        return first, seq

    async def _settled(self) -> int:
        return self.last_seq

    async def rows(
        self, query: str, *, begin_s: float = 0, end_s: float = 3600, limit: int = 1000, forward: bool = True
    ) -> list[Row]:
        """Rows of a log query; times in seconds from BASE_NS."""
        request = RangeRequest(
            query,
            BASE_NS + int(begin_s * SECOND),
            BASE_NS + int(end_s * SECOND),
            SECOND,
            limit,
            "forward" if forward else "backward",
            tenant=self.tenant,
        )
        result = await self.engine.range(request)
        assert isinstance(result, Streams)
        return result.rows

    async def texts(self, query: str, **options: float) -> list[str]:
        return [row.line for row in await self.rows(query, **options)]  # type: ignore[arg-type]
