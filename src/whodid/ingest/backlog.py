"""What is acknowledged and on disk in the journal, on its way into the table: in order, in large inserts, at its pace.

An insert costs the engine tens of milliseconds whatever it holds; a client must not wait for that, and a hundred
thousand lines in one insert cost half of what they cost in ten. Who reads may ask for what was acknowledged
(`settled`): the next insert is hurried then. If the engine cannot store, the lines stay here and it is tried again.
Used by committer.py; `settled` is for those who read.
"""

import asyncio
import logging
from functools import partial
from pathlib import Path

from whodid.ingest.body import Totals
from whodid.ingest.bus import CommitBus
from whodid.ingest.commit import insert
from whodid.ingest.journal import Batch, Journal, Segment
from whodid.ingest.limits import Limits
from whodid.ingest.waiting import Changes
from whodid.model.clock import Clock
from whodid.store.store import Connection, Store, StoreError

log = logging.getLogger("whodid.ingest")

GAP_S = 0.16
"""Between the starts of two inserts: about six a second, as many as the engine merges without haste."""
SEGMENT_BYTES = 24 << 20
"""An insert of this size need not wait for more."""
AGAIN_S = (0.5, 2.0, 10.0)
"""Pauses before an insert that failed is tried again."""


class Backlog:
    """One per server; run `run()` as a task."""

    def __init__(
        self, store: Store, clock: Clock, bus: CommitBus, totals: Totals, limits: Limits, directory: Path, schema: str
    ) -> None:
        self._store, self._clock, self._bus, self._totals, self._schema = store, clock, bus, totals, schema
        self._journal, self._most_bytes = Journal(directory), limits.max_journal_bytes
        self._lock = asyncio.Lock()
        """Held by who appends to the journal or closes its segment."""
        self._changes = Changes(clock)
        self._inserting: Segment | None = None
        self._hurry = self._stopping = self._stuck = False
        self._last_start_s = -GAP_S

    @property
    def bytes(self) -> int:
        """Of the journal: acknowledged, and not yet in the table."""
        return sum(segment.bytes for segment in self._segments())

    @property
    def empty(self) -> bool:
        return not self._segments()

    async def recover(self) -> None:
        """Brings what an earlier server left into the table. Raises StoreError; then the journal is as it was."""
        for segment in await asyncio.to_thread(self._journal.recover):
            log.info("%d acknowledged lines of the journal are brought into the table", segment.facts.lines)
            await self._store.appending(partial(self._insert, segment=segment, again=True))
            await asyncio.to_thread(self._journal.remove, segment)

    async def append(self, batch: Batch) -> None:
        """The batch is on disk when this returns. Raises JournalError."""
        async with self._lock:
            await asyncio.to_thread(self._journal.append, batch)
        self._changes.tell()

    async def room(self) -> None:
        """Returns when the table is not too far behind."""
        await self._changes.until(lambda: self._stopping or self.bytes < self._most_bytes)

    async def drained(self) -> None:
        """Returns when all is in the table, however long it takes. Raises StoreError if the server stops before."""
        self._hurry = True
        self._changes.tell()
        await self._changes.until(lambda: self._stopping or self.empty)
        if not self.empty:
            raise StoreError("the server is stopping")

    async def settled(self) -> None:
        """Returns when what is acknowledged now is in the table, or when it turns out that the table takes nothing."""
        segments = self._segments()
        if not segments:
            return
        last_seq = segments[-1].last_seq
        if segments[-1] is not self._inserting:
            self._hurry = True
            self._changes.tell()
        await self._changes.until(lambda: self._stuck or self._bus.last_seq >= last_seq)

    def stop(self) -> None:
        """`run` returns once all is in the table, or the table takes nothing: then the next start goes on with it."""
        self._stopping = True
        self._changes.tell()

    async def run(self) -> None:
        """Moves lines into the table until `stop`; run again, it moves what came since."""
        while self._inserting is None:
            await self._changes.until(lambda: self._stopping or self._journal.open_segment is not None)
            gap_s = self._last_start_s + GAP_S - self._clock.monotonic_s()
            await self._changes.until(self._is_due, gap_s)
            async with self._lock:
                self._hurry = False
                self._inserting = self._journal.close_segment()
            if self._inserting is None:
                return
            self._last_start_s = self._clock.monotonic_s()
            await self._moved(self._inserting)

    def _is_due(self) -> bool:
        segment = self._journal.open_segment
        return self._stopping or self._hurry or (segment is not None and segment.bytes >= SEGMENT_BYTES)

    def _segments(self) -> list[Segment]:
        return [segment for segment in (self._inserting, self._journal.open_segment) if segment is not None]

    async def _moved(self, segment: Segment) -> None:
        """Tries until it is in the table, or it is told to stop."""
        tries = 0
        while not await self._stored(segment, again=tries > 0):
            if await self._changes.until(lambda: self._stopping, AGAIN_S[min(tries, len(AGAIN_S) - 1)]):
                return
            tries += 1
        await asyncio.to_thread(self._journal.remove, segment)
        self._inserting = None
        self._totals.commits += 1
        self._bus.publish(segment.last_seq)
        self._changes.tell()

    async def _stored(self, segment: Segment, *, again: bool) -> bool:
        try:
            await self._store.appending(partial(self._insert, segment=segment, again=again))
        except StoreError as e:
            log.error("%d acknowledged lines stay in the journal and are tried again: %s", segment.facts.lines, e)
            self._stuck = True
            self._changes.tell()
            return False
        self._stuck = False
        return True

    def _insert(self, connection: Connection, segment: Segment, again: bool) -> None:
        if segment.facts.lines:
            insert(connection, str(segment.path), self._schema, segment.first_seq, segment.facts, again=again)
