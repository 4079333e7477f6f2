"""Pushes on their way, each in a file of its own: written whole before it is sent, gone once its end is in the state.

After kill -9 the very same bytes go out again under the same key, whatever has happened to the log files meanwhile, and
the server stores them once. They are written strictly one after the other, so what is found after a crash is a run
without a gap: what is missing or torn at its end was never sent. A write-ahead log, as databases keep it; used by
positions.py, which decides what is acknowledged.
"""

import hashlib
import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import orjson

from whodid.agent.batch import Batch, Span
from whodid.errors import WhodidError

DIRECTORY = "in-flight"
_NAME = re.compile(r"(\d+)\.batch")
_log = logging.getLogger(__name__)


class StateUnwritable(WhodidError):
    """The agent's state cannot be written; nothing is sent without it."""


@dataclass(frozen=True, slots=True)
class Flight:
    """A batch on its way, and its number: that of a flight is one more than that of the one before it."""

    number: int
    batch: Batch


class _Front(msgspec.Struct, forbid_unknown_fields=True):
    """What stands before the body in a file."""

    key: str
    entries: int
    spans: tuple[Span, ...]
    tenant: str = ""


class FlightLog:
    """The directory of the files. `write` may be called from another thread, but only for one flight at a time."""

    def __init__(self, directory: Path, sync: Callable[[int], None] = os.fsync) -> None:
        self._directory = directory
        self._sync = sync
        self.last_written = 0
        """The number of the newest flight that is durable."""

    def load(self, first: int) -> list[Flight]:
        """The flights from number `first` on that were written whole; all other files are removed. Raises OSError."""
        self._directory.mkdir(parents=True, exist_ok=True)
        names = {int(m[1]): path for path in self._directory.iterdir() if (m := _NAME.fullmatch(path.name))}
        flights: list[Flight] = []
        number = first
        while number in names and (batch := _read(names[number])) is not None:
            flights.append(Flight(number, batch))
            number += 1
        self.last_written = number - 1
        if any(left > number for left in names):
            _log.error(
                "%s: the batch %d on its way is damaged or missing, though later ones are there: all lines from there "
                "on are read again; the server may show them twice", self._directory, number,
            )  # fmt: skip
        for left, path in names.items():
            if not first <= left < number:
                path.unlink(missing_ok=True)
        return flights

    def write(self, flight: Flight) -> None:
        """Returns when the flight is durable. Raises StateUnwritable; then it may be tried again."""
        if flight.number != self.last_written + 1:
            raise AssertionError(f"flight {flight.number} written after {self.last_written}: their order is the proof")
        path = self._path(flight.number)
        try:
            with path.open("wb") as file:
                file.write(_front(flight.batch))
                file.write(flight.batch.body)
                file.flush()
                self._sync(file.fileno())
            sync_directory(self._directory, self._sync)
        except OSError as e:
            raise StateUnwritable(f"cannot write {path}: {e.strerror}; make room or give access to it") from e
        self.last_written = flight.number

    def drop(self, number: int) -> None:
        """Removes a flight that the state file has taken over. One that stays is removed at the next start."""
        try:
            self._path(number).unlink(missing_ok=True)
        except OSError as e:
            _log.warning("cannot remove %s: %s", self._path(number), e.strerror)

    def _path(self, number: int) -> Path:
        return self._directory / f"{number}.batch"


def sync_directory(directory: Path, sync: Callable[[int], None]) -> None:
    """Makes names in a directory durable. Raises OSError."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync(fd)
    finally:
        os.close(fd)


def _front(batch: Batch) -> bytes:
    """A line with the checksum of all the rest, and a line that says what the body is."""
    front = orjson.dumps({"key": batch.key, "entries": batch.entries, "spans": batch.spans, "tenant": batch.tenant})
    return b"%s\n%s\n" % (_sum(front, batch.body), front)


def _read(path: Path) -> Batch | None:
    """None for anything but what `write` has written whole."""
    try:
        stated, _, rest = path.read_bytes().partition(b"\n")
        front, _, body = rest.partition(b"\n")
        if stated != _sum(front, body):
            return None
        known = msgspec.json.decode(front, type=_Front)
    except (OSError, msgspec.DecodeError):
        return None
    return Batch(known.key, body, known.entries, known.spans, known.tenant)


def _sum(front: bytes, body: bytes) -> bytes:
    digest = hashlib.blake2b(front, digest_size=16)
    digest.update(b"\n")
    digest.update(body)
    return digest.hexdigest().encode()
