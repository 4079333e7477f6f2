"""Writes behind a reader: what arrives while a write is under way is written together by the next.

The source can be asked again (it has cursors), so nobody has to be told what is written; but one write a line, each to
the disk, would be slow. Called by docker.py.
"""

import asyncio
from collections.abc import Sequence

from whodid.sources.receiver import Inbox, Received

MOST_BYTES = 4 << 20


class WriteBehind:
    """One inbox, and what waits for it, within bounds."""

    def __init__(self, inbox: Inbox, most_bytes: int = MOST_BYTES) -> None:
        self._inbox = inbox
        self._most = most_bytes
        self._waiting: list[Received] = []
        self._waiting_bytes = 0
        self._task: asyncio.Task[None] | None = None

    async def put(self, records: Sequence[Received]) -> None:
        """Returns at once while there is room. Raises what an earlier write raised."""
        if not records:
            return
        self._waiting.extend(records)
        self._waiting_bytes += sum(len(record.line) for record in records)
        if self._task is None or (self._task.done() and not self._task.exception()):
            self._task = asyncio.create_task(self._write())
        if self._waiting_bytes > self._most or self._task.done():
            await self.flush()

    async def flush(self) -> None:
        """Returns when all is written."""
        if self._task is not None:
            await self._task

    async def close(self) -> None:
        """Gives up what is not written: the source will be asked for it again."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _write(self) -> None:
        while self._waiting:
            records, self._waiting, self._waiting_bytes = self._waiting, [], 0
            await self._inbox.put(records)
