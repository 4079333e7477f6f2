"""The contract of the write path: `Ingest.push` takes a body and returns when its lines are durable.

Streams are checked and resolved here, in Python, for they are few; lines are checked and stored by the engine
(commit.py). Commits are grouped and adaptive: at once when idle, under a trickle at most about six a second (an fsynced
insert of ten rows costs as much as one of ten thousand), at once again when a batch is full. Called by api/.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path

from whodid.errors import WhodidError
from whodid.ingest.bus import CommitBus
from whodid.ingest.commit import Body, Committed, commit, prepare
from whodid.ingest.enrich import level_of_labels, with_service_name
from whodid.ingest.limits import Limits
from whodid.ingest.retention import last_sequence
from whodid.ingest.spool import Spool
from whodid.model.clock import Clock
from whodid.model.entry import Labels
from whodid.model.labels import format_labels
from whodid.store.store import Store, StoreError
from whodid.store.streams import StreamIndex, stream_id
from whodid.wire.label_text import BadLabels, parse_label_text
from whodid.wire.push_protobuf import MalformedPush, scan_streams

log = logging.getLogger("whodid.ingest")

TRICKLE_GAP_S = 0.16
"""Pause between small commits."""
FULL_BYTES = 128 << 10
"""A batch of this size is worth a commit of its own."""
LINGER_S = 0.004
COMMIT_BYTES = 24 << 20
"""Most bytes in one commit: bounds memory and the wait of the first in line."""
KEYS_REMEMBERED = 100_000
STREAMS_REMEMBERED = 20_000


class TooMuchPending(WhodidError):
    """The server is behind with writing; the client shall send this again later (HTTP 429)."""


class NoStreams(WhodidError):
    """error at least one valid stream is required for ingestion"""


@dataclass(slots=True)
class Totals:
    """Counters for /metrics."""

    lines: int = 0
    bytes: int = 0
    commits: int = 0
    refused: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class _Stream:
    id: int
    name: str
    level: str
    labels: Labels


_Waiting = tuple[Body, asyncio.Future[list[str]]]
_STOPPING = "the server is stopping; send this again later"


class Ingest:
    """One per server. Start with `await Ingest.start(…)`, run `run()` as a task."""

    def __init__(
        self, store: Store, index: StreamIndex, clock: Clock, limits: Limits, bus: CommitBus, spool: Spool
    ) -> None:
        self._store, self._index, self._clock, self._limits, self._bus, self._spool = (
            store,
            index,
            clock,
            limits,
            bus,
            spool,
        )
        self._next_seq = bus.last_seq + 1
        self._waiting: list[_Waiting] = []
        self._pending_bytes = 0
        self._wake = asyncio.Event()
        self._full = asyncio.Event()
        self._keys: OrderedDict[int, asyncio.Future[list[str]]] = OrderedDict()
        self._streams: OrderedDict[tuple[str, str], _Stream] = OrderedDict()
        self._last_was_full = False
        self._last_commit_s = -TRICKLE_GAP_S
        self._stopped = False
        self.totals = Totals()

    @classmethod
    async def start(cls, store: Store, index: StreamIndex, clock: Clock, limits: Limits, data_dir: Path) -> "Ingest":
        """Resumes after the last sequence number that was ever given out."""
        await store.in_writer(prepare)
        return cls(store, index, clock, limits, CommitBus(await last_sequence(store, data_dir)), Spool(data_dir))

    @property
    def bus(self) -> CommitBus:
        return self._bus

    async def push(self, data: bytes, tenant: str, key: str = "", repeated: bool = False) -> list[str]:
        """Stores one decompressed protobuf body. Returns, once durable, what was refused of it (empty: nothing).

        `key`: idempotency key; a body with a key that was stored is acknowledged and not stored again. `repeated`: the
        client is not sure that it never sent this key before, so the table itself is asked.
        Raises MalformedPush, NoStreams, TooMuchPending, StoreError.
        """
        push_key = _hash_key(tenant, key) if key else 0
        known = self._keys.get(push_key) if push_key else None
        if known is not None:
            self.totals.repeated += 1
            return await asyncio.shield(known)
        if self._pending_bytes > self._limits.max_pending_bytes:
            raise TooMuchPending("too many lines wait to be written; send this again later")
        done: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        if push_key:
            # Before anything is awaited: a twin of this push that comes meanwhile must find it.
            self._remember(push_key, done)
        try:
            body = await self._resolve(data, tenant)
        except BaseException as e:
            self._fail(push_key, done, e if isinstance(e, Exception) else TooMuchPending("broken off; send this again"))
            raise
        body.push_key, body.repeated = push_key, repeated
        self._enqueue(body, done)
        return await asyncio.shield(done)

    async def run(self) -> None:
        """Commits for ever; cancel to stop (what is not yet acknowledged stays with its clients)."""
        try:
            while True:
                await self._wake.wait()
                await self._pace()
                await _finish(self._commit(self._take()))
        finally:
            self._stopped = True
            self._spool.close()
            for body, done in self._waiting:
                self._fail(body.push_key, done, TooMuchPending(_STOPPING))
            self._waiting.clear()

    def _fail(self, push_key: int, done: asyncio.Future[list[str]], error: Exception) -> None:
        """Answers a push with an error; its key is free again."""
        self._keys.pop(push_key, None)
        if not done.done():
            done.set_exception(error)
            done.exception()  # the client may be gone: nobody else would look at it

    def _remember(self, key: int, done: asyncio.Future[list[str]]) -> None:
        self._keys[key] = done
        while len(self._keys) > KEYS_REMEMBERED:
            self._keys.popitem(last=False)

    def _enqueue(self, body: Body, done: asyncio.Future[list[str]]) -> None:
        if self._stopped:
            self._fail(body.push_key, done, TooMuchPending(_STOPPING))
            return
        self._waiting.append((body, done))
        self._pending_bytes += len(body.data)
        self._wake.set()
        if self._pending_bytes >= FULL_BYTES:
            self._full.set()

    async def _pace(self) -> None:
        """Waits out the gap between small commits, unless a full batch comes together first.

        After a full one it lingers a moment instead: the clients just answered send their next bodies, and one commit
        for all of them costs little more than one for the first.
        """
        if self._last_was_full:
            await self._clock.sleep(LINGER_S)
            return
        gap_s = self._last_commit_s + TRICKLE_GAP_S - self._clock.monotonic_s()
        if gap_s > 0 and self._pending_bytes < FULL_BYTES:
            waits = (asyncio.ensure_future(self._full.wait()), asyncio.ensure_future(self._clock.sleep(gap_s)))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    def _take(self) -> list[_Waiting]:
        taken, size = 0, 0
        for body, _ in self._waiting:
            if taken and size + len(body.data) > COMMIT_BYTES:
                break
            taken, size = taken + 1, size + len(body.data)
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        self._pending_bytes -= size
        self._last_was_full = size >= FULL_BYTES
        if not self._waiting:
            self._wake.clear()
        if self._pending_bytes < FULL_BYTES:
            self._full.clear()
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        self._last_commit_s = self._clock.monotonic_s()
        first_seq, bodies, now_ns = self._next_seq, [body for body, _ in batch], self._clock.now_ns()
        try:
            result: Committed = await self._store.in_writer(
                lambda connection: commit(connection, bodies, first_seq, self._spool, self._limits, now_ns)
            )
        except Exception as e:
            # Part of the rows may be in the table: their numbers are not given out again.
            self._next_seq += sum(len(body.data) for body in bodies)
            log.error("a commit failed, its %d pushes are told to come again: %s", len(batch), e)
            for body, done in batch:
                self._fail(body.push_key, done, StoreError(f"the lines could not be written, send them again: {e}"))
            return
        self._next_seq = result.last_seq + 1
        self.totals.lines += result.lines
        self.totals.bytes += result.bytes
        self.totals.commits += 1
        for body, done in batch:
            if body.error is not None:
                self._fail(body.push_key, done, body.error)
            elif not done.done():
                self.totals.refused += len(body.rejections)
                done.set_result(body.rejections)
        if result.lines:
            self._bus.publish(result.last_seq)

    async def _resolve(self, data: bytes, tenant: str) -> Body:
        """Checks every stream of a body and makes the new ones known."""
        found = scan_streams(data)
        if not found:
            raise NoStreams("error at least one valid stream is required for ingestion")
        body = Body(data, [], [], [])
        new: dict[int, Labels] = {}
        known = self._index.streams(tenant)
        for text, _, _ in found:
            try:
                stream = self._stream(tenant, text)
            except BadLabels as e:
                body.rejections.append(str(e))
                stream = _Stream(0, text, "", {})
            if stream.id and stream.id not in known:
                new[stream.id] = stream.labels
            body.stream_ids.append(stream.id)
            body.stream_names.append(stream.name)
            body.stream_levels.append(stream.level)
        if new:
            try:
                await self._index.add(tenant, new)
            except StoreError as e:
                raise StoreError(f"the streams could not be written, send them again: {e}") from e
        return body

    def _stream(self, tenant: str, text: str) -> _Stream:
        cached = self._streams.get((tenant, text))
        if cached is not None:
            return cached
        labels = parse_label_text(text)
        _check_labels(labels, text, self._limits)
        labels = with_service_name(labels)
        stream = _Stream(stream_id(tenant, labels), format_labels(labels), level_of_labels(labels), labels)
        self._streams[tenant, text] = stream
        if len(self._streams) > STREAMS_REMEMBERED:
            self._streams.popitem(last=False)
        return stream


async def _finish(commit: Coroutine[None, None, None]) -> None:
    """Runs a commit to its end even when the server stops meanwhile: its clients get their answers."""
    task = asyncio.ensure_future(commit)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _hash_key(tenant: str, key: str) -> int:
    digest = hashlib.blake2b(f"{tenant}\0{key}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1


def _check_labels(labels: Labels, text: str, limits: Limits) -> None:
    if len(labels) > limits.max_label_names:
        raise BadLabels(f"entry for stream '{text}' has {len(labels)} label names; limit {limits.max_label_names}")
    for name, value in labels.items():
        if len(name.encode()) > limits.max_label_name_bytes:
            raise BadLabels(f"stream '{text[:200]}' has label name too long: '{name[:80]}…'")
        if len(value.encode("utf-8", "replace")) > limits.max_label_value_bytes:
            raise BadLabels(f"stream '{text[:200]}' has label value too long: '{value[:80]}…' of label {name}")


__all__ = ["Ingest", "MalformedPush", "NoStreams", "TooMuchPending", "Totals"]
