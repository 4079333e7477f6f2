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
from whodid.wire.push_protobuf import MalformedPush
from whodid.wire.push_rows import note_row, read_note

log = logging.getLogger("whodid.ingest")

_MAGIC = "whodid-journal-1"
_SUFFIX = ".rows"
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC


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
    """One file: batches whose lines are numbered without a gap. It has lines, else there is no file."""

    path: Path
    file: int
    """Open for reading and appending until the segment is removed."""
    first_seq: int
    facts: Facts = NOTHING
    bytes: int = 0
    """Of whole batches; what stands behind them in the file does not count."""
    tried: bool = False
    """An insert of it was begun, by this server or an earlier one, so that part of the lines may be in the table."""

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.facts.lines - 1

    @property
    def engine_path(self) -> str:
        """The file for the engine, to which a name may be a pattern."""
        return f"/proc/self/fd/{self.file}"

    def mend(self) -> None:
        """Takes away what a write that failed has left: the engine reads the whole file. Raises JournalError."""
        try:
            os.ftruncate(self.file, self.bytes)
        except OSError as e:
            raise JournalError(f"{self.path} cannot be cut back to {self.bytes} bytes: {e.strerror}") from e

    def _took(self, facts: Facts, size: int) -> None:
        self.facts += facts
        self.bytes += size


class Journal:
    """A directory of segments, the newest of which is open for more batches."""

    def __init__(self, directory: Path) -> None:
        """Raises JournalError."""
        self._directory = directory
        self._open: Segment | None = None
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
            _keep_names(directory.parent)
        except OSError as e:
            raise JournalError(f"cannot make the journal {directory}: {e.strerror}; make room or set data_dir") from e

    def append(self, batch: Batch) -> None:
        """Writes a batch of some lines; it is on disk when this returns.

        Raises JournalError, and then nothing of it is kept.
        """
        segment = self._open or self._begin(batch.first_seq)
        head = _Head.of(batch).encode()
        try:
            segment.mend()
            _write_all(segment.file, head)
            _write_all(segment.file, batch.rows)
            os.fdatasync(segment.file)
        except OSError as e:
            if not segment.facts.lines:
                self._discard(segment)
            raise JournalError(f"cannot write {segment.path}: {e.strerror}") from e
        self._open = segment
        segment._took(batch.facts, len(head) + len(batch.rows))

    def close_segment(self) -> Segment | None:
        """The open segment, which gets no more batches; None if there is none."""
        segment, self._open = self._open, None
        return segment

    @property
    def open_segment(self) -> Segment | None:
        return self._open

    def remove(self, segment: Segment) -> None:
        """Its lines are in the table; it does not come again after a power cut, when they may be deleted there.

        Raises JournalError; may be called again.
        """
        try:
            segment.path.unlink(missing_ok=True)
            _keep_names(self._directory)
        except OSError as e:
            raise JournalError(f"cannot remove {segment.path}: {e.strerror}") from e
        os.close(segment.file)

    def recover(self) -> list[Segment]:
        """What an earlier server acknowledged and did not get into the table, in the order of numbers.

        Raises JournalError.
        """
        segments = []
        for path in sorted(self._directory.glob(f"*{_SUFFIX}")):
            try:
                segment = _read(path)
                if segment is None:
                    path.unlink()
                else:
                    segments.append(segment)
            except OSError as e:
                raise JournalError(
                    f"cannot read {path}, which holds acknowledged lines: {e.strerror}; nothing is lost, start again"
                ) from e
        return segments

    def _begin(self, first_seq: int) -> Segment:
        """A new file, not yet the open one."""
        path = self._directory / f"{first_seq:020}{_SUFFIX}"
        try:
            file = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as e:
            raise JournalError(f"cannot begin {path}: {e.strerror}") from e
        segment = Segment(path, file, first_seq)
        try:
            _keep_names(self._directory)  # else the file's name could be missing after a power cut
        except OSError as e:
            self._discard(segment)
            raise JournalError(f"cannot begin {path}: {e.strerror}") from e
        return segment

    def _discard(self, segment: Segment) -> None:
        """Nothing of it was acknowledged."""
        os.close(segment.file)
        with suppress(OSError):
            segment.path.unlink()


def _keep_names(directory: Path) -> None:
    """What was created or removed in a directory stays so after a power cut."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


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
        """As a row without a stream, which the engine reads over; its last word is the checksum of the others."""
        text = " ".join((_MAGIC, *map(str, astuple(self))))
        return note_row(f"{text} {zlib.crc32(text.encode())}")


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _read(path: Path) -> Segment | None:
    """The whole batches of a file, cut to them; None if there is none."""
    data = memoryview(path.read_bytes())
    at, segment, torn = 0, None, False
    while (found := _read_head(data, at)) is not None:
        head, begin = found
        end = begin + head.size
        torn = end > len(data)  # the server died while it wrote; nobody was told that this batch is safe
        if torn or zlib.crc32(data[begin:end]) != head.checksum:
            break
        segment = segment or Segment(path, os.open(path, _FLAGS), head.first_seq, tried=True)
        segment._took(head.facts, end - at)
        at = end
    if at < len(data) and not torn:
        _keep_damaged(path, at, data[at:])
    if segment is not None:
        segment.mend()
    return segment


def _read_head(data: memoryview, at: int) -> tuple[_Head, int] | None:
    """The head that stands at `at` and the first byte behind it; None if there is none."""
    try:
        text, end = read_note(data, at)
        said, checksum = text.rsplit(" ", 1)
        magic, *numbers = said.split()
        if magic != _MAGIC or zlib.crc32(said.encode()) != int(checksum):
            return None
        return _Head(*map(int, numbers)), end
    except (MalformedPush, ValueError, TypeError):
        return None


def _keep_damaged(path: Path, at: int, rest: memoryview) -> None:
    """Bytes that changed on disk, or were not all written before a power cut, are kept for whoever can read them."""
    kept = path.with_suffix(".damaged")
    with kept.open("wb") as file:
        file.write(rest)
        file.flush()
        os.fsync(file.fileno())
    _keep_names(path.parent)
    log.error("%s is damaged from byte %d on; those %d bytes are kept in %s", path, at, len(rest), kept)
