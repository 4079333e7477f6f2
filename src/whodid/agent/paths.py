"""The readers of all followed files, by path, and which paths may have something to read now.

Thousands of files are silent: no turn of the agent may cost anything for each of them. Rotations of one path are read
strictly one after the other, so that a path's lines keep their order. Called by `collector.py`.
"""

from collections.abc import Hashable, Iterable, Iterator

from whodid.agent.batch import BatchBuilder
from whodid.agent.reader import FileReader

Key = tuple[Hashable, str]
"""Whose it is, and the path."""


class Paths:
    """All files that were written under one path, under one key."""

    def __init__(self) -> None:
        self._all: dict[Key, list[FileReader]] = {}
        self._busy: dict[Key, None] = {}
        self._waiting: dict[Key, None] = {}  # with a record that is complete only when time has passed
        self._passed_over: dict[Key, None] = {}  # with entries at the end that were left out
        self._turn = 0

    def put(self, key: Key, readers: Iterable[FileReader]) -> None:
        """These are the readers of a path now, the oldest first."""
        self._all[key] = list(readers)
        self._busy[key] = None

    def drop(self, owner: Hashable) -> None:
        """None of somebody's files are followed any longer."""
        for key in [key for key in self._all if key[0] is owner]:
            self._drop(key)

    def stir(self, key: Key) -> None:
        """There may be something to read."""
        if key in self._all:
            self._busy[key] = None

    def __iter__(self) -> Iterator[tuple[Key, FileReader]]:
        return ((key, reader) for key, readers in self._all.items() for reader in readers)

    def left_out(self) -> Iterator[tuple[Key, FileReader]]:
        """Those that have read what is not to be sent, so that nothing will acknowledge it."""
        for key in self._passed_over:
            yield from ((key, reader) for reader in self._all.get(key, ()) if reader.left_out)
        self._passed_over.clear()

    def wait_s(self) -> float | None:
        """In how many seconds the next waiting record is due; None when none waits."""
        waits = [w for key in self._waiting for r in self._all[key] if (w := r.wait_s()) is not None]
        return min(waits, default=None)

    def fill(self, batch: BatchBuilder) -> Iterator[tuple[Key, FileReader]]:
        """Fills the batch, each path in its turn; gives the readers that have ended."""
        busy = [*self._busy, *(key for key in self._waiting if key not in self._busy)]
        # Another path comes first each time: one that never rests must not starve the others.
        self._turn += 1
        first = self._turn % len(busy) if busy else 0
        busy = busy[first:] + busy[:first]
        while busy and not batch.full:
            for key in tuple(busy):
                if batch.full:
                    break
                ended: list[FileReader] = []
                if self._fill_path(key, batch, ended):
                    self._busy[key] = None
                else:
                    busy.remove(key)
                    self._busy.pop(key, None)
                yield from ((key, reader) for reader in ended)

    def _fill_path(self, key: Key, batch: BatchBuilder, ended: list[FileReader]) -> bool:
        """One turn of a path: its oldest file that has something. False when none has."""
        readers = self._all[key]
        more = False
        for index, reader in enumerate(readers):
            if more := reader.fill(batch, hurry=index < len(readers) - 1):
                break
            if reader.done:
                ended.append(reader)
        for reader in ended:
            readers.remove(reader)
        self._note(key, readers)
        return more

    def _note(self, key: Key, readers: list[FileReader]) -> None:
        """What is to be remembered of a path that had its turn."""
        if not readers:
            self._drop(key)
            return
        if any(reader.left_out for reader in readers):
            self._passed_over[key] = None
        if any(reader.wait_s() is not None for reader in readers):
            self._waiting[key] = None
        else:
            self._waiting.pop(key, None)

    def _drop(self, key: Key) -> None:
        del self._all[key]
        for some in (self._busy, self._waiting, self._passed_over):
            some.pop(key, None)
