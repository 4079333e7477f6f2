"""An inbox in memory, as the agent's file would be: what was written stays, through every restart of its receiver."""

import asyncio
from collections.abc import Collection, Sequence

from whodid.sources.receiver import Inbox, Origin, Received


class MemoryInbox:
    """Implements whodid.sources.receiver.Inbox."""

    def __init__(self) -> None:
        self.records: list[Received] = []
        self.finished = False
        self.room = asyncio.Event()
        self.room.set()
        self.puts = 0
        self.busy = False

    async def put(self, records: Sequence[Received]) -> None:
        assert not self.busy, "an inbox is written by one task at a time"
        self.busy = True
        try:
            await self.room.wait()
            await asyncio.sleep(0)
            self.records.extend(records)
            self.puts += 1
        finally:
            self.busy = False

    def cursor(self) -> str:
        return next((record.cursor for record in reversed(self.records) if record.cursor), "")

    def full(self) -> bool:
        return not self.room.is_set()

    def finish(self) -> None:
        self.finished = True

    @property
    def lines(self) -> list[str]:
        return [record.line for record in self.records]


class Inboxes:
    """All inboxes of one agent."""

    def __init__(self) -> None:
        self.by_key: dict[str, MemoryInbox] = {}
        self.origins: dict[str, Origin] = {}
        self.kept: set[str] | None = None
        """What the receiver has said last of those that are still there."""

    def __call__(self, origin: Origin) -> Inbox:
        self.origins[origin.key] = origin
        return self.by_key.setdefault(origin.key, MemoryInbox())

    def keep(self, keys: Collection[str]) -> None:
        self.kept = set(keys)

    def lines(self, key: str) -> list[str]:
        return self.by_key[key].lines if key in self.by_key else []


async def wait_for(condition: object, what: str, patience_s: float = 30.0) -> None:
    """Returns when the condition (a callable) holds; fails with `what` when patience ends."""
    assert callable(condition)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while not condition():
        assert loop.time() < deadline, f"not within {patience_s:.0f} s: {what}"
        await asyncio.sleep(0.01)
