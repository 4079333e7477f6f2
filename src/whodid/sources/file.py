"""One incarnation of one file, open: reads it in order and notices when its content is replaced under it.

Which files there are, and what rotation means for them, is decided in `files.py`.
"""

import hashlib
import logging
import os
import secrets
from typing import NamedTuple

from whodid.sources.source import Place

_log = logging.getLogger(__name__)
TICK_S = 2.5
"""The coarsest clocks of file systems count in two seconds (FAT; some network file systems in one)."""
HEAD_BYTES = 256
"""How much of a file's beginning tells it from another one in the same inode; a stamped log line fits well inside."""


PIECE_BYTES = 64
"""Less of a line than that may be how many a line begins: a stamp and little more."""


def tells_apart(head: bytes) -> bool:
    """Whether a file can be known by its first bytes alone, whatever its inode: not if they are a piece of a line."""
    return len(head) >= PIECE_BYTES or b"\n" in head


def fingerprint(data: bytes) -> str:
    """A short hash of a file's first (or last read) bytes."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Key(NamedTuple):
    """What the kernel calls a file. A tuple, for speed: thousands are looked up at each look."""

    device: int
    inode: int

    @classmethod
    def of(cls, stat: os.stat_result) -> "Key":
        return cls(stat.st_dev, stat.st_ino)


class Signature(NamedTuple):
    """What stat(2) shows when a file is written to. The change time cannot be set back by anybody."""

    size_bytes: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> "Signature":
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


class FollowedFile:
    """A feed over an open descriptor, which it owns."""

    __slots__ = (
        "_failed",
        "_fd",
        "_head",
        "_id",
        "_offset",
        "_path",
        "_real",
        "_recent",
        "_signature",
        "_signed_at_s",
        "finished",
        "key",
        "mtime_ns",
        "replaced",
        "silent_since_s",
    )  # fmt: skip

    def __init__(self, path: str, fd: int, offset: int = 0, id: str = "") -> None:
        self._path = path
        self._fd = fd
        self._id = id or secrets.token_hex(8)
        self._offset = offset
        stat = os.fstat(fd)
        self.key = Key.of(stat)
        self.mtime_ns = stat.st_mtime_ns
        self._head = os.pread(fd, HEAD_BYTES, 0)
        self._recent = _before(fd, offset)  # the last chunk read, and a little before it
        self._failed = False
        self._real = ("", "")
        self._signature = Signature.of(stat)
        self._signed_at_s = float("inf")  # until a close look
        self.finished = False
        self.replaced = False  # a read met other first bytes than before
        self.silent_since_s: float | None = None

    @property
    def id(self) -> str:
        return self._id

    @property
    def path(self) -> str:
        return self._path

    @property
    def offset(self) -> int:
        return self._offset

    @property
    def head(self) -> bytes:
        return self._head

    def read(self, size_bytes: int) -> bytes:
        if self.finished or self.replaced or not self._head:
            return b""  # with nothing known of its beginning, a look must come first
        try:
            data = os.pread(self._fd, size_bytes, self._offset)
            # Looked at after the read: if the beginning is still the same now, the bytes were of the same content.
            self.replaced = not self.head_same()
        except OSError as e:
            if not self._failed:
                _log.error(
                    "cannot read on in %s at byte %d: %s; it is tried again", self._path, self._offset, e.strerror
                )
            self._failed = True
            return b""
        self._failed = False
        if self.replaced:
            return b""
        if data:
            self._offset += len(data)
            self._recent = self._recent[-HEAD_BYTES:] + data
            self.silent_since_s = None
            self.grow_head()
        return data

    def head_same(self) -> bool:
        """Whether the file still begins as it did. An empty beginning says nothing and is always the same."""
        return os.pread(self._fd, len(self._head), 0) == self._head

    def grow_head(self) -> None:
        """Learns the beginning of a young file; only after a look that found what was known of it unchanged."""
        if len(self._head) < HEAD_BYTES:
            self._head = os.pread(self._fd, HEAD_BYTES, 0)

    def place(self, offset: int) -> Place:
        return Place(
            id=self._id,
            path=self._path,
            device=self.key.device,
            inode=self.key.inode,
            head_bytes=len(self._head),
            head_hash=fingerprint(self._head),
            offset=offset,
            tail_hash=fingerprint(self._bytes_before(offset)),
            mtime_ns=self.mtime_ns,
        )

    def _bytes_before(self, offset: int) -> bytes:
        """From memory where possible: on the disk the bytes may have been truncated since they were read."""
        end = offset - (self._offset - len(self._recent))
        known = min(HEAD_BYTES, offset)
        return self._recent[end - known : end] if end >= known else _before(self._fd, offset)

    def stat(self, now_s: float) -> os.stat_result:
        """The file's state now, which is remembered."""
        stat = os.fstat(self._fd)
        self.mtime_ns = stat.st_mtime_ns
        signature = Signature.of(stat)
        if signature != self._signature or self._signed_at_s > now_s:
            self._signature, self._signed_at_s = signature, now_s
        return stat

    def is_settled(self, signature: Signature, now_s: float) -> bool:
        """Whether nothing can have happened since it was looked at closely.

        A file system's clock has a tick, in which a file may change twice and look the same: what has changed is looked
        at closely until that is over.
        """
        unchanged = signature == self._signature and now_s - self._signed_at_s > TICK_S
        return unchanged and not self.replaced and not self._failed

    def real_path(self, path: str) -> str:
        """Where a name of this file leads, through symbolic links. Remembered, for it costs a call for each part."""
        if self._real[0] != path:
            self._real = (path, os.path.realpath(path))
        return self._real[1]

    def settle(self, offset: int) -> None:
        """Lets go of what `place` would need for an earlier offset."""
        surplus = offset - HEAD_BYTES - (self._offset - len(self._recent))
        if surplus > 0:
            self._recent = self._recent[surplus:]

    def size_bytes(self) -> int:
        return self._offset if self.finished else os.fstat(self._fd).st_size

    def intact(self) -> bool:
        """Whether what was read of the file still stands in it."""
        return self.size_bytes() >= self._offset and self.head_same()

    def includes(self, other_fd: int) -> bool:
        """Whether another file is a copy of this one, perhaps not yet complete.

        Looks at both ends of the other one, which for log lines with their instants is as good as all of it.
        """
        size = os.fstat(other_fd).st_size
        if size > os.fstat(self._fd).st_size:
            return False
        head = os.pread(other_fd, HEAD_BYTES, 0)
        if head and not tells_apart(head):
            return False  # no copy that is complete, and one under way has whole pages or nothing
        same_head = head == os.pread(self._fd, len(head), 0)
        return same_head and _before(other_fd, size) == _before(self._fd, size)

    def continue_in(self, fd: int) -> None:
        """Goes on in another file that holds the same bytes up to the offset (a copy made before truncation)."""
        os.close(self._fd)
        self._fd = fd
        self.key = Key.of(os.fstat(fd))
        self._head = os.pread(fd, HEAD_BYTES, 0)
        self.replaced = False

    def finish(self) -> None:
        """No more bytes will come; an unterminated line may now be taken as it is."""
        self.finished = True

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.finished = True

    @property
    def closed(self) -> bool:
        return self._fd < 0


def _before(fd: int, offset: int) -> bytes:
    return os.pread(fd, min(HEAD_BYTES, offset), max(0, offset - HEAD_BYTES))
