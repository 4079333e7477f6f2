"""The write path on the real engine with a clock that stands still: push, look at the rows, start again.

Each bench has a tenant of its own in the shared store. Pushes gather until a helper moves the clock on.
"""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from kit.chdb_store import shared_store
from kit.stepped_clock import SteppedClock
from whodid.ingest.backlog import GAP_S
from whodid.ingest.body import Refusal
from whodid.ingest.limits import Limits
from whodid.ingest.pipeline import Ingest
from whodid.model.entry import Entry, Labels, Metadata, Stream
from whodid.store.sql import number_list
from whodid.store.store import Store
from whodid.store.streams import StreamIndex
from whodid.wire.push_protobuf import encode_push

DEADLINE_S = 30


async def until(condition: Callable[[], bool]) -> None:
    """Returns as soon as the condition holds; fails when it does not within the deadline."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 – what is waited for is other code's state, which has no event
            await asyncio.sleep(0.001)


class Stored(NamedTuple):
    """One row of the table of lines."""

    labels: Labels
    ns: int
    line: str
    metadata: list[tuple[str, str]]
    level: str
    seq: int


class IngestBench:
    """Start with `await bench.start()`; `start` again is a restart of the server."""

    def __init__(self, data_dir: Path, limits: Limits | None = None, store: Store | None = None) -> None:
        self.store: Store = store or shared_store()
        self.clock = SteppedClock()
        self.tenant = str(uuid.uuid4())
        self.ingest: Ingest
        self.index: StreamIndex
        self._data_dir, self._limits = data_dir, limits or Limits()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.stop()
        self.index = StreamIndex(self.store)
        await self.index.load()
        self.ingest = await Ingest.start(self.store, self.index, self.clock, self._limits, self._data_dir)
        self._task = asyncio.create_task(self.ingest.run())
        # The first commit is never held back; after it, pushes wait until the clock is moved on.
        await self.ingest.push(encode_push([Stream({"job": "first"}, [])]), "first")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    @property
    def waiting(self) -> int:
        """Bodies that are in no commit yet."""
        return self.ingest._committer.waiting

    @property
    def now(self) -> int:
        return self.clock.now_ns()

    def body(self, *lines: str, metadata: Metadata | None = None, **labels: str) -> bytes:
        """A push of one stream, its lines at now, a nanosecond apart."""
        entries = [Entry(self.now + n, line, metadata or {}) for n, line in enumerate(lines)]
        return encode_push([Stream(labels or {"job": "test"}, entries)])

    async def push(self, data: bytes, key: str = "", repeated: bool = False) -> list[str]:
        """The texts of what is refused."""
        return [refusal.text for refusal in await self.refusals(data, key, repeated)]

    async def refusals(self, data: bytes, key: str = "", repeated: bool = False) -> list[Refusal]:
        [task] = await self.enqueue(self.ingest.push(data, self.tenant, key, repeated))
        self.clock.advance(1)
        return await asyncio.wait_for(task, DEADLINE_S)

    async def push_all(self, *bodies: bytes) -> list[list[Refusal] | BaseException]:
        """Pushes that end in one commit: the answers, or the errors."""
        tasks = await self.enqueue(*[self.ingest.push(data, self.tenant) for data in bodies])
        self.clock.advance(1)
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), DEADLINE_S)

    async def enqueue(self, *pushes: Coroutine[None, None, list[Refusal]]) -> list[asyncio.Task[list[Refusal]]]:
        """Starts pushes; each is answered or waits for the clock when this returns."""
        before = self.waiting
        tasks = [asyncio.create_task(push) for push in pushes]
        await until(lambda: self.waiting - before + sum(task.done() for task in tasks) >= len(tasks))
        await self.asleep()
        return tasks

    async def asleep(self) -> None:
        """Returns when run() sleeps on the clock, for which it takes a few turns of the loop."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def settled(self) -> None:
        """Returns when all that was acknowledged is in the table; the clock goes on until it is."""
        asked = asyncio.ensure_future(self.ingest.settled())

        def done() -> bool:
            if not asked.done() and isinstance(self.clock, SteppedClock):  # some benches run by the real time
                self.clock.advance(GAP_S / 10)
            return asked.done()

        await until(done)

    async def rows(self) -> list[Stored]:
        """All lines of the bench's tenant, in the order of their numbers."""
        await self.settled()
        index = StreamIndex(self.store)
        await index.load()
        streams = index.streams(self.tenant)
        table = await self.store.select(
            f"SELECT * FROM lines WHERE has(CAST({number_list(streams)}, 'Array(UInt64)'), stream_id) ORDER BY seq"
        )
        return [self._stored(streams[row["stream_id"]], row) for row in table.to_pylist()]

    async def lines(self) -> list[str]:
        return [row.line for row in await self.rows()]

    @staticmethod
    def _stored(labels: Labels, row: dict[str, Any]) -> Stored:
        return Stored(labels, row["ts"], row["line"], row["metadata"], row["detected_level"], row["seq"])
