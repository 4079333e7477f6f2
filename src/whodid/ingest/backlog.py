"""What is acknowledged and on disk in the journal, on its way into the table: in order, in large inserts, at its pace.

An insert costs the engine tens of milliseconds whatever it holds; a client must not wait for that, and a hundred
thousand lines in one insert cost half of what they cost in ten. Who reads may ask for what was acknowledged
(`settled`): the next insert does not wait for more then. If the engine cannot store, the lines stay here and it is
tried again. Used by committer.py; `settled` is for those who read.
"""

import asyncio
import itertools
import logging
from collections import deque
from functools import partial
from pathlib import Path

from whodid.ingest.body import Totals
from whodid.ingest.bus import CommitBus
from whodid.ingest.commit import insert
from whodid.ingest.journal import Batch, Journal, JournalError, Segment
from whodid.ingest.limits import Limits
from whodid.ingest.waiting import Changes
from whodid.model.clock import Clock
from whodid.store.store import Connection, Store, StoreError

log = logging.getLogger("whodid.ingest")

GAP_S = 0.16
"""Between the starts of two inserts, at least: about six a second, as many as the engine merges without haste."""
STEADY_GAP_S = 0.4
"""The same where nobody asks and little comes together: an insert costs some 40 ms of a processor, and so do the looks
of the rules and the merges that follow it. An alert is still there within a second."""
MUCH_BYTES = 4 << 20
"""What is worth an insert of its own: with this, its fixed cost is a third of the whole."""
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
        self._closed: deque[Segment] = deque()
        """On their way into the table, oldest first."""
        self._held_up = self._asked_for = False
        """Commits wait until all is in the table; readers wait."""
        self._stopping = self._stuck = False
        self._last_start_s = -GAP_S

    @property
    def bytes(self) -> int:
        """Of the journal: acknowledged, and not yet in the table."""
        return sum(segment.bytes for segment in self._segments())

    @property
    def empty(self) -> bool:
        return not self._segments()

    @property
    def first_seq(self) -> int:
        """The first number in it; 0 if there is none."""
        return min((segment.first_seq for segment in self._segments()), default=0)

    @property
    def last_seq(self) -> int:
        """The last number in it; 0 if there is none."""
        return max((segment.last_seq for segment in self._segments()), default=0)

    async def recover(self) -> None:
        """Brings what an earlier server left into the table, before this one listens. Raises JournalError.

        What the table does not take is tried again while the server runs.
        """
        self._closed.extend(await asyncio.to_thread(self._journal.recover))
        while self._closed and not self._stuck:
            log.info("%d acknowledged lines of the journal are brought in", self._closed[0].facts.lines)
            if await self._stored(self._closed[0]):
                await asyncio.to_thread(self._journal.remove, self._closed.popleft())

    async def append(self, batch: Batch) -> None:
        """The batch is on disk when this returns. Raises JournalError."""
        async with self._lock:
            await asyncio.to_thread(self._journal.append, batch)
        self._changes.tell()

    async def room(self) -> None:
        """Returns when the table is not too far behind."""
        await self._changes.until(lambda: self._stopping or self.bytes < self._most_bytes)

    async def drained(self) -> None:
        """Returns when all is in the table. Raises StoreError if the table takes nothing, or the server stops."""
        self._held_up = not self.empty
        self._changes.tell()
        await self._changes.until(lambda: self._stopping or self._stuck or self.empty)
        if not self.empty:
            raise StoreError(
                "the server is stopping" if self._stopping else "the table takes nothing at the moment; see the log"
            )

    async def settled(self) -> None:
        """Returns when what is acknowledged now is in the table, or when it turns out that the table takes nothing."""
        last_seq = self.last_seq
        if not last_seq:
            return
        if self._journal.open_segment is not None:
            self._asked_for = True
            self._changes.tell()
        await self._changes.until(lambda: self._stuck or self._bus.last_seq >= last_seq)

    def stop(self) -> None:
        """`run` returns once all is in the table, or the table takes nothing: then the next start goes on with it."""
        self._stopping = True
        self._changes.tell()

    async def run(self) -> None:
        """Moves lines into the table until `stop`; run again, it moves what came since."""
        try:
            while not (self._stopping and (self._stuck or self.empty)):
                await self._changes.until(lambda: self._stopping or not self.empty)
                if not self._closed:
                    await self._close_segment()
                if self._closed:
                    await self._move(self._closed[0])
        except BaseException:
            self._stuck = True  # nobody waits for what does not come
            self._changes.tell()
            raise

    async def _close_segment(self) -> None:
        """The open one, when its time has come."""
        for gap_s, condition in ((GAP_S, self._cannot_wait), (STEADY_GAP_S, self._is_worth_it)):
            await self._changes.until(condition, self._last_start_s + gap_s - self._clock.monotonic_s())
        async with self._lock:
            self._held_up = self._asked_for = False
            segment = self._journal.close_segment()
        if segment is not None:
            self._closed.append(segment)

    def _cannot_wait(self) -> bool:
        return self._stopping or self._held_up or self._open_bytes >= self._most_bytes // 2

    def _is_worth_it(self) -> bool:
        return self._asked_for or self._cannot_wait() or self._open_bytes >= MUCH_BYTES

    @property
    def _open_bytes(self) -> int:
        segment = self._journal.open_segment
        return segment.bytes if segment is not None else 0

    def _segments(self) -> list[Segment]:
        segment = self._journal.open_segment
        return [*self._closed, *([segment] if segment is not None else [])]

    async def _move(self, segment: Segment) -> None:
        """Tries until it is in the table and its file is gone, or it is told to stop."""
        self._last_start_s = self._clock.monotonic_s()
        for step in (self._stored, self._removed):
            pauses = itertools.chain(AGAIN_S, itertools.repeat(AGAIN_S[-1]))
            while not await step(segment):
                if await self._changes.until(lambda: self._stopping, next(pauses)):
                    return

    async def _stored(self, segment: Segment) -> bool:
        try:
            await self._store.appending(partial(self._insert, segment=segment))
        except (StoreError, JournalError) as e:
            lines = segment.facts.lines
            log.error("%d acknowledged lines stay in %s and are tried again: %s", lines, segment.path, e)
            self._stuck = True
            self._changes.tell()
            return False
        self._stuck = False
        self._totals.commits += 1
        self._bus.publish(max(segment.last_seq, self._bus.last_seq))
        self._changes.tell()
        return True

    async def _removed(self, segment: Segment) -> bool:
        """Only then the backlog is without it: a line that is deleted from the table must not come again."""
        try:
            await asyncio.to_thread(self._journal.remove, segment)
        except JournalError as e:
            log.error("%s, whose lines are in the table; it is tried again", e)
            self._stuck = True
            self._changes.tell()
            return False
        self._stuck = False
        self._closed.popleft()
        self._changes.tell()
        return True

    def _insert(self, connection: Connection, segment: Segment) -> None:
        segment.mend()
        again, segment.tried = segment.tried, True
        insert(connection, segment.engine_path, self._schema, segment.first_seq, segment.facts, again=again)
