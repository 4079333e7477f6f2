"""Many who hand in records, one inbox: what comes while a write is under way is written together by the next.

An inbox's write ends on the disk; a hundred connections that each wrote for themselves would wait for each other. Used
by the receivers with listeners (syslog.py, push.py).
"""

import asyncio
from collections.abc import Sequence

from whodid.sources.receiver import Inbox, Received


class Gathering:
    """One inbox, written by one task at a time."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._waiting: list[Received] = []
        self._written: asyncio.Future[None] | None = None  # when what waits now will be written
        self._task: asyncio.Task[None] | None = None

    async def put(self, records: Sequence[Received]) -> None:
        """Returns when the records are written. Raises what the inbox raised."""
        if not records:
            return
        self._waiting.extend(records)
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        written = self._written
        if self._task is None:
            self._task = asyncio.create_task(self._write())
        await asyncio.shield(written)  # who is cancelled leaves the others their write

    def full(self) -> bool:
        return self._inbox.full()

    async def close(self) -> None:
        """Writes what waits, unless the inbox is full: then it never was accepted."""
        if self._task is None:
            return
        if self._inbox.full():
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while self._written is not None:
                records, written = self._waiting, self._written
                self._waiting, self._written = [], None
                try:
                    await self._inbox.put(records)
                except BaseException as e:
                    if not written.done():
                        written.set_exception(e) if isinstance(e, Exception) else written.cancel()
                        written.exception() if not written.cancelled() else None  # nobody need be there to hear it
                    if not isinstance(e, Exception):
                        raise
                else:
                    if not written.done():
                        written.set_result(None)
        finally:
            self._task = None
