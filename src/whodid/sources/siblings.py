"""Finds where rotation put a file: the renamed inode, the copy that copytruncate made, successors nobody was awake for.

Only looks into the directory of the followed path, only at names that rotation gives (`app.log.1`, `app.log-20260101`,
`app-20260101.log`, `app.log.old`), never into compressed files. Called by `files.py` when a path changes its meaning.
"""
# ruff: noqa: PTH118, PTH120, PTH208
# Paths are the strings of the kernel here, beside descriptors; pathlib would only wrap them.

import logging
import os
import re
import stat as stat_flags
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from whodid.sources.file import HEAD_BYTES, Key, fingerprint, tells_apart
from whodid.sources.source import Place

_MARK = re.compile(r"[-._](?=\d|old)")
_AGE = re.compile(r"\d[\w.:+-]*|old")
_DOT = re.compile(r"\.")
COMPRESSED = (".gz", ".xz", ".bz2", ".zst", ".lz4", ".Z", ".zip")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sibling:
    """A file beside a followed path, open; whoever gets it owns the descriptor."""

    path: str
    fd: int
    stat: os.stat_result


def is_rotation_of(name: str, path: str) -> bool:
    """Whether a file name is one that rotation of `path` would give."""
    original = PurePath(path)
    if not name.startswith(original.stem):
        return False
    return not name.endswith(COMPRESSED) and original.name in originals_of(name)


@lru_cache(maxsize=1024)
def originals_of(name: str) -> frozenset[str]:
    """All file names whose rotation would give this one."""
    found = set()
    for mark in _MARK.finditer(name):
        stem, rest = name[: mark.start()], name[mark.end() :]
        if not stem:
            continue
        if _AGE.fullmatch(rest):
            found.add(stem)  # the age is behind the whole name
        for dot in _DOT.finditer(rest):
            original = PurePath(stem + rest[dot.start() :])
            if _AGE.fullmatch(rest[: dot.start()]) and original.stem == stem:
                found.add(original.name)  # it is before the suffix
    return frozenset(found)


def rotated_from(path: str) -> list[str]:
    """All paths of the same directory whose rotation would give this one."""
    directory, name = os.path.split(path)
    return [] if name.endswith(COMPRESSED) else [os.path.join(directory, n) for n in sorted(originals_of(name))]


def may_be(path: str, place: Place) -> bool:
    """Whether a file under this name may be that of a place: one that was empty has nothing but its names to be known
    by, and the next file may have its inode."""
    return place.head_bytes > 0 or path == place.path or place.path in rotated_from(path)


def find_renamed(place: Place) -> Sibling | None:
    """The file of a place under whatever name it has now in its directory."""
    for sibling in _siblings(place.path, any_name=place.head_bytes > 0):
        if Key.of(sibling.stat) == Key(place.device, place.inode) and has_head(sibling.fd, place):
            return sibling
        os.close(sibling.fd)
    return None


def find_copy(place: Place) -> Sibling | None:
    """A rotated copy that holds what was read of a place, and perhaps more that was not."""
    if place.offset == 0 and place.head_bytes == 0:
        return None
    for sibling in _siblings(place.path):
        other = Key.of(sibling.stat) != Key(place.device, place.inode)
        if other and holds(sibling, place) and tells_apart(os.pread(sibling.fd, place.head_bytes, 0)):
            return sibling
        os.close(sibling.fd)
    return None


def find_same(place: Place) -> Sibling | None:
    """The content of a place under its own path in what the kernel calls another file: device numbers are given anew
    when a volume is mounted. Only where both ends of what was read are long enough to be nobody else's."""
    sibling = open_regular(place.path)
    if sibling is None:
        return None
    if is_same(sibling, place):
        return sibling
    os.close(sibling.fd)
    return None


def is_same(sibling: Sibling, place: Place) -> bool:
    """Whether a file is that of a place, whatever the kernel calls it."""
    return min(place.offset, place.head_bytes) >= HEAD_BYTES and holds(sibling, place)


def find_successors(place: Place, is_known: Callable[[Sibling], bool], until_ns: int | None = None) -> list[Sibling]:
    """Files that were written under the path after the file of `place`, and rotated away before anybody looked.

    Older generations were last written before that file was, so modification times tell them apart; `until_ns` bounds
    them at the other end. Oldest first.
    """
    found = []
    for sibling in _siblings(place.path):
        older = sibling.stat.st_mtime_ns < place.mtime_ns
        younger = until_ns is not None and sibling.stat.st_mtime_ns > until_ns
        if older or younger or is_known(sibling) or _is_read(sibling, place):
            os.close(sibling.fd)
        else:
            found.append(sibling)
    return sorted(found, key=_age)


def _is_read(sibling: Sibling, place: Place) -> bool:
    """Whether it is the file of a place, or a copy of it, with nothing behind what was read: the file itself may have
    grown since it was let go, and another one may begin like a short one."""
    return 0 < place.offset == sibling.stat.st_size and holds(sibling, place)


def _age(sibling: Sibling) -> tuple[int, int]:
    """Sorts the oldest first: by time, and where a clock tick holds several, by logrotate's numbers (.2 before .1)."""
    number = re.search(r"[-._](\d{1,4})(?:\.|$)", PurePath(sibling.path).name)
    return sibling.stat.st_mtime_ns, -int(number[1]) if number else 0


def has_head(fd: int, place: Place) -> bool:
    """Whether an open file begins with the bytes that a place knows."""
    head = os.pread(fd, place.head_bytes, 0)
    return len(head) == place.head_bytes and fingerprint(head) == place.head_hash


def holds(sibling: Sibling, place: Place) -> bool:
    """Whether a file begins with everything that was read of a place, judged by both ends of it."""
    if not may_be(sibling.path, place):
        return False
    if sibling.stat.st_size < place.offset or not has_head(sibling.fd, place):
        return False
    begin = max(0, place.offset - HEAD_BYTES)
    return fingerprint(os.pread(sibling.fd, place.offset - begin, begin)) == place.tail_hash


def _siblings(path: str, any_name: bool = False) -> Iterator[Sibling]:
    directory = os.path.dirname(path) or "."
    try:
        names = sorted(os.listdir(directory))
    except OSError as e:
        _log.warning("cannot look for rotated files of %s: %s", path, e.strerror)
        return
    for name in names:
        if name.endswith(COMPRESSED) or not (any_name or is_rotation_of(name, path)):
            continue
        sibling = open_regular(os.path.join(directory, name))
        if sibling is not None:
            yield sibling


def open_regular(path: str) -> Sibling | None:
    """Opens a regular file for reading; None for anything else (a pipe would block) or when it cannot be opened."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    stat = os.fstat(fd)
    if not stat_flags.S_ISREG(stat.st_mode):
        os.close(fd)
        return None
    return Sibling(path, fd, stat)
