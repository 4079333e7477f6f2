"""The bell of the write path: who waits for new lines learns of each commit.

It carries no lines. Tails and instant rules ask the store for the range they have not seen, so a slow one is never in
the way of the others and a lost wake-up is impossible.
"""

import asyncio


class CommitBus:
    """Holds the last committed sequence number and wakes those who wait for a later one."""

    def __init__(self, last_seq: int = 0) -> None:
        self.last_seq = last_seq
        self._changed = asyncio.Event()

    async def reached(self) -> int:
        """The last committed sequence number, as those ask who wait for nothing (query/budget.py)."""
        return self.last_seq

    def publish(self, last_seq: int) -> None:
        """A commit up to and including `last_seq` is durable and can be queried."""
        self.last_seq = last_seq
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait(self, after_seq: int) -> int:
        """Returns the last committed sequence as soon as it is greater than `after_seq`."""
        while self.last_seq <= after_seq:
            await self._changed.wait()
        return self.last_seq
