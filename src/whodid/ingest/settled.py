"""The store for those who must read what they have written: a SELECT waits for what is acknowledged and not yet a row.

In a flood lines are durable a moment before they are in the table (backlog.py). A client that pushes and then asks
must see its lines; tails and rules follow the bell instead and read the store itself. Wired by server.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pyarrow as pa

from whodid.store.store import Connection, Store, StoreError, T


class SettledStore:
    """See store.Store."""

    def __init__(self, store: Store, settled: Callable[[], Awaitable[object]]) -> None:
        self._store, self._settled = store, settled

    @property
    def statements(self) -> Mapping[str, int]:
        return self._store.statements

    async def select(self, sql: str, *, timeout_s: float = 60.0, memory_bytes: int = 0) -> pa.Table:
        try:
            async with asyncio.timeout(timeout_s):
                await self._settled()
        except TimeoutError:
            raise StoreError("the lines just acknowledged are not in the table yet", "TIMEOUT_EXCEEDED") from None
        return await self._store.select(sql, timeout_s=timeout_s, memory_bytes=memory_bytes)

    async def write(self, sql: str) -> int:
        return await self._store.write(sql)

    async def appending(self, work: Callable[[Connection], T]) -> T:
        return await self._store.appending(work)

    async def in_writer(self, work: Callable[[Connection], T]) -> T:
        return await self._store.in_writer(work)

    def hide_pending(self, hide: bool) -> None:
        self._store.hide_pending(hide)

    def close(self) -> None:
        self._store.close()
