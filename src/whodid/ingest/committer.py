"""When to commit what: groups the waiting bodies, gives their lines numbers, and answers when they are durable.

A small group goes straight into the table: under a trickle at most about six times a second, since an fsynced insert
of ten rows costs as much as one of ten thousand. A full one goes to the journal, which takes milliseconds, and is
answered; backlog.py brings it into the table. The order is one: while the backlog has something, all goes there.
Used by pipeline.py only.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from functools import partial

from whodid.errors import WhodidError
from whodid.ingest.backlog import Backlog
from whodid.ingest.body import Body, Committed, Refusal, Totals
from whodid.ingest.bus import CommitBus
from whodid.ingest.check import Facts
from whodid.ingest.commit import commit, look
from whodid.ingest.journal import Batch
from whodid.ingest.limits import Limits
from whodid.ingest.spool import Spool
from whodid.ingest.waiting import Changes
from whodid.model.clock import Clock
from whodid.store.store import Store, StoreError

log = logging.getLogger("whodid.ingest")

TRICKLE_GAP_S = 0.16
"""Pause between small commits."""
FULL_BYTES = 64 << 10
"""A group of this size is worth a commit of its own, and is answered from the journal."""
JOURNAL_BYTES, JOURNAL_LINES = 8 << 20, 1 << 20
"""A larger group is not answered from the journal."""
LINGER_S = 0.012
COMMIT_BYTES = 6 << 20
"""Most bytes in one group, unless one body is larger: bounds memory and the wait of the first in line."""

Answer = asyncio.Future[list[Refusal]]
"""What was refused of a body, once it is durable; or why nothing of it was stored."""


class TooMuchPending(WhodidError):
    """The server is behind with writing; the client shall send this again later (HTTP 429)."""


Group = list[tuple[Body, Answer]]


class Committer:
    """One per server; run `run()` as a task."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        limits: Limits,
        bus: CommitBus,
        totals: Totals,
        spool: Spool,
        backlog: Backlog,
        next_seq: int,
    ) -> None:
        self._store, self._clock, self._limits, self._bus = store, clock, limits, bus
        self._spool, self._backlog = spool, backlog
        self._next_seq = next_seq
        self._waiting: Group = []
        self._changes = Changes(clock)
        self._expected = 0
        """Bodies that may come in a moment: what waited when a group was answered, and one of each client in it."""
        self._turn = asyncio.Lock()
        """Held by who commits, and by who must not be disturbed by commits."""
        self._last_was_full = False
        self._last_commit_s = -TRICKLE_GAP_S
        self._stopped = False
        self.pending_bytes = 0
        """Of the bodies that wait."""
        self.totals = totals

    @property
    def waiting(self) -> int:
        """Bodies not yet in a group."""
        return len(self._waiting)

    def enqueue(self, body: Body, answer: Answer) -> None:
        """Puts a body in the next group; its answer comes with it."""
        if self._stopped:
            fail(answer, TooMuchPending("the server is stopping; send this again later"))
            return
        self._waiting.append((body, answer))
        self.pending_bytes += len(body.data)
        self._changes.tell()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[int]:
        """Nothing is committed or acknowledged inside; gives the last number in the table. Pushes wait meanwhile."""
        async with self._turn:
            await self._backlog.drained()
            yield self._bus.last_seq

    async def run(self) -> None:
        """Commits for ever; cancel to stop: what is under way is finished, the rest stays with its clients."""
        moving, taking = asyncio.create_task(self._backlog.run()), asyncio.create_task(self._keep_taking())
        try:
            done, _ = await asyncio.wait([moving, taking], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # neither ends by itself but with an error
        finally:
            self._stopped = True
            self._changes.tell()
            self._backlog.stop()
            await _undisturbed(asyncio.wait([moving, taking]))
            await _undisturbed(self._backlog.run())
            self._spool.close()
            for _, answer in self._waiting:
                fail(answer, TooMuchPending("the server is stopping; send this again later"))
            self._waiting.clear()

    async def _keep_taking(self) -> None:
        while True:
            await self._changes.until(lambda: self._stopped or bool(self._waiting))
            await self._pace()
            if self._stopped:
                return
            async with self._turn:
                group = self._take()
                await self._commit(group)
            self._expected = len(self._waiting) + len(group)

    async def _pace(self) -> None:
        """Waits out the gap between small commits, unless a full group comes together first.

        After a full one it lingers a moment instead: the clients just answered send their next bodies, and one look at
        all of them costs little more than one at the first.
        """
        await self._backlog.room()
        if self._last_was_full:
            await self._changes.until(lambda: self._stopped or len(self._waiting) >= self._expected, LINGER_S)
            return
        gap_s = self._last_commit_s + TRICKLE_GAP_S - self._clock.monotonic_s()
        await self._changes.until(lambda: self._stopped or self.pending_bytes >= FULL_BYTES, gap_s)

    def _take(self) -> Group:
        taken, size = 0, 0
        for body, _ in self._waiting:
            if taken and size + len(body.data) > COMMIT_BYTES:
                break
            taken, size = taken + 1, size + len(body.data)
        group, self._waiting = self._waiting[:taken], self._waiting[taken:]
        self.pending_bytes -= size
        self._last_was_full = size >= FULL_BYTES
        self._last_commit_s = self._clock.monotonic_s()
        return group

    async def _commit(self, group: Group) -> None:
        bodies = [body for body, _ in group]
        now_ns = self._clock.now_ns()
        try:
            rows, facts = await self._store.appending(
                partial(look, spool=self._spool, bodies=bodies, limits=self._limits, now_ns=now_ns)
            )
            if facts is not None and not facts.lines:
                result = Committed(self._next_seq - 1, 0)
            elif facts is not None and self._goes_to_the_journal(rows, facts):
                result = await self._written_down(rows, facts)
            else:
                await self._backlog.drained()
                result = await self._stored(bodies, facts, now_ns)
        except Exception as e:
            log.error("a commit failed, its %d pushes are told to come again: %s", len(bodies), e)
            for _, answer in group:
                fail(answer, StoreError(f"the lines could not be written, send them again: {e}"))
        else:
            self._answer(group, result)
        finally:
            self._spool.clear()

    def _goes_to_the_journal(self, rows: bytes, facts: Facts) -> bool:
        """What could fail for its size is answered when it is in the table, or not at all."""
        small_enough = facts.lines <= JOURNAL_LINES and len(rows) <= JOURNAL_BYTES
        return small_enough and (self._last_was_full or not self._backlog.empty)

    async def _written_down(self, rows: bytes, facts: Facts) -> Committed:
        """In the journal: durable, and in the table soon."""
        await self._backlog.append(Batch(rows, self._next_seq, facts))
        self._next_seq += facts.lines
        return Committed(self._next_seq - 1, facts.lines)

    async def _stored(self, bodies: list[Body], facts: Facts | None, now_ns: int) -> Committed:
        """In the table."""
        first_seq = self._next_seq
        # If it fails, part of the rows may be in the table: their numbers are not given out again.
        self._next_seq += facts.lines if facts is not None else most_lines(bodies)
        work = partial(
            commit,
            spool=self._spool,
            bodies=bodies,
            facts=facts,
            first_seq=first_seq,
            limits=self._limits,
            now_ns=now_ns,
        )
        result = await self._store.appending(work)
        self._next_seq = result.last_seq + 1
        self.totals.commits += 1
        if result.lines:
            self._bus.publish(result.last_seq)
        return result

    def _answer(self, group: Group, result: Committed) -> None:
        self.totals.lines += result.lines
        self.totals.bytes += sum(len(body.data) for body, _ in group if body.error is None)
        for body, answer in group:
            if body.error is not None:
                fail(answer, body.error)
            elif not answer.done():
                self.totals.refused += sum(refusal.lines for refusal in body.refusals)
                answer.set_result(body.refusals)


def most_lines(bodies: list[Body]) -> int:
    """A bound of the lines: an entry has a tag and a length at least."""
    return sum(len(body.data) // 2 + 1 for body in bodies)


async def _undisturbed(work: Awaitable[object]) -> None:
    """Waits for it whatever is said meanwhile: its clients get their answers."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue


def fail(answer: Answer, error: Exception) -> None:
    """Answers a push with an error."""
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # the client may be gone: nobody else would look at it
