"""When to commit what: groups the waiting bodies, gives them numbers, and tells everybody when they are durable.

At once when idle; under a trickle at most about six times a second (an fsynced insert of ten rows costs as much as one
of ten thousand); at once again when a batch is full. While one full batch is being written the next one may start in
another lane: the numbers stay in the order of the starts, and the bell rings only for what has nothing unfinished
before it. Used by pipeline.py only.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from whodid.errors import WhodidError
from whodid.ingest.body import Body, Committed
from whodid.ingest.bus import CommitBus
from whodid.ingest.commit import Lane, most_lines
from whodid.ingest.commit import commit as store_bodies
from whodid.ingest.limits import Limits
from whodid.model.clock import Clock
from whodid.store.store import Store, StoreError

log = logging.getLogger("whodid.ingest")

TRICKLE_GAP_S = 0.16
"""Pause between small commits."""
FULL_BYTES = 128 << 10
"""A batch of this size is worth a commit of its own."""
LANE_BYTES = 1 << 20
"""A batch of this size need not wait for the one before it."""
LINGER_S = 0.012
COMMIT_BYTES = 6 << 20
"""Most bytes in one commit, unless one body is larger: bounds memory and the wait of the first in line."""

Answer = asyncio.Future[list[str]]
"""What was refused of a body, once it is durable; or why nothing of it was stored."""


class TooMuchPending(WhodidError):
    """The server is behind with writing; the client shall send this again later (HTTP 429)."""


@dataclass(slots=True)
class Totals:
    """Counters for /metrics."""

    lines: int = 0
    bytes: int = 0
    commits: int = 0
    refused: int = 0
    repeated: int = 0


@dataclass(slots=True, eq=False)
class _UnderWay:
    """A commit that was started."""

    batch: list[tuple[Body, Answer]]
    first_seq: int
    task: asyncio.Task[None] | None = None
    last_seq: int = 0
    """Once it is done: the last number it used, or gave up."""
    lines: int = 0
    done: bool = False

    @property
    def bodies(self) -> list[Body]:
        return [body for body, _ in self.batch]


class Committer:
    """One per server; run `run()` as a task."""

    def __init__(self, store: Store, clock: Clock, limits: Limits, bus: CommitBus, lanes: Sequence[Lane]) -> None:
        self._store, self._clock, self._limits, self._bus, self._lanes = store, clock, limits, bus, lanes
        self._free = list(lanes)
        self._under_way: list[_UnderWay] = []
        self._next_seq = bus.last_seq + 1
        self._waiting: list[tuple[Body, Answer]] = []
        self._wake, self._changed = asyncio.Event(), asyncio.Event()
        self._expected = 0
        """Bodies that may be there in a moment: those that waited when a commit ended, one of each client answered."""
        self._holders = 0
        self._last_was_full = False
        self._last_commit_s = -TRICKLE_GAP_S
        self._stopped = False
        self.pending_bytes = 0
        """Of the bodies that wait."""
        self.totals = Totals()

    @property
    def waiting(self) -> int:
        """Bodies not yet in a commit."""
        return len(self._waiting)

    def enqueue(self, body: Body, answer: Answer) -> None:
        """Puts a body in the next commit; its answer comes with it."""
        if self._stopped:
            fail(answer, TooMuchPending("the server is stopping; send this again later"))
            return
        self._waiting.append((body, answer))
        self.pending_bytes += len(body.data)
        self._wake.set()
        self._changed.set()

    async def settled(self) -> int:
        """Returns once all that was acknowledged before the call is in the table: the last number of it.

        A later commit may be acknowledged before an earlier one has ended; until then the bell has not rung for it.
        """
        if tasks := [commit.task for commit in self._under_way if commit.task]:
            await asyncio.wait(tasks)
        return self._bus.last_seq

    @asynccontextmanager
    async def held(self) -> AsyncIterator[int]:
        """Nothing is committed or acknowledged inside; gives the last number in the table. Pushes wait meanwhile."""
        self._holders += 1
        try:
            yield await self.settled()
        finally:
            self._holders -= 1
            self._changed.set()

    async def run(self) -> None:
        """Commits for ever; cancel to stop: what is under way is finished, the rest stays with its clients."""
        try:
            while True:
                await self._wake.wait()
                await self._lane()
                await self._pace()
                await self._until(lambda: not self._holders)
                self._start(self._take())
        finally:
            self._stopped = True
            await self._finish()
            for lane in self._lanes:
                lane.spool.close()
            for _, answer in self._waiting:
                fail(answer, TooMuchPending("the server is stopping; send this again later"))
            self._waiting.clear()

    async def _finish(self) -> None:
        """Waits for what is under way, whatever is said meanwhile: its clients get their answers."""
        while tasks := [commit.task for commit in self._under_way if commit.task]:
            try:
                await asyncio.shield(asyncio.wait(tasks))
            except asyncio.CancelledError:
                continue

    async def _pace(self) -> None:
        """Waits out the gap between small commits, unless a full batch comes together first.

        After a full one it lingers a moment instead: the clients just answered send their next bodies, and one commit
        for all of them costs little more than one for the first.
        """
        if self._last_was_full:
            await self._until(lambda: len(self._waiting) >= self._expected, LINGER_S)
            return
        gap_s = self._last_commit_s + TRICKLE_GAP_S - self._clock.monotonic_s()
        await self._until(lambda: self.pending_bytes >= FULL_BYTES, gap_s)

    async def _lane(self) -> None:
        """Returns when the batch may start: nothing is under way, or a lane is free and the batch is worth it."""
        await self._until(lambda: not self._under_way or (bool(self._free) and self.pending_bytes >= LANE_BYTES))

    async def _until(self, condition: Callable[[], bool], timeout_s: float = math.inf) -> None:
        """Returns when the condition holds, which may change with a body that comes or a commit that ends; or late."""
        if condition() or timeout_s <= 0:
            return
        waits = [asyncio.ensure_future(self._clock.sleep(timeout_s))] if timeout_s < math.inf else []
        try:
            while not condition() and not any(wait.done() for wait in waits):
                self._changed.clear()
                changed = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait([changed, *waits], return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            for wait in waits:
                wait.cancel()

    def _take(self) -> list[tuple[Body, Answer]]:
        taken, size = 0, 0
        for body, _ in self._waiting:
            if taken and size + len(body.data) > COMMIT_BYTES:
                break
            taken, size = taken + 1, size + len(body.data)
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        self.pending_bytes -= size
        self._last_was_full = size >= FULL_BYTES
        if not self._waiting:
            self._wake.clear()
        return batch

    def _start(self, batch: list[tuple[Body, Answer]]) -> None:
        self._last_commit_s = self._clock.monotonic_s()
        newest = self._under_way[-1] if self._under_way else None
        if newest is not None and not newest.done:
            # How many numbers it uses is not known yet: those it could use at most are left to it.
            self._next_seq = newest.first_seq + most_lines(newest.bodies)
        commit = _UnderWay(batch, self._next_seq)
        self._under_way.append(commit)
        commit.task = asyncio.create_task(self._commit(self._free.pop(), commit))

    async def _commit(self, lane: Lane, commit: _UnderWay) -> None:
        bodies = commit.bodies
        work = partial(
            store_bodies,
            lane=lane,
            bodies=bodies,
            first_seq=commit.first_seq,
            limits=self._limits,
            now_ns=self._clock.now_ns(),
        )
        try:
            result = await self._store.appending(work)
        except Exception as e:
            # Part of the rows may be in the table: their numbers are not given out again.
            commit.last_seq = commit.first_seq + most_lines(bodies) - 1
            log.error("a commit failed, its %d pushes are told to come again: %s", len(bodies), e)
            for _, answer in commit.batch:
                fail(answer, StoreError(f"the lines could not be written, send them again: {e}"))
        else:
            commit.last_seq, commit.lines = result.last_seq, result.lines
            self._answer(commit, result)
        commit.done = True
        self._expected = len(self._waiting) + len(bodies)
        self._free.append(lane)
        self._settle()

    def _answer(self, commit: _UnderWay, result: Committed) -> None:
        self.totals.lines += result.lines
        self.totals.bytes += result.bytes
        self.totals.commits += 1
        for body, answer in commit.batch:
            if body.error is not None:
                fail(answer, body.error)
            elif not answer.done():
                self.totals.refused += len(body.rejections)
                answer.set_result(body.rejections)

    def _settle(self) -> None:
        """Rings the bell for what has nothing unfinished before it; a later commit may be done before an earlier."""
        if self._under_way[-1].done:
            self._next_seq = self._under_way[-1].last_seq + 1
        last_seq = 0
        while self._under_way and self._under_way[0].done:
            commit = self._under_way.pop(0)
            last_seq = commit.last_seq if commit.lines else last_seq
        if last_seq:
            self._bus.publish(last_seq)
        self._changed.set()


def fail(answer: Answer, error: Exception) -> None:
    """Answers a push with an error."""
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # the client may be gone: nobody else would look at it
