"""The real store, whose next jobs of the write path fail or wait when a test says so."""

import asyncio
from collections.abc import Callable
from typing import Any

from kit.chdb_store import shared_store
from whodid.store.store import Connection, StoreError


class ShakyStore:
    """See store.Store."""

    def __init__(self) -> None:
        self._store = shared_store()
        self.failing = 0
        """How many of the next inserts of lines fail."""
        self.broken_off = False
        """Whether they are done before they fail, as when the server is killed behind an insert."""
        self.gate: asyncio.Event | None = None
        self.jobs = 0

    async def appending(self, work: Callable[[Connection], Any]) -> Any:
        self.jobs += 1
        if self.gate is not None:
            await self.gate.wait()
        return await self._store.appending(lambda connection: work(_Shaky(connection, self)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Shaky:
    """See store.Connection."""

    def __init__(self, connection: Connection, house: ShakyStore) -> None:
        self._connection, self._house = connection, house
        self.select = connection.select

    def write(self, sql: str) -> int:
        fails = sql.startswith("INSERT INTO lines") and self._house.failing > 0
        if fails:
            self._house.failing -= 1
        if fails and not self._house.broken_off:
            raise StoreError("no space left on device", "NOT_ENOUGH_SPACE")
        written = self._connection.write(sql)
        if fails:
            raise StoreError("broken off", "ABORTED")
        return written
