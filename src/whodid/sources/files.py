"""Follows paths and globs through rename rotation, copytruncate, deletion and late appearance; called by the agent.

Identity is device, inode and the first bytes; the decision what a change means is `rotation.py`, the search for where
the bytes went is `siblings.py`. Compressed files hold what was read before they were compressed; where they hold more,
`compressed.py` unpacks it. A file that is silent costs one stat(2) of its path at each look at everything, and nothing
between them (docs/design/0014).
"""
# ruff: noqa: PTH100, PTH110, PTH112
# Paths are the strings of the kernel here, beside descriptors; pathlib would only wrap them.

import logging
import os
from collections.abc import Iterable, Sequence

from whodid.sources import patterns as globs
from whodid.sources import siblings
from whodid.sources.compressed import find_compressed, tell_unread
from whodid.sources.descriptors import Descriptors
from whodid.sources.file import FollowedFile, Key, Signature, tells_apart
from whodid.sources.rotation import LINGER_S, Action, Seen, decide
from whodid.sources.siblings import Sibling
from whodid.sources.source import News, Place

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
        descriptors: Descriptors | None = None,
        *,
        tells_missing: bool = True,
    ) -> None:
        """`tells_missing`: whether a directory that is not there is worth a word, for it was somebody who named it."""
        self._tells_missing = tells_missing
        self._patterns = tuple(os.path.abspath(p) for p in patterns)
        self._exclude = tuple(exclude)
        self._linger_s = linger_s
        self._descriptors = descriptors or Descriptors()
        self._files: list[FollowedFile] = []
        self._by_key: dict[Key, FollowedFile] = {}  # those that have not ended
        self._by_path: dict[str, list[FollowedFile]] = {}  # by the path they were written under, in their order
        self._at: dict[str, FollowedFile] = {}  # by every name under which one can be written now
        self._nameless: dict[FollowedFile, None] = {}  # to be looked at until they are let go
        self._present: dict[Key, str] = {}  # at the last look at everything
        self._stirred: dict[FollowedFile, None] = {}  # in the look that is going on
        self._freed: list[Key] = []  # what was followed until a look found it replaced
        self._unclaimed = [p for p in known if self._covers(p.path)]
        read = tuple(gone)
        self._done = {Key(p.device, p.inode): p for p in read}
        self._latest = {p.path: p for p in read}  # per path, of a file that is no longer followed
        self._missing: dict[str, Place] = {}  # per path, of a file that was not there when it was looked for
        self._told: set[str] = set()  # problems are said once, not at every look
        self._watched: frozenset[str] = frozenset()

    @property
    def feeds(self) -> Sequence[FollowedFile]:
        return [file for file in self._files if not file.closed]

    def refresh(self, now_s: float, news: News | None = None) -> Sequence[FollowedFile]:
        self._stirred = {}
        if news is None:
            self._look_at_all(now_s)
        else:
            touched = {file: None for path in sorted(news.written) if (file := self._at.get(path)) is not None}
            for file in touched | self._nameless:
                self._look(file, now_s)
            for path in sorted(news.structure):
                self._welcome(path)
        for key in self._freed:
            if key in self._present and key not in self._by_key:
                self._adopt(self._present[key])
                self._name(self._present[key], key)
        self._freed.clear()
        paths = dict.fromkeys(file.path for file in self._stirred)
        return [f for path in paths for f in self._by_path[path] if f in self._stirred and not f.closed]

    def concerned(self, news: News) -> bool:
        """Whether what came or went may be one of these files, or lead to one. News of others are not worth a look."""
        readable_now = self._told & news.written
        return bool(readable_now) or any(
            path in self._at or path in self._watched or self._covers(path) or os.path.isdir(path)
            for path in news.structure
        )

    def directories(self) -> frozenset[str]:
        return self._watched

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._descriptors.give_back(len(self._files))
        self._files = []

    def _look_at_all(self, now_s: float) -> None:
        before = self._present
        signatures = self._find_present()
        self._drop_closed()
        for file in tuple(self._files):
            if file.finished:
                continue
            signature = signatures.get(file.key)
            renamed = self._present.get(file.key) != file.path
            if signature is None or renamed or not file.is_settled(signature, now_s):
                self._look(file, now_s)
        self._resume_all()
        for key, path in self._present.items():
            if key not in self._by_key and not self._is_done(key, signatures[key]):
                self._adopt(path)
        if self._present != before or self._stirred:
            self._at.clear()
            for key, path in self._present.items():
                self._name(path, key)
        self._watch()

    def _welcome(self, path: str) -> None:
        """Takes up at once what has come under a name that nothing had before, and is no known file renamed."""
        if path in self._at or path.endswith(siblings.COMPRESSED) or not self._covers(path):
            return
        sibling = siblings.open_regular(path)
        if sibling is None:
            return
        os.close(sibling.fd)
        key = Key.of(sibling.stat)
        if key not in self._by_key and key not in self._present:
            self._present[key] = path
            self._adopt(path)
            self._name(path, key)

    def _is_done(self, key: Key, signature: Signature) -> bool:
        """Whether a file was let go, and has not been written to since."""
        done = self._done.get(key)
        return done is not None and (done.offset, done.mtime_ns) == (signature.size_bytes, signature.mtime_ns)

    def _find_present(self) -> dict[Key, Signature]:
        """Takes note of the regular, uncompressed files that the patterns name now; what each looks like."""
        self._present, signatures = {}, {}
        for pattern in self._patterns:
            directory = globs.fixed_directory(pattern)
            if self._tells_missing and not os.path.isdir(directory):
                self._tell(pattern, f"waiting for {pattern}: the directory {directory} does not exist")
            for path, stat in globs.named_files(pattern, self._exclude):
                key = Key.of(stat)
                self._present.setdefault(key, path)
                signatures[key] = Signature.of(stat)
        return signatures

    def _watch(self) -> None:
        """Finds out where changes have to be told of."""
        wanted = {path.rpartition("/")[0] for path in (*self._by_path, *self._at)}
        for pattern in self._patterns:
            wanted |= globs.directories(pattern)
        wanted = {d for d in wanted if d in self._watched or os.path.isdir(d)}
        if wanted != self._watched:
            self._watched = frozenset(wanted)

    def _name(self, path: str, key: Key) -> None:
        """Takes note of where a file is written to: its name, and where that leads if it is a symbolic link."""
        file = self._by_key.get(key)
        if file is not None:
            self._at[path] = self._at[file.real_path(path)] = file

    def _drop_closed(self) -> None:
        kept = [f for f in self._files if not f.closed]
        if len(kept) == len(self._files):
            return
        for file in self._files:
            if file.closed:
                self._forget(file)
        self._descriptors.give_back(len(self._files) - len(kept))
        self._files = kept

    def _forget(self, file: FollowedFile) -> None:
        self._end(file)
        of_path = self._by_path[file.path]
        of_path.remove(file)
        if not of_path:
            del self._by_path[file.path]

    def _end(self, file: FollowedFile) -> None:
        """No more will come in it: it is no longer what is followed under its key."""
        self._nameless.pop(file, None)
        if self._by_key.get(file.key) is file:
            del self._by_key[file.key]

    def _add(self, file: FollowedFile, before: FollowedFile | None = None) -> None:
        """Begins to follow it, behind all others or before one of its path."""
        of_path = self._by_path.setdefault(file.path, [])
        if before is None:
            self._files.append(file)
            of_path.append(file)
        else:
            self._files.insert(self._files.index(before), file)
            of_path.insert(of_path.index(before), file)
        self._by_key[file.key] = file
        self._descriptors.take()
        self._stirred[file] = None

    def _follower(self, file: FollowedFile) -> FollowedFile | None:
        """The next one of the same path."""
        of_path = self._by_path[file.path]
        at = of_path.index(file) + 1
        return of_path[at] if at < len(of_path) else None

    def _covers(self, path: str) -> bool:
        """Whether a path of an earlier run still belongs here, or one that is new."""
        return any(globs.names(p, path) for p in self._patterns) and not globs.is_excluded(path, self._exclude)

    def _tell(self, about: str, message: str) -> None:
        if about not in self._told:
            self._told.add(about)
            _log.warning("%s", message)

    def _look(self, file: FollowedFile, now_s: float) -> None:
        """One close look at a followed file."""
        if file.finished:
            return
        self._stirred[file] = None
        before, before_key, named = file.place(file.offset), file.key, self._is_named(file)
        if named:
            self._nameless.pop(file, None)
        elif file not in self._nameless:
            self._nameless[file] = None
            file.silent_since_s = now_s  # its writer may go on for a while, however long it has been silent
        if file.silent_since_s is None:
            file.silent_since_s = now_s
        seen = Seen(
            size_bytes=file.stat(now_s).st_size,
            head_same=not file.replaced and file.head_same(),
            named=named,
            silent_s=now_s - file.silent_since_s,
        )
        match decide(file.offset, seen, self._linger_s):
            case Action.TRUNCATED:
                file.mtime_ns = before.mtime_ns  # the new one is not this incarnation's
                follower = self._follower(file)
                self._truncated(file)
                if before_key not in self._present:
                    # Truncated, written and renamed since the last look: what was written then has no name here.
                    self._adopt_successors(file.path, before, follower)
            case Action.GONE:
                self._done[file.key] = self._latest[file.path] = file.place(file.offset)
                self._end(file)
                file.finish()
            case Action.READ | Action.DRAIN | Action.WAIT:
                if before.head_bytes == 0 and (seen.size_bytes > 0 or file.mtime_ns != before.mtime_ns):
                    # It was empty: perhaps a whole generation was written, copied and truncated since the last look.
                    self._adopt_successors(file.path, before, file, file.mtime_ns)
                file.grow_head()

    def _is_named(self, file: FollowedFile) -> bool:
        """Whether its writer may still be led to it. A rotated file that a pattern names, too, is over when another has
        taken its path: what stands at its end without a newline is all there will be of that line."""
        name = self._present.get(file.key)
        superseded = file.path in siblings.rotated_from(name or "") and self._follower(file) is not None
        return name is not None and not superseded

    def _truncated(self, file: FollowedFile) -> None:
        """The content is gone from here; a copy that rotation made of it may hold what was not read."""
        at, place = file.offset, file.place(file.offset)
        copy = siblings.find_copy(place)
        rest = self._unpack(place) if copy is None else None
        self._end(file)
        self._freed.append(file.key)
        if copy is not None and Key.of(copy.stat) not in self._by_key:
            _log.info("%s was copied to %s and truncated: the copy is read on from byte %d", file.path, copy.path, at)
            file.continue_in(copy.fd)
            self._by_key[file.key] = file
            return
        if rest is not None:
            file.continue_in(rest)
            self._by_key[file.key] = file
            return
        if copy is not None:
            os.close(copy.fd)
        _log.info(
            "%s was truncated, having been read up to byte %d: it is read again from its beginning", file.path, at
        )
        file.finish()

    def _unpack(self, place: Place) -> int | None:
        """The rest of a file that rotation has compressed before it was read to its end."""
        rest = find_compressed(place)
        if rest is None:
            return None
        _log.warning(
            "%s was compressed to %s before it was read to its end: its last %d bytes are unpacked and read",
            place.path, rest.path, rest.unread_bytes,
        )  # fmt: skip
        return rest.fd

    def _resume_all(self) -> None:
        """Once, at the first look: first all that is known, only then what nobody knows."""
        last = {place.path: place for place in self._unclaimed}
        for place in self._unclaimed:
            self._resume(place, followed=last[place.path] is not place)
        taken = {file.id: file for file in self._files} if self._unclaimed else {}
        for place in self._unclaimed:
            file = taken.get(place.id)
            if file is not None and place.head_bytes == 0:
                self._adopt_successors(place.path, place, file, file.mtime_ns)
        self._unclaimed.clear()

    def _resume(self, place: Place, *, followed: bool) -> None:
        """Takes up a place of the earlier run, wherever its file is now. `followed`: its path had another file later,
        so that one that had no line yet, and has little to be known by, is not what has this path now."""
        key = Key(place.device, place.inode)
        here = siblings.open_regular(self._present[key]) if key in self._present else None
        same = here is not None and siblings.has_head(here.fd, place) and here.stat.st_size >= place.offset
        other = here is not None and followed and here.path == place.path
        if other and here is not None:
            other = not tells_apart(os.pread(here.fd, place.head_bytes, 0))
        if here is not None and (other or not same or not siblings.may_be(here.path, place)):
            os.close(here.fd)
            found = siblings.find_copy(place)
        else:
            found = here or siblings.find_renamed(place) or siblings.find_copy(place) or siblings.find_same(place)
        if found is None:
            self._latest[place.path] = place
            if not self._resume_compressed(place):
                self._missing[place.path] = self._done[key] = place  # it may come back: a volume that is not mounted
        elif Key.of(found.stat) in self._by_key:
            os.close(found.fd)
        else:
            self._add(FollowedFile(place.path, found.fd, place.offset, place.id))

    def _resume_compressed(self, place: Place) -> bool:
        """Takes up what rotation has compressed before it was read to its end; whether there was any."""
        rest = self._unpack(place)
        if rest is not None:
            self._add(FollowedFile(place.path, rest, place.offset, place.id))
        known = [p for p in (*self._unclaimed, *self._done.values()) if p.path == place.path]
        if all(p.mtime_ns <= place.mtime_ns for p in known):
            tell_unread(place.path, place.mtime_ns, known)
        return rest is not None

    def _adopt(self, path: str) -> None:
        """Begins to follow a file that was not followed before."""
        if not self._descriptors.has_room:
            self._tell("descriptors", self._descriptors.explain(path))
            return
        sibling = siblings.open_regular(path)
        if sibling is None:
            if os.path.exists(path):
                self._tell(path, f"cannot read {path}: is its group (often adm) one of the agent's? It is tried again")
            return
        if self._is_copy(sibling):
            os.close(sibling.fd)
            return
        self._told.discard(path)
        done = self._pop_done(sibling)
        if done is not None:
            self._add(FollowedFile(done.path, sibling.fd, done.offset, done.id))
            return
        for original in siblings.rotated_from(path):
            last = self._last_place(original)
            if last is not None:
                self._adopt_successors(original, last, None)
        if Key.of(sibling.stat) in self._by_key:
            os.close(sibling.fd)
            return
        last = self._last_place(path)
        # First the file itself, so that a copy that rotation has just made of it is not taken for one before it.
        file = FollowedFile(path, sibling.fd)
        self._add(file)
        self._take_up_missing(path, file)
        if last is not None:
            self._adopt_successors(path, last, file)

    def _take_up_missing(self, path: str, before: FollowedFile) -> None:
        """Reads on in a file that could not be found at the start, where it came back and was rotated at once."""
        missing = self._missing.get(path)
        if missing is None:
            return
        found = siblings.find_renamed(missing) or siblings.find_copy(missing)
        if found is None:
            return
        if Key.of(found.stat) in self._by_key:
            os.close(found.fd)
            return
        self._take(missing)
        self._add(FollowedFile(path, found.fd, missing.offset, missing.id), before)

    def _pop_done(self, sibling: Sibling) -> Place | None:
        """Where reading goes on in a file that was let go, or that could not be found."""
        key = Key.of(sibling.stat)
        done = self._done.get(key)
        if done is not None and siblings.holds(sibling, done):
            return self._take(done)
        missing = self._missing.get(sibling.path)
        if missing is not None and siblings.is_same(sibling, missing):
            return self._take(missing)
        return None

    def _take(self, place: Place) -> Place:
        """A place that is followed again: what could not be found may be known as let go, too."""
        key = Key(place.device, place.inode)
        if key in self._done and self._done[key].id == place.id:
            del self._done[key]
        if place.path in self._missing and self._missing[place.path].id == place.id:
            del self._missing[place.path]
        return place

    def _last_place(self, path: str) -> Place | None:
        """The place of the file that was last followed under a path."""
        latest = self._latest.get(path)
        for file in reversed(self._by_path.get(path, ())):
            if not file.closed:
                place = file.place(file.offset)
                return latest if latest is not None and latest.mtime_ns > place.mtime_ns else place
        return latest

    def _adopt_successors(
        self, path: str, last: Place, before: FollowedFile | None, until_ns: int | None = None
    ) -> None:
        """Takes up, to be read before another one, what had the path after `last` and was rotated away unseen."""
        for sibling in siblings.find_successors(last, self._is_known, until_ns):
            done = self._pop_done(sibling)
            if done is not None:
                self._add(FollowedFile(done.path, sibling.fd, done.offset, done.id), before)
                continue
            _log.info("%s was rotated to %s before it was read", path, sibling.path)
            self._add(FollowedFile(path, sibling.fd), before)

    def _is_known(self, sibling: Sibling) -> bool:
        done = self._done.get(Key.of(sibling.stat))
        # What was let go may have been written to since.
        read = done is not None and sibling.stat.st_size == done.offset and siblings.holds(sibling, done)
        return read or Key.of(sibling.stat) in self._by_key or self._is_copy(sibling)

    def _is_copy(self, sibling: Sibling) -> bool:
        """Whether this is a copy that rotation is making of a followed file, which it will truncate then.

        A file that is just being replaced cannot be compared: the next look decides.
        """
        return any(
            not file.intact() or file.includes(sibling.fd)
            for original in siblings.rotated_from(sibling.path)
            for file in self._by_path.get(original, ())
            if not file.finished and file.key != Key.of(sibling.stat)
        )
