"""What rotation has compressed before it was read to its end: unpacks the rest of it, or says how much is not read.

Only gzip, logrotate's default; only where a followed file is found nowhere else at a start, for a file that is followed
is open and read to its end whatever becomes of its name. The rest is unpacked into a file without a name, with holes
where nothing will be read, and followed like any other. Called by `files.py`.
"""
# ruff: noqa: PTH116, PTH118, PTH120, PTH208
# Paths are the strings of the kernel here, beside descriptors; pathlib would only wrap them.

import gzip
import logging
import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whodid.sources.file import HEAD_BYTES, fingerprint, tells_apart
from whodid.sources.siblings import is_rotation_of
from whodid.sources.source import Place

SUFFIX = ".gz"
MOST_BYTES = 1 << 30
"""Most bytes that are unpacked of one file; beyond it the rest is only told of."""
DIRECTORY = "/var/tmp"  # noqa: S108  (the file has no name; /tmp is memory on many hosts)
_STEP_BYTES = 1 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a place goes on with; whoever gets it owns the descriptor."""

    path: str
    fd: int
    unread_bytes: int


class _TooLong(Exception):
    """More than MOST_BYTES are left."""


def find_compressed(place: Place) -> Unpacked | None:
    """The rest of a place's file, where a compressed rotation holds it. Says what could not be had of it."""
    if place.head_bytes == 0:
        return None
    for path in _rotations(place.path):
        try:
            with gzip.open(path) as packed:
                if not _begins(packed, place):
                    continue
                rest = _unpack(path, packed, place)
        except (OSError, EOFError, zlib.error) as e:
            _log.warning("%s cannot be unpacked, if it holds lines of %s they are not read: %s", path, place.path, e)
            continue
        except _TooLong:
            _log.warning(
                "%s was compressed to %s when only its first %d bytes were read; more than %d bytes are left in it, "
                "and they are not read: push them yourself, or unpack it beside the log",
                place.path, path, place.offset, MOST_BYTES,
            )  # fmt: skip
            return None
        if rest is not None:
            return rest
    return None


def tell_unread(path: str, since_ns: int, known: Sequence[Place]) -> None:
    """Says which compressed rotations of a path, last written after `since_ns`, hold nothing of the known places."""
    for packed_path in _rotations(path):
        try:
            if os.stat(packed_path).st_mtime_ns <= since_ns:  # gzip keeps the time of what it has packed
                continue
            with gzip.open(packed_path) as packed:
                if any(_begins(packed, place) for place in known if place.head_bytes):
                    continue
                size = packed.seek(0, os.SEEK_END)
        except (OSError, EOFError, zlib.error):
            continue  # not gzip's, whatever its name: nothing can be said of it
        _log.warning(
            "%s was written, rotated and compressed to %s while the agent was away: its %d bytes are not read",
            path, packed_path, size,
        )  # fmt: skip


def _rotations(path: str) -> Iterator[str]:
    directory = os.path.dirname(path) or "."
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    for name in names:
        if name.endswith(SUFFIX) and is_rotation_of(name.removesuffix(SUFFIX), path):
            yield os.path.join(directory, name)


def _begins(packed: gzip.GzipFile, place: Place) -> bool:
    """Whether it begins with the bytes that a place knows."""
    packed.seek(0)
    head = packed.read(place.head_bytes)
    return fingerprint(head) == place.head_hash and tells_apart(head)


def _unpack(path: str, packed: gzip.GzipFile, place: Place) -> Unpacked | None:
    """All that is behind the place, and as much before it as tells one file from another. None: another file."""
    packed.seek(0)
    head = packed.read(HEAD_BYTES)
    begin = max(0, place.offset - HEAD_BYTES)
    packed.seek(begin)
    tail = packed.read(place.offset - begin)
    if len(tail) < place.offset - begin or fingerprint(tail) != place.tail_hash:
        return None
    file = tempfile.TemporaryFile(dir=DIRECTORY, buffering=0)  # noqa: SIM115  (its descriptor outlives it)
    with file:
        os.pwrite(file.fileno(), head, 0)
        os.pwrite(file.fileno(), tail, begin)
        at = place.offset
        while data := packed.read(_STEP_BYTES):
            os.pwrite(file.fileno(), data, at)
            at += len(data)
            if at - place.offset > MOST_BYTES:
                raise _TooLong
        if at == place.offset:
            return None  # it was read to its end
        written_ns = os.stat(path).st_mtime_ns  # gzip keeps the time of what it has packed: it tells successors apart
        os.utime(file.fileno(), ns=(written_ns, written_ns))
        return Unpacked(path, os.dup(file.fileno()), at - place.offset)
