"""What the agent must not forget: how far each file is acknowledged, and the pushes that are on their way.

The places are one JSON file, replaced atomically and fsynced; a push is a file beside it (flights.py), durable before
it is sent. Acknowledgements may come in any order: a place moves only over a run of them without a gap. They may be
written late; forgetting one only repeats a push that the server recognises.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from whodid.agent.batch import Batch, Span
from whodid.agent.flights import DIRECTORY, Flight, FlightLog, StateUnwritable, sync_directory
from whodid.model.clock import SECOND
from whodid.sources.source import Feed, Place

FILE_NAME = "positions.json"
TOMBSTONE_NS = 7 * 86_400 * SECOND
"""How long a file that is gone is remembered, in case its name or a copy of it comes back."""
_log = logging.getLogger(__name__)


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


class _State(msgspec.Struct, forbid_unknown_fields=True):
    agent: str
    files: list[Position]
    first_flight: int
    """Flights below it are acknowledged, and their ends are in `files`."""


class _FirstState(msgspec.Struct):
    """Of version 1, which held the push on its way as well: that is read again, and its lines get the same instants."""

    agent: str
    files: list[Position]


class Positions:
    """The state, in memory and on disk. `sync` is os.fsync, or nothing in simulations."""

    def __init__(self, state_dir: Path, now_ns: int, sync: Callable[[int], None] = os.fsync) -> None:
        self._path = state_dir / FILE_NAME
        self._sync = sync
        self._files: dict[str, Position] = {}
        self._log = FlightLog(state_dir / DIRECTORY, sync)
        self._first = self._saved_first = 1
        """The number of the first flight that is not acknowledged, in memory and in the file."""
        self._flights: dict[int, Flight] = {}
        """All that are not acknowledged, or stand behind one that is not. In order."""
        self._landed: set[int] = set()
        """Those of them that are acknowledged."""
        self.agent_id = secrets.token_hex(8)
        self.unsaved = False
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            stored = self._path.read_bytes() if self._path.exists() else None
            if stored is not None:
                self._load(stored, now_ns)
            self._flights = {flight.number: flight for flight in self._log.load(self._first)}
        except OSError as e:
            raise StateUnwritable(f"cannot use {state_dir} for the agent's state: {e.strerror}") from e
        self._next = self._first + len(self._flights)

    def to_read_on(self, job: str) -> list[Position]:
        """Every known file of a job, oldest first, and where its reader goes on: behind what is on its way."""
        ahead = dict(self._files)
        for flight in self._flights.values():
            for span in flight.batch.spans:
                ahead[span.place.id] = _moved(ahead.get(span.place.id), span)
        return [position for position in ahead.values() if position.job == job]

    def get(self, id: str) -> Position | None:
        return self._files.get(id)

    def acknowledged_sizes(self) -> dict[tuple[int, int], int]:
        """How far each file that is or was followed is acknowledged, by device and inode."""
        return {(p.place.device, p.place.inode): p.place.offset for p in self._files.values()}

    @property
    def in_flight(self) -> list[Flight]:
        """What is on its way, oldest first."""
        return [flight for number, flight in self._flights.items() if number not in self._landed]

    @property
    def outstanding(self) -> int:
        """How many batches are kept: those on their way, and those that were faster than one of them."""
        return len(self._flights)

    @property
    def settled_unsaved(self) -> int:
        """How many acknowledgements would be forgotten by a crash, each of which keeps its file until saved."""
        return self._first - self._saved_first + len(self._landed)

    def begin(self, batch: Batch) -> Flight:
        """This batch is the next to be sent, once it is written down."""
        flight = self._flights[self._next] = Flight(self._next, batch)
        self._next += 1
        return flight

    def write_down(self, flight: Flight) -> None:
        """Returns when it is durable that the batch was about to be sent. Touches no other state: for any thread."""
        self._log.write(flight)

    @property
    def all_written(self) -> bool:
        """Whether everything that has begun is written down."""
        return self._log.last_written == self._next - 1

    def acknowledge(self, flight: Flight) -> None:
        """The batch is the server's now. Not written at once: see the module's description."""
        if flight.number not in self._flights or flight.number in self._landed:
            raise AssertionError(f"flight {flight.number} acknowledged without being on its way")
        self._landed.add(flight.number)
        while self._first in self._landed:
            for span in self._flights.pop(self._first).batch.spans:
                self._files[span.place.id] = _moved(self._files.get(span.place.id), span)
            self._landed.remove(self._first)
            self._first += 1
        self.unsaved = True

    def pass_over(self, job: str, place: Place) -> None:
        """A file was read up to a place, and what stands before it is not to be sent."""
        known = self._files.get(place.id)
        self._files[place.id] = Position(job, place) if known is None else replace(known, place=place)
        self.unsaved = True

    def follow(self, job: str, paths: Iterable[Sequence[Place]]) -> None:
        """Notes that files are followed (again), those of each path in the order of reading. Where that order is known
        already it stays: a file that cannot be found for a while keeps its rank among the others."""
        rank = {id: number for number, id in enumerate(self._files)}
        for places in paths:
            last, in_order = -1, True
            for place in places:
                in_order = in_order and rank.get(place.id, -1) > last
                known = self._files.get(place.id)
                if in_order:
                    last = rank[place.id]
                else:
                    self._files.pop(place.id, None)
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
        self.unsaved = True
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
                file.write(_encode(_State(self.agent_id, list(self._files.values()), self._first)))
                file.flush()
                self._sync(file.fileno())
            temporary.replace(self._path)
            sync_directory(self._path.parent, self._sync)
        except OSError as e:
            raise StateUnwritable(f"cannot write {self._path}: {e.strerror}; make room or give access to it") from e
        self.unsaved = False
        for number in range(self._saved_first, self._first):
            self._log.drop(number)
        self._saved_first = self._first

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
        self._first = self._saved_first = state.first_flight


def read_positions(state_dir: Path) -> list[Position]:
    """Every file that an agent knows, oldest first, for a look from outside; none where nothing can be read."""
    try:
        return _decode((state_dir / FILE_NAME).read_bytes()).files
    except (OSError, ValueError, msgspec.ValidationError):
        return []


def _moved(known: Position | None, span: Span) -> Position:
    """A file's position at the end of a span of it."""
    if known is None:
        return Position(span.job, span.place, span.last_ns, span.stated)
    place = span.place
    if (known.place.device, known.place.inode) != (place.device, place.inode):
        # It was found again in a copy since the span was read: that is where the rest of it is.
        place = replace(known.place, offset=place.offset, tail_hash=place.tail_hash)
    return Position(span.job, place, span.last_ns, span.stated, known.gone_at_ns)


def _encode(state: _State) -> bytes:
    inner = msgspec.json.encode(state)
    return b'{"version":2,"sum":"%s","state":%s}\n' % (_sum(inner).encode(), inner)


def _decode(stored: bytes) -> _State:
    """Raises ValueError or msgspec.ValidationError for anything but what `_encode` wrote, now or in version 1."""
    outer = msgspec.json.decode(stored, type=_Outer)
    if outer.sum != _sum(bytes(outer.state)):
        raise ValueError("its checksum does not fit")
    if outer.version == 1:
        known = msgspec.json.decode(outer.state, type=_FirstState)
        return _State(known.agent, known.files, 1)
    return msgspec.json.decode(outer.state, type=_State)


class _Outer(msgspec.Struct):
    version: int
    sum: str
    state: msgspec.Raw


def _sum(state: bytes) -> str:
    return hashlib.blake2b(state, digest_size=16).hexdigest()
