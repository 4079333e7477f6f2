"""The contract of the write path: `Ingest.push` takes a body and returns when its lines are durable.

Streams are checked and resolved here, in Python, for they are few; lines are checked and stored by the engine
(commit.py), in groups (committer.py). A push with a key that was seen gets the answer of the first. Called by api/.
"""

import asyncio
import hashlib
from collections import OrderedDict
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from whodid.errors import WhodidError
from whodid.ingest.backlog import Backlog
from whodid.ingest.body import Body, Refusal, Totals
from whodid.ingest.bus import CommitBus
from whodid.ingest.committer import Answer, Committer, TooMuchPending, fail
from whodid.ingest.enrich import level_of_labels, with_service_name
from whodid.ingest.limits import Limits
from whodid.ingest.retention import last_sequence
from whodid.ingest.spool import Spool
from whodid.ingest.staging import prepare
from whodid.model.clock import Clock
from whodid.model.entry import Labels
from whodid.model.labels import format_labels
from whodid.store.store import Store, StoreError
from whodid.store.streams import StreamIndex, stream_id
from whodid.wire.label_text import parse_label_text
from whodid.wire.push_protobuf import MalformedPush, count_entries, scan_streams

KEYS_REMEMBERED = 100_000
STREAMS_REMEMBERED = 20_000


_TOLD_CHARS = 1000
"""Of labels that a refusal repeats: they may be what is wrong."""


class _StreamRefused(WhodidError):
    """A stream has too many or too long labels; the others of its body are stored."""


class NoStreams(WhodidError):
    """error at least one valid stream is required for ingestion"""


@dataclass(frozen=True, slots=True)
class _Stream:
    id: int
    name: str
    level: str
    labels: Labels


class Ingest:
    """One per server. Start with `await Ingest.start(…)`, run `run()` as a task."""

    def __init__(
        self, index: StreamIndex, limits: Limits, bus: CommitBus, committer: Committer, backlog: Backlog
    ) -> None:
        self._index, self._limits, self._bus = index, limits, bus
        self._committer, self._backlog = committer, backlog
        self._keys: OrderedDict[int, Answer] = OrderedDict()
        self._streams: OrderedDict[tuple[str, str], _Stream] = OrderedDict()

    @classmethod
    async def start(cls, store: Store, index: StreamIndex, clock: Clock, limits: Limits, data_dir: Path) -> "Ingest":
        """Brings what was acknowledged before a crash into the table; resumes after the last number ever given out."""
        await store.appending(prepare)
        spool, bus, totals = Spool(data_dir), CommitBus(), Totals()
        backlog = Backlog(store, clock, bus, totals, limits, data_dir / "journal", spool.schema)
        await backlog.recover()
        last_seq = max(await last_sequence(store, data_dir), backlog.last_seq)
        # What a half-done insert has left in the table is not told of before the lines with lower numbers are there.
        bus.publish(last_seq if backlog.empty else min(last_seq, backlog.first_seq - 1))
        committer = Committer(store, clock, limits, bus, totals, spool, backlog, last_seq + 1)
        return cls(index, limits, bus, committer, backlog)

    async def run(self) -> None:
        """Commits for ever; cancel to stop (what is not yet acknowledged stays with its clients)."""
        await self._committer.run()

    @property
    def bus(self) -> CommitBus:
        return self._bus

    @property
    def journal_bytes(self) -> int:
        """Acknowledged and on disk, and not yet in the table."""
        return self._backlog.bytes

    @property
    def totals(self) -> Totals:
        return self._committer.totals

    async def settled(self) -> int:
        """The last number, once all that was acknowledged before the call is in the table: for those who read."""
        await self._backlog.settled()
        return self._bus.last_seq

    def held(self) -> AbstractAsyncContextManager[int]:
        """Between two commits: nothing is acknowledged inside. Gives the last number in the table; be quick."""
        return self._committer.held()

    async def push(self, data: bytes, tenant: str, key: str = "", repeated: bool = False) -> list[Refusal]:
        """Stores one decompressed protobuf body. Returns, once durable, what was refused of it (empty: nothing).

        `key`: idempotency key; a body with a key that was stored is acknowledged and not stored again. `repeated`: the
        client is not sure that it never sent this key before, so the table itself is asked.
        Raises MalformedPush, BadLabels (then nothing of it is stored, as in Loki), NoStreams, TooMuchPending,
        StoreError.
        """
        push_key = _hash_key(tenant, key) if key else 0
        known = self._keys.get(push_key) if push_key else None
        if known is not None:
            self.totals.repeated += 1
            return await asyncio.shield(known)
        if self._committer.pending_bytes > self._limits.max_pending_bytes:
            raise TooMuchPending("too many lines wait to be written; send this again later")
        answer: Answer = asyncio.get_running_loop().create_future()
        if push_key:
            # Before anything is awaited: a twin of this push that comes meanwhile must find it.
            self._remember(push_key, answer)
        try:
            body = await self._resolve(data, tenant)
        except BaseException as e:
            fail(answer, e if isinstance(e, Exception) else TooMuchPending("broken off; send this again"))
            raise
        body.push_key, body.repeated = push_key, repeated
        self._committer.enqueue(body, answer)
        return await asyncio.shield(answer)

    def _remember(self, key: int, answer: Answer) -> None:
        self._keys[key] = answer
        answer.add_done_callback(partial(self._forget_failed, key))
        while len(self._keys) > KEYS_REMEMBERED:
            self._keys.popitem(last=False)

    def _forget_failed(self, key: int, answer: Answer) -> None:
        """The key of a push that was not stored is free again."""
        if self._keys.get(key) is answer and (answer.cancelled() or answer.exception()):
            del self._keys[key]

    async def _resolve(self, data: bytes, tenant: str) -> Body:
        """Checks every stream of a body and makes the new ones known."""
        found = scan_streams(data)
        if not found:
            raise NoStreams("error at least one valid stream is required for ingestion")
        body = Body(data)
        new: dict[int, Labels] = {}
        known = self._index.streams(tenant)
        for text, begin, end in found:
            try:
                stream = self._stream(tenant, text)
            except _StreamRefused as e:
                body.refusals.append(Refusal(str(e), count_entries(data, begin, end), is_stream=True))
                continue
            if stream.id not in known:
                new[stream.id] = stream.labels
            body.spans.append((begin, end))
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
        labels = with_service_name(parse_label_text(text))
        name = format_labels(labels)
        _check_labels(labels, name, self._limits)
        stream = _Stream(stream_id(tenant, labels), name, level_of_labels(labels), labels)
        self._streams[tenant, text] = stream
        if len(self._streams) > STREAMS_REMEMBERED:
            self._streams.popitem(last=False)
        return stream


def _hash_key(tenant: str, key: str) -> int:
    digest = hashlib.blake2b(f"{tenant}\0{key}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1


def _check_labels(labels: Labels, stream: str, limits: Limits) -> None:
    """Raises _StreamRefused. `service_name` is not counted, since most streams get it here."""
    count = len(labels) - 1
    stream = _shortened(stream)
    if count > limits.max_label_names:
        raise _StreamRefused(f"entry for stream '{stream}' has {count} label names; limit {limits.max_label_names}")
    for name, value in sorted(labels.items()):
        if len(name.encode()) > limits.max_label_name_bytes:
            raise _StreamRefused(f"stream '{stream}' has label name too long: '{_shortened(name)}'")
        if len(value.encode("utf-8", "replace")) > limits.max_label_value_bytes:
            raise _StreamRefused(f"stream '{stream}' has label value too long: '{_shortened(value)}'")


def _shortened(text: str) -> str:
    return text if len(text) <= _TOLD_CHARS else f"{text[:_TOLD_CHARS]}…"


__all__ = ["Ingest", "MalformedPush", "NoStreams", "TooMuchPending", "Totals"]
