"""What the agent must not forget: how far each file is acknowledged, and the push that is on its way.

One JSON file, replaced atomically and fsynced. A push is written here, whole, before it is sent: after kill -9 the very
same bytes go out again under the same key, whatever has happened to the log files meanwhile, and the server stores them
once. Acknowledgements may be written late; forgetting one only repeats a push that the server recognises.
"""

import hashlib
import logging
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import orjson

from whodid.agent.batch import Batch, Span
from whodid.errors import WhodidError
from whodid.model.clock import SECOND
from whodid.sources.source import Feed, Place

FILE_NAME = "positions.json"
TOMBSTONE_NS = 7 * 86_400 * SECOND
"""How long a file that is gone is remembered, in case its name or a copy of it comes back."""
_log = logging.getLogger(__name__)


class StateUnwritable(WhodidError):
    """The agent's state cannot be written; nothing is sent without it."""


@dataclass(frozen=True, slots=True)
class Position:
    """One incarnation of a file, acknowledged up to `place.offset`."""

    job: str
    place: Place
    last_ns: int = 0
    """Instant of the last acknowledged record."""
    stated: bool = False
    """Whether a record of this path has stated an instant of its own."""
    gone_at_ns: int | None = None
    """Since when the file is gone; None while it is there."""


class _InFlight(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    body: str
    entries: int
    spans: list[Span]


class _State(msgspec.Struct, forbid_unknown_fields=True):
    agent: str
    files: list[Position]
    in_flight: _InFlight | None


class Positions:
    """The state, in memory and on disk. `sync` is os.fsync, or nothing in simulations."""

    def __init__(self, state_dir: Path, now_ns: int, sync: Callable[[int], None] = os.fsync) -> None:
        self._path = state_dir / FILE_NAME
        self._sync = sync
        self._files: dict[str, Position] = {}
        self.agent_id = secrets.token_hex(8)
        self.in_flight: Batch | None = None
        self.unsaved = False
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            stored = self._path.read_bytes() if self._path.exists() else None
        except OSError as e:
            raise StateUnwritable(f"cannot use {state_dir} for the agent's state: {e.strerror}") from e
        if stored is not None:
            self._load(stored, now_ns)

    def to_read_on(self, job: str) -> list[Position]:
        """Every known file of a job, oldest first, and where its reader goes on: behind the batch in flight."""
        flying = {s.place.id: s for s in self.in_flight.spans} if self.in_flight else {}
        found = []
        for id, position in self._files.items():
            span = flying.get(id)
            if span is not None:
                position = Position(span.job, span.place, span.last_ns, span.stated, position.gone_at_ns)
            if position.job == job:
                found.append(position)
        return found

    def get(self, id: str) -> Position | None:
        return self._files.get(id)

    def begin(self, batch: Batch) -> None:
        """Writes down that this batch is about to be sent, together with all that was acknowledged before."""
        self.in_flight = batch
        try:
            self.save()
        except StateUnwritable:
            self.in_flight = None  # not written down: not to be sent
            raise

    def acknowledge(self) -> None:
        """The batch in flight is the server's now. Not written at once: see the module's description."""
        if self.in_flight is None:
            raise AssertionError("acknowledged without a batch in flight")
        for span in self.in_flight.spans:
            known = self._files.get(span.place.id)
            gone = known.gone_at_ns if known else None
            self._files[span.place.id] = Position(span.job, span.place, span.last_ns, span.stated, gone)
        self.in_flight = None
        self.unsaved = True

    def follow(self, job: str, place: Place) -> None:
        """Notes that a file is followed (again), after all that were noted before: their order is that of reading."""
        known = self._files.pop(place.id, None)
        self._files[place.id] = Position(job, place) if known is None else replace(known, gone_at_ns=None)
        self.unsaved = True

    def recognise(self, feed: Feed) -> bool:
        """Notes by what a file is to be known again, where that has changed; True when it had to."""
        known = self._files.get(feed.id)
        if known is None:
            return False
        now = feed.place(known.place.offset)
        moved = (now.device, now.inode) != (known.place.device, known.place.inode)
        if not moved and known.place.head_bytes == now.head_bytes:
            return False
        self._files[feed.id] = replace(known, place=now)
        return True

    def bury(self, id: str, now_ns: int) -> None:
        """Notes that a file is gone and fully read."""
        known = self._files.get(id)
        if known is not None and known.gone_at_ns is None:
            self._files[id] = replace(known, gone_at_ns=now_ns)
            self.unsaved = True

    def forget_old(self, now_ns: int) -> None:
        """Drops tombstones past their time."""
        kept = {i: p for i, p in self._files.items() if p.gone_at_ns is None or now_ns - p.gone_at_ns < TOMBSTONE_NS}
        self.unsaved |= len(kept) < len(self._files)
        self._files = kept

    def save(self) -> None:
        """Replaces the file atomically: whatever happens, the old or the new one is there, whole."""
        temporary = self._path.with_suffix(".json.new")
        try:
            with temporary.open("wb") as file:
                file.write(_encode(self.agent_id, self._files.values(), self.in_flight))
                file.flush()
                self._sync(file.fileno())
            temporary.replace(self._path)
            directory = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                self._sync(directory)
            finally:
                os.close(directory)
        except OSError as e:
            raise StateUnwritable(f"cannot write {self._path}: {e.strerror}; make room or give access to it") from e
        self.unsaved = False

    def _load(self, stored: bytes, now_ns: int) -> None:
        try:
            state = _decode(stored)
        except (ValueError, msgspec.ValidationError) as e:
            kept = self._path.with_name(f"{FILE_NAME}.corrupt-{now_ns}")
            self._path.replace(kept)
            _log.error(
                "%s is corrupt (%s) and was kept as %s: every file is read again from its beginning; "
                "lines that the server already has get the same instants and are shown once",
                self._path, e, kept.name,
            )  # fmt: skip
            return
        self.agent_id = state.agent
        self._files = {p.place.id: p for p in state.files}
        if flight := state.in_flight:
            self.in_flight = Batch(flight.key, b64decode(flight.body), flight.entries, tuple(flight.spans))


def _encode(agent_id: str, files: Iterable[Position], batch: Batch | None) -> bytes:
    flight: dict[str, Any] | None = None
    if batch is not None:
        body = b64encode(batch.body).decode()
        flight = {"key": batch.key, "body": body, "entries": batch.entries, "spans": batch.spans}
    state = orjson.dumps({"agent": agent_id, "files": list(files), "in_flight": flight})
    return b'{"version":1,"sum":"%s","state":%s}\n' % (_sum(state).encode(), state)


def _decode(stored: bytes) -> _State:
    """Raises ValueError or msgspec.ValidationError for anything but what `_encode` wrote."""
    outer = msgspec.json.decode(stored, type=_Outer)
    if outer.sum != _sum(bytes(outer.state)):
        raise ValueError("its checksum does not fit")
    return msgspec.json.decode(outer.state, type=_State)


class _Outer(msgspec.Struct):
    version: int
    sum: str
    state: msgspec.Raw


def _sum(state: bytes) -> str:
    return hashlib.blake2b(state, digest_size=16).hexdigest()
