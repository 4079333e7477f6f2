"""Where records that were received (not read from a file) become durable: a file of the agent's own, followed as any.

`FileInbox` appends one JSON line per record, with fsync, and rotates by renaming; the machinery of files ships it
exactly once, and its places say which rotated files are done with. Everything the agent must know of an inbox stands in
its directory (`origin.json`), so that what was received before a crash is shipped even if its sender never comes back.
Used by `inboxes.py`.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from whodid.agent.flights import sync_directory
from whodid.model.clock import Clock
from whodid.sources.receiver import Origin, Received, encode

FILE_NAME = "inbox.log"
ORIGIN_NAME = "origin.json"
SEGMENT_BYTES = 8 << 20
"""A file that has grown beyond it is rotated, so that it can be removed once it is sent."""
MOST_BYTES = 128 << 20
"""So much waits for the server at most; then whoever sends has to wait."""
LOOK_AGAIN_S = 0.2
DISK_RETRY_S = 2.0
_TAIL_BYTES = 64 << 10
_log = logging.getLogger(__name__)


class FileInbox:
    """The inbox of one origin. Implements sources' `Inbox`."""

    def __init__(
        self,
        directory: Path,
        origin: Origin,
        clock: Clock,
        *,
        on_written: Callable[[], None] = lambda: None,
        segment_bytes: int = SEGMENT_BYTES,
        most_bytes: int = MOST_BYTES,
        sync: Callable[[int], None] = os.fdatasync,
    ) -> None:
        """Takes up what an earlier run has left. Raises OSError."""
        self.directory = directory
        self.path = directory / FILE_NAME
        self._clock = clock
        self._on_written = on_written
        self._segment_bytes = segment_bytes
        self._most_bytes = most_bytes
        self._sync = sync
        self._turn = asyncio.Lock()
        self._unwritten = memoryview(b"")
        self._size = 0
        self.finished = False
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._mend()
        self._rotated = {path: path.stat().st_size for path in rotated_files(directory)}
        self._number = max((int(path.suffix[1:]) for path in self._rotated), default=0)
        self._cursor = self._newest_cursor()
        self.origin = origin
        self.describe(origin)

    async def put(self, records: Sequence[Received]) -> None:
        data = b"".join([encode(record) for record in records])
        async with self._turn:
            while self.full():
                if self._size >= self._segment_bytes:
                    await asyncio.to_thread(self._try, self._rotate)  # only a rotated file can be removed
                await self._clock.sleep(LOOK_AGAIN_S)
            self._unwritten = memoryview(data)
            while not await asyncio.to_thread(self._append):
                await self._clock.sleep(DISK_RETRY_S)
        self._cursor = next((record.cursor for record in reversed(records) if record.cursor), self._cursor)
        self._on_written()

    def cursor(self) -> str:
        return self._cursor

    def full(self) -> bool:
        return self.waiting_bytes >= self._most_bytes

    @property
    def waiting_bytes(self) -> int:
        """How much is there that may not have been sent yet."""
        return self._size + sum(self._rotated.values())

    def finish(self) -> None:
        self.finished = True

    def describe(self, origin: Origin) -> None:
        """Writes down what the agent must know of the records, when that has changed."""
        self.origin = origin
        path, text = self.directory / ORIGIN_NAME, msgspec.json.encode(origin)
        if path.exists() and path.read_bytes() == text:
            return
        temporary = path.with_suffix(".new")
        temporary.write_bytes(text)
        temporary.replace(path)
        sync_directory(self.directory, os.fsync)

    def sweep(self, is_sent: Callable[[os.stat_result], bool]) -> bool:
        """Removes rotated files that are sent; True when the inbox is finished and all of it is sent.

        The newest one stays until the file behind it has a record: it holds the cursor.
        """
        for path in sorted(self._rotated):
            if self._rotated[path] and not is_sent(path.stat()):
                continue
            self._rotated[path] = 0
            if self._size or path != max(self._rotated):
                path.unlink(missing_ok=True)
                del self._rotated[path]
        return self.finished and not any(self._rotated.values()) and (not self._size or is_sent(os.fstat(self._fd)))

    def close(self) -> None:
        os.close(self._fd)

    def _append(self) -> bool:
        """Writes what is unwritten; False: not all of it could be. Nothing is ever taken back, for it may have been
        read already."""
        return self._try(self._write)

    def _try(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except OSError as e:
            _log.error("cannot write %s: %s; received records wait until there is room", self.path, e.strerror)
            return False
        return True

    def _write(self) -> None:
        if self._size and self._size + len(self._unwritten) > self._segment_bytes:
            self._rotate()
        while self._unwritten:
            written = os.write(self._fd, self._unwritten)
            self._size += written
            self._unwritten = self._unwritten[written:]
        self._sync(self._fd)

    def _rotate(self) -> None:
        self._number += 1
        rotated = self.path.with_name(f"{FILE_NAME}.{self._number:08d}")
        fd = os.open(self.path.with_suffix(".new"), os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.path.rename(rotated)
        self.path.with_suffix(".new").rename(self.path)
        sync_directory(self.directory, os.fsync)
        os.close(self._fd)
        size, self._fd, self._size = self._size, fd, 0
        self._rotated[rotated] = size  # last: a sweep in another thread must not take it for one that holds no cursor

    def _mend(self) -> None:
        """Takes off what a crash has left of a line, before anybody reads it."""
        size = os.fstat(self._fd).st_size
        end, at = 0, size
        while at and not end:
            begin = max(0, at - _TAIL_BYTES)
            end = begin + os.pread(self._fd, at - begin, begin).rfind(b"\n") + 1
            end = 0 if end == begin else end
            at = begin
        if end < size:
            os.ftruncate(self._fd, end)
        self._size = end

    def _newest_cursor(self) -> str:
        for path in (self.path, *sorted(self._rotated, reverse=True)):
            for line in _backwards(path):
                try:
                    record = msgspec.json.decode(line, type=Received)
                except msgspec.DecodeError:
                    continue
                if record.cursor:
                    return record.cursor
        return ""


def rotated_files(directory: Path) -> list[Path]:
    """The rotated files of an inbox, oldest first."""
    return sorted(path for path in directory.glob(f"{FILE_NAME}.*") if path.suffix[1:].isdecimal())


def _backwards(path: Path) -> Iterator[bytes]:
    """The lines of a file from its end on. Those of an inbox are bounded, and the newest have cursors if any have."""
    with path.open("rb") as file:
        at = file.seek(0, os.SEEK_END)
        rest = b""
        while at:
            begin = max(0, at - _TAIL_BYTES)
            file.seek(begin)
            lines = (file.read(at - begin) + rest).split(b"\n")
            rest, at = lines[0], begin
            yield from reversed(lines[1:])
        if rest:
            yield rest
