"""Wakes a reader when something changes in some directories, and says what: inotify where there is one.

Only a hint: an event that is lost, late or doubled changes nothing but the moment, for whoever asks looks at everything
from time to time. Network file systems deliver no events of other hosts, some containers none at all.
"""

import asyncio
import errno
import logging

from whodid.sources.inotify import IGNORED, MOVE_SELF, WRITTEN, Event, Inotify
from whodid.sources.source import News

GATHER_S = 0.015
"""So long further events may join the first: a writer makes one for each write."""
_log = logging.getLogger(__name__)


class Waker:
    """Sets `event` soon after a change in the watched directories; `take` says what it was."""

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event
        self._wanted: frozenset[str] | None = None  # None: to be taken up anew
        self._inotify: Inotify | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._written: set[str] = set()
        self._structure: set[str] = set()
        self._unsure = True  # before a watch began, anything may have happened
        self._told = False

    def watch(self, directories: frozenset[str]) -> None:
        """Watches exactly these directories from now on; those of them that are there."""
        if directories is self._wanted:
            return
        self._wanted = directories
        try:
            if self._inotify is None:
                self._inotify = Inotify()
                asyncio.get_running_loop().add_reader(self._inotify.fd, self._gather)
            for directory in self._inotify.directories - directories:
                self._inotify.remove(directory)
            for directory in directories - self._inotify.directories:
                self._add(self._inotify, directory)
        except OSError as e:
            self._blind(e)

    def take(self) -> News:
        """What has happened since the last call."""
        self._read()
        blind = self._inotify is None or len(self._inotify.directories) < len(self._wanted or ())
        news = News(frozenset(self._written), frozenset(self._structure), self._unsure, blind)
        self._written, self._structure, self._unsure = set(), set(), False
        return news

    def close(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fd)
            self._inotify.close()
            self._inotify = None
        self._wanted = None

    def _add(self, inotify: Inotify, directory: str) -> None:
        try:
            inotify.add(directory)
        except OSError as e:
            if e.errno in (errno.ENOENT, errno.ENOTDIR):
                self._structure.add(directory)  # it has just gone
            else:
                self._blind(e)
        else:
            self._structure.add(directory)  # what happened in it before was not told
            self._event.set()

    def _blind(self, problem: OSError) -> None:
        """Not everything can be watched: said once, and what is not watched is looked at again and again."""
        if self._told:
            return
        self._told = True
        cure = "; raise fs.inotify.max_user_watches" if problem.errno == errno.ENOSPC else ""
        _log.warning("no change notification for some log directories, they are polled: %s%s", problem, cure)

    def _gather(self) -> None:
        """Something has happened: leaves the events where they are for a moment, so that they are read together."""
        if self._inotify is not None and self._gathering is None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._inotify.fd)
            self._gathering = loop.call_later(GATHER_S, self._gathered)

    def _gathered(self) -> None:
        self._gathering = None
        if self._inotify is not None:
            self._read()
            if self._written or self._structure or self._unsure:
                self._event.set()
            asyncio.get_running_loop().add_reader(self._inotify.fd, self._gather)

    def _read(self) -> None:
        for event in self._inotify.read() if self._inotify is not None else ():
            self._note(event)

    def _note(self, event: Event) -> None:
        if not event.path:
            self._unsure = True
        elif event.mask & (MOVE_SELF | IGNORED):
            # The path may lead to another directory now: it is taken up anew, if it is still wanted.
            self._structure.add(event.path)
            if self._inotify is not None and event.path in self._inotify.directories:
                self._inotify.remove(event.path)
            self._wanted = None
        elif event.mask & WRITTEN:
            self._written.add(event.path)
        else:
            self._structure.add(event.path)
