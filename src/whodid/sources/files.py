"""Follows paths and globs through rename rotation, copytruncate, deletion and late appearance; called by the agent.

Identity is device, inode and the first bytes; the decision what a change means is `rotation.py`, the search for where
the bytes went is `siblings.py`. Compressed files hold what was read before they were compressed; where they hold more,
`compressed.py` unpacks it.
"""
# ruff: noqa: PTH100, PTH110, PTH112, PTH116, PTH119, PTH120, PTH207
# Paths are the strings of the kernel here, beside descriptors; pathlib would only wrap them.

import fnmatch
import glob
import logging
import os
import stat as stat_flags
from collections.abc import Iterable, Iterator, Sequence

from whodid.sources import siblings
from whodid.sources.compressed import find_compressed, tell_unread
from whodid.sources.file import FollowedFile, Key
from whodid.sources.rotation import LINGER_S, Action, Seen, decide
from whodid.sources.siblings import Sibling
from whodid.sources.source import Place

_log = logging.getLogger(__name__)


class FileSource:
    """All files of a few patterns. `known`: places of an earlier run; `gone`: places that were read to their end, both
    oldest first."""

    def __init__(
        self,
        patterns: Sequence[str],
        exclude: Sequence[str] = (),
        known: Iterable[Place] = (),
        gone: Iterable[Place] = (),
        linger_s: float = LINGER_S,
    ) -> None:
        self._patterns = tuple(os.path.abspath(p) for p in patterns)
        self._exclude = tuple(exclude)
        self._linger_s = linger_s
        self._files: list[FollowedFile] = []
        self._unclaimed = [p for p in known if self._covers(p.path)]
        read = tuple(gone)
        self._done = {Key(p.device, p.inode): p for p in read}
        self._latest = {p.path: p for p in read}  # per path, of a file that is no longer followed
        self._told: set[str] = set()  # problems are said once, not at every look

    def refresh(self, now_s: float) -> Sequence[FollowedFile]:
        present = self._present()
        self._files = [f for f in self._files if not f.closed]
        for file in tuple(self._files):
            self._look(file, present, now_s)
        self._resume_all(present)
        for key, path in present.items():
            if key not in self._keys():
                self._adopt(path)
        return self._files

    def directories(self) -> frozenset[str]:
        parents = {os.path.dirname(f.path) for f in self._files} | {_fixed_directory(p) for p in self._patterns}
        return frozenset(d for d in parents if os.path.isdir(d))

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _keys(self) -> set[Key]:
        return {file.key for file in self._files if not file.finished}

    def _covers(self, path: str) -> bool:
        """Whether a path of an earlier run still belongs here (fnmatch's * also crosses `/`: wide enough)."""
        named = any(path == p or fnmatch.fnmatch(path, p.replace("**/", "*")) for p in self._patterns)
        return named and not self._excluded(path)

    def _excluded(self, path: str) -> bool:
        return _is_excluded(path, self._exclude)

    def _present(self) -> dict[Key, str]:
        """The regular, uncompressed files that the patterns name now."""
        found: dict[Key, str] = {}
        for pattern in self._patterns:
            directory = _fixed_directory(pattern)
            if not os.path.isdir(directory):
                self._tell(pattern, f"waiting for {pattern}: the directory {directory} does not exist")
            for path, stat in named_files(pattern, self._exclude):
                found.setdefault(Key.of(stat), path)
        return found

    def _tell(self, about: str, message: str) -> None:
        if about not in self._told:
            self._told.add(about)
            _log.warning("%s", message)

    def _look(self, file: FollowedFile, present: dict[Key, str], now_s: float) -> None:
        """One look at a followed file."""
        if file.finished:
            return
        if file.silent_since_s is None:
            file.silent_since_s = now_s
        before, before_key = file.place(file.offset), file.key
        seen = Seen(
            size_bytes=file.stat().st_size,
            head_same=not file.replaced and file.head_same(),
            named=file.key in present,
            silent_s=now_s - file.silent_since_s,
        )
        match decide(file.offset, seen, self._linger_s):
            case Action.TRUNCATED:
                file.mtime_ns = before.mtime_ns  # the new one is not this incarnation's
                self._truncated(file)
                if before_key not in present:
                    # Truncated, written and renamed since the last look: what was written then has no name here.
                    self._adopt_successors(file.path, before, self._files.index(file) + 1)
            case Action.GONE:
                self._done[file.key] = self._latest[file.path] = file.place(file.offset)
                file.finish()
            case Action.READ | Action.DRAIN | Action.WAIT:
                if before.head_bytes == 0 and (seen.size_bytes > 0 or file.mtime_ns != before.mtime_ns):
                    # It was empty: perhaps a whole generation was written, copied and truncated since the last look.
                    self._adopt_successors(file.path, before, self._files.index(file), file.mtime_ns)
                file.grow_head()

    def _truncated(self, file: FollowedFile) -> None:
        """The content is gone from here; a copy that rotation made of it may hold what was not read."""
        at = file.offset
        copy = siblings.find_copy(file.place(at))
        if copy is not None and Key.of(copy.stat) not in self._keys():
            _log.info("%s was copied to %s and truncated: the copy is read on from byte %d", file.path, copy.path, at)
            file.continue_in(copy.fd)
            return
        if copy is not None:
            os.close(copy.fd)
        _log.info(
            "%s was truncated, having been read up to byte %d: it is read again from its beginning", file.path, at
        )
        file.finish()

    def _resume_all(self, present: dict[Key, str]) -> None:
        """Once, at the first look: first all that is known, only then what nobody knows."""
        for place in self._unclaimed:
            self._resume(place, present)
        for place in self._unclaimed:
            file = next((f for f in self._files if f.id == place.id), None)
            if file is not None and place.head_bytes == 0:
                self._adopt_successors(place.path, place, self._files.index(file), file.mtime_ns)
        self._unclaimed.clear()

    def _resume(self, place: Place, present: dict[Key, str]) -> None:
        """Takes up a place of the earlier run, wherever its file is now."""
        key = Key(place.device, place.inode)
        here = siblings.open_regular(present[key]) if key in present else None
        if here is not None and not (siblings.has_head(here.fd, place) and here.stat.st_size >= place.offset):
            os.close(here.fd)
            found = siblings.find_copy(place)
        else:
            found = here or siblings.find_renamed(place) or siblings.find_copy(place)
        if found is None:
            self._latest[place.path] = place
            self._resume_compressed(place)
        elif Key.of(found.stat) in self._keys():
            os.close(found.fd)
        else:
            self._files.append(FollowedFile(place.path, found.fd, place.offset, place.id))

    def _resume_compressed(self, place: Place) -> None:
        """Takes up what rotation has compressed before it was read to its end."""
        rest = find_compressed(place)
        if rest is not None:
            _log.warning(
                "%s was compressed to %s before it was read to its end: its last %d bytes are unpacked and read",
                place.path, rest.path, rest.unread_bytes,
            )  # fmt: skip
            self._files.append(FollowedFile(place.path, rest.fd, place.offset, place.id))
        known = [p for p in (*self._unclaimed, *self._done.values()) if p.path == place.path]
        if all(p.mtime_ns <= place.mtime_ns for p in known):
            tell_unread(place.path, place.mtime_ns, known)

    def _adopt(self, path: str) -> None:
        """Begins to follow a file that was not followed before."""
        sibling = siblings.open_regular(path)
        if sibling is None:
            if os.path.exists(path):
                self._tell(path, f"cannot read {path}: is its group (often adm) one of the agent's? It is tried again")
            return
        if self._is_copy(sibling):
            os.close(sibling.fd)
            return
        self._told.discard(path)
        done = self._done.pop(Key.of(sibling.stat), None)
        if done is not None and siblings.has_head(sibling.fd, done) and sibling.stat.st_size >= done.offset:
            self._files.append(FollowedFile(done.path, sibling.fd, done.offset, done.id))
            return
        lasts = self._last_places()
        for original, last in lasts.items():
            if _is_rotated(path, original):
                self._adopt_successors(original, last, len(self._files))
        if Key.of(sibling.stat) in self._keys():
            os.close(sibling.fd)
            return
        # First the file itself, so that a copy that rotation has just made of it is not taken for one before it.
        self._files.append(FollowedFile(path, sibling.fd))
        if path in lasts:
            self._adopt_successors(path, lasts[path], len(self._files) - 1)

    def _last_places(self) -> dict[str, Place]:
        """Per path, the place of the file that was last followed there."""
        return self._latest | {f.path: f.place(f.offset) for f in self._files if not f.closed}

    def _adopt_successors(self, path: str, last: Place, index: int, until_ns: int | None = None) -> None:
        """Takes up, to be read from `index` on, what had the path after `last` and was rotated away unseen."""
        for sibling in siblings.find_successors(last, self._is_known, until_ns):
            _log.info("%s was rotated to %s before it was read", path, sibling.path)
            self._files.insert(index, FollowedFile(path, sibling.fd))
            index += 1

    def _is_known(self, sibling: Sibling) -> bool:
        done = self._done.get(Key.of(sibling.stat))
        read = done is not None and siblings.has_head(sibling.fd, done)
        return read or Key.of(sibling.stat) in self._keys() or self._is_copy(sibling)

    def _is_copy(self, sibling: Sibling) -> bool:
        """Whether this is a copy that rotation is making of a followed file, which it will truncate then.

        A file that is just being replaced cannot be compared: the next look decides.
        """
        return any(
            _is_rotated(sibling.path, file.path) and (not file.intact() or file.includes(sibling.fd))
            for file in self._files
            if not file.finished and file.key != Key.of(sibling.stat)
        )


def named_files(pattern: str, exclude: Sequence[str]) -> Iterator[tuple[str, os.stat_result]]:
    """The regular, uncompressed files that a path or glob names now."""
    for path in sorted(glob.glob(pattern, recursive=True)) if glob.has_magic(pattern) else [pattern]:
        if path.endswith(siblings.COMPRESSED) or _is_excluded(path, exclude):
            continue
        try:
            stat = os.stat(path)
        except OSError:
            continue
        if stat_flags.S_ISREG(stat.st_mode):
            yield path, stat


def _is_excluded(path: str, exclude: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(path, e) or fnmatch.fnmatch(os.path.basename(path), e) for e in exclude)


def _is_rotated(path: str, original: str) -> bool:
    same_directory = os.path.dirname(path) == os.path.dirname(original)
    return same_directory and siblings.is_rotation_of(os.path.basename(path), original)


def _fixed_directory(pattern: str) -> str:
    """The deepest directory of a pattern that has no wildcard."""
    directory = os.path.dirname(pattern)
    while glob.has_magic(directory):
        directory = os.path.dirname(directory)
    return directory or "."
