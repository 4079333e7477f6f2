"""The kernel's change notification (inotify(7)) for directories, called through the C library. Linux only.

Written out because it must tell which file changed without a thread that looks for it, take up a directory without
beginning anew, and say when the kernel has lost events. Called by `wake.py`, which knows what to do without it.
"""

import ctypes
import os
import struct
from typing import NamedTuple

MODIFY, ATTRIB = 0x2, 0x4
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF = 0x400, 0x800
OVERFLOW, IGNORED = 0x4000, 0x8000
_ONLY_DIRECTORIES = 0x0100_0000
_WANTED = MODIFY | ATTRIB | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF | _ONLY_DIRECTORIES
WRITTEN = MODIFY | ATTRIB
_EVENT = struct.Struct("iIII")
_READ_BYTES = 64 << 10


class Event(NamedTuple):
    """One change. Without a path the kernel has dropped events."""

    path: str
    mask: int


class Inotify:
    """A set of watched directories; `fd` is readable when something has changed in one of them. Raises OSError."""

    def __init__(self) -> None:
        try:
            self._c = ctypes.CDLL(None, use_errno=True)
            self.fd: int = self._c.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except AttributeError as e:
            raise OSError(f"this system has no inotify ({e})") from e
        if self.fd < 0:
            raise _error("")
        self._watches: dict[str, int] = {}
        self._directories: dict[int, set[str]] = {}  # two names of one directory have one watch

    @property
    def directories(self) -> frozenset[str]:
        """Those that are watched."""
        return frozenset(self._watches)

    def add(self, directory: str) -> None:
        """Watches a directory, too."""
        watch = self._c.inotify_add_watch(self.fd, os.fsencode(directory), _WANTED)
        if watch < 0:
            raise _error(directory)
        self._watches[directory] = watch
        self._directories.setdefault(watch, set()).add(directory)

    def remove(self, directory: str) -> None:
        """Watches it no longer."""
        watch = self._watches.pop(directory)
        names = self._directories.get(watch, set())
        names.discard(directory)
        if not names:
            self._directories.pop(watch, None)
            self._c.inotify_rm_watch(self.fd, watch)

    def read(self) -> list[Event]:
        """What has happened since the last call."""
        events: list[Event] = []
        while True:
            try:
                data = os.read(self.fd, _READ_BYTES)
            except BlockingIOError:
                return events
            at = 0
            while at < len(data):
                watch, mask, _, size = _EVENT.unpack_from(data, at)
                at += _EVENT.size
                name = os.fsdecode(data[at : at + size].rstrip(b"\0"))
                at += size
                if mask & OVERFLOW:
                    events.append(Event("", mask))
                for directory in self._directories.get(watch, ()):
                    events.append(Event(os.path.join(directory, name) if name else directory, mask))  # noqa: PTH118
                if mask & IGNORED:
                    self._gone(watch)

    def close(self) -> None:
        os.close(self.fd)

    def _gone(self, watch: int) -> None:
        """The kernel has ended a watch: its directory is gone, or was taken off."""
        for directory in self._directories.pop(watch, ()):
            self._watches.pop(directory, None)


def _error(path: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
