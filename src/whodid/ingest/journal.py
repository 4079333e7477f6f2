"""Bodies that are durable and acknowledged, but not yet lines of the table: files that are only appended to.

A file holds the rows of several batches as decode.py writes them, so that the engine reads it as it is; before each
batch stands a row of its own, without lines, that says how long the batch is and its checksum. After a crash `recover`
keeps the whole batches. Blocking; one caller at a time. Called by backlog.py.
"""

import logging
import os
import zlib
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from whodid.errors import WhodidError
from whodid.ingest.check import NOTHING, Facts
from whodid.wire.push_protobuf import MalformedPush, delimited, encode_labels, read_delimited

log = logging.getLogger("whodid.ingest")

_MAGIC = "whodid-journal-1"
_SUFFIX = ".rows"


class JournalError(WhodidError):
    """The journal cannot be written; nothing is acknowledged."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The bodies of one acknowledgement."""

    rows: bytes
    first_seq: int
    facts: Facts


@dataclass(slots=True)
class Segment:
    """One file: batches whose lines are numbered without a gap."""

    path: Path
    first_seq: int
    facts: Facts = NOTHING
    bytes: int = 0
    """Of whole batches; what stands behind them in the file does not count."""

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.facts.lines - 1

    def _took(self, facts: Facts, size: int) -> None:
        self.facts += facts
        self.bytes += size


class Journal:
    """A directory of segments, the newest of which is open."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, exist_ok=True)
        self._open: Segment | None = None
        self._file = -1

    def append(self, batch: Batch) -> None:
        """Writes a batch; it is on disk when this returns. Raises JournalError, and then nothing of it is kept."""
        try:
            segment = self._open or self._begin(batch.first_seq)
        except OSError as e:
            raise JournalError(f"cannot begin a file in {self._directory}: {e.strerror}") from e
        head = _Head.of(batch).encode()
        try:
            _write_all(self._file, head)
            _write_all(self._file, batch.rows)
            os.fdatasync(self._file)
        except OSError as e:
            self._cut_back(segment)
            raise JournalError(f"cannot write {segment.path}: {e.strerror}") from e
        segment._took(batch.facts, len(head) + len(batch.rows))

    def close_segment(self) -> Segment | None:
        """The open segment, which gets no more batches; None if there is none."""
        segment, self._open = self._open, None
        if segment is not None:
            os.close(self._file)
        return segment

    @property
    def open_segment(self) -> Segment | None:
        return self._open

    def remove(self, segment: Segment) -> None:
        """Its lines are in the table; it does not come again after a power cut, when they may be deleted there."""
        with suppress(FileNotFoundError):
            segment.path.unlink()
        self._keep_names()

    def recover(self) -> list[Segment]:
        """What an earlier server acknowledged and did not get into the table, in the order of numbers."""
        segments = []
        for path in sorted(self._directory.glob(f"*{_SUFFIX}")):
            segment = _read(path)
            if segment is None:
                path.unlink()
            else:
                segments.append(segment)
        return segments

    def _begin(self, first_seq: int) -> Segment:
        path = self._directory / f"{first_seq:020}{_SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._open = Segment(path, first_seq)
        self._keep_names()  # else the file's name could be missing after a power cut
        return self._open

    def _keep_names(self) -> None:
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _cut_back(self, segment: Segment) -> None:
        """Takes away what a failed write left: the engine reads the whole file."""
        try:
            os.ftruncate(self._file, segment.bytes)
        except OSError as e:
            log.error("%s cannot be cut back to %d bytes: %s", segment.path, segment.bytes, e.strerror)


@dataclass(frozen=True, slots=True)
class _Head:
    """What the row before a batch says of it, as numbers in this order."""

    first_seq: int
    size: int
    checksum: int
    streams: int
    lines: int
    metadata: int
    levels: int
    label_levels: int

    @classmethod
    def of(cls, batch: Batch) -> "_Head":
        facts, rows = batch.facts, batch.rows
        flags = (facts.metadata, facts.levels, facts.label_levels)
        return cls(batch.first_seq, len(rows), zlib.crc32(rows), facts.streams, facts.lines, *map(int, flags))

    @property
    def facts(self) -> Facts:
        return Facts(self.streams, self.lines, bool(self.metadata), bool(self.levels), bool(self.label_levels))

    def encode(self) -> bytes:
        """As a row without lines, which the engine reads over."""
        return delimited(encode_labels(" ".join((_MAGIC, *map(str, astuple(self))))))


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _read(path: Path) -> Segment | None:
    """The whole batches of a file, cut to them; None if there is none."""
    data = memoryview(path.read_bytes())
    at, segment = 0, None
    while (found := _read_head(data, at)) is not None:
        head, begin = found
        end = begin + head.size
        if end > len(data):
            break  # the server died while it wrote; nobody was told that this batch is safe
        if zlib.crc32(data[begin:end]) != head.checksum:
            _keep_damaged(path, data[at:])
            break
        segment = segment or Segment(path, head.first_seq)
        segment._took(head.facts, end - at)
        at = end
    if segment is not None and at < len(data):
        os.truncate(path, at)
    return segment


def _read_head(data: memoryview, at: int) -> tuple[_Head, int] | None:
    """The head that stands at `at` and the first byte behind it; None if there is none."""
    try:
        begin, end = read_delimited(data, at)
        labels_begin, labels_end = read_delimited(data[:end], begin + 1)
        magic, *numbers = bytes(data[labels_begin:labels_end]).decode().split()
        return (_Head(*map(int, numbers)), end) if magic == _MAGIC else None
    except (MalformedPush, ValueError, TypeError):
        return None


def _keep_damaged(path: Path, rest: memoryview) -> None:
    """Bytes that changed on disk are kept for whoever can read more out of them."""
    kept = path.with_suffix(".damaged")
    kept.write_bytes(rest)
    log.error("%s is damaged from its batch at byte %d on; those %d bytes are kept in %s",
              path, path.stat().st_size - len(rest), len(rest), kept)  # fmt: skip
