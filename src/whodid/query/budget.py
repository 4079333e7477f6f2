"""What one query may take: its statements, within a time and an amount of memory, over lines that have settled.

In a flood lines are acknowledged a moment before they are in the table (ingest/backlog.py). Who pushes and then asks
must see those lines, so a query waits for them once, before its first statement. Made by engine.py, for itself and for
those who ask about the store (labels.py, volume.py, …).
"""

import asyncio
from collections.abc import Awaitable, Callable

import pyarrow as pa

from whodid.model.clock import Clock
from whodid.query.errors import QueryError, QueryTimeout
from whodid.query.limits import Limits
from whodid.store.store import Reader, StoreError

Settled = Callable[[], Awaitable[int]]
"""Returns, once all that was acknowledged before the call is in the table, the last sequence number there."""


class Budget:
    """Of one query; a Select (scan.py). The engine's refusals become the asker's words."""

    def __init__(self, reader: Reader, settled: Settled, limits: Limits, clock: Clock) -> None:
        self._reader, self._settled, self._limits, self._clock = reader, settled, limits, clock
        self._began_s = clock.monotonic_s()
        self._last_seq: int | None = None

    @property
    def spent_s(self) -> float:
        """Since the query was asked."""
        return self._clock.monotonic_s() - self._began_s

    async def last_seq(self) -> int:
        """The number up to which the query must see all lines; it may see later ones. Raises QueryTimeout."""
        if self._last_seq is None:
            try:
                async with asyncio.timeout(self._left_s()):
                    self._last_seq = await self._settled()
            except TimeoutError:
                raise QueryTimeout from None
        return self._last_seq

    async def __call__(self, sql: str, *, eager: bool = False) -> pa.Table:
        """`eager` as in Reader.select. Raises QueryTimeout, QueryError of too much memory, StoreError."""
        await self.last_seq()
        try:
            return await self._reader.select(
                sql, timeout_s=self._left_s(), memory_bytes=self._limits.memory_bytes, eager=eager
            )
        except StoreError as e:
            if e.code == "TIMEOUT_EXCEEDED":
                raise QueryTimeout from None
            if e.code == "MEMORY_LIMIT_EXCEEDED":
                raise QueryError(
                    f"the query needs more than {self._limits.memory_bytes >> 20} MiB of memory; "
                    "ask for a shorter range, a narrower selector or fewer groups"
                ) from None
            raise

    def _left_s(self) -> float:
        left_s = self._limits.timeout_s - self.spent_s
        if left_s <= 0:
            raise QueryTimeout
        return left_s
