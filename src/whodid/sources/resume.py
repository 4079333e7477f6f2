"""Going on exactly behind the newest written record of a source that is asked by time. Pure.

Docker is asked for what is not older than an instant (`since`, inclusive), and answers in the order of its file, whose
instants may run backwards a little: two streams are stamped by two hands. So a place is an instant and how many records
of the answer are known. The instant moves on now and then, to where all that stands before is older and nothing behind
is. Used by docker.py for logs and events.
"""

from typing import Final

SLACK_NS: Final = 1_000_000_000
"""Instants may run backwards by so much."""
_FEW: Final = 256
_MANY: Final = 200_000


class Resume:
    """The place in one source. Begins with the cursor of the newest written record; without one at `begin_ns`."""

    def __init__(self, cursor: str = "", begin_ns: int = 0) -> None:
        floor, count, newest = _read(cursor) or (begin_ns, 0, 0)
        self._floor = floor
        self._known = count  # of the answer, how many records are written already
        self._known_newest = newest
        self._instants: list[int] = []  # of the answer since the floor
        self._forgotten = 0  # how many more stood before those
        self._forgotten_newest = 0
        self._newest = self._newest_before = newest
        self._trim_at = _FEW
        self.known_seen = 0
        """How many records of the answer were written already."""

    @property
    def since_ns(self) -> int:
        """What to ask for: records from this instant on; 0 for all."""
        return self._floor

    @property
    def newest_before_ns(self) -> int:
        """The newest instant that was written before; 0 if there was none."""
        return self._newest_before

    def is_new(self, ns: int, oldest_unfinished_ns: int | None = None) -> bool:
        """Takes note of the next record of the answer; whether it is not written yet.

        A record is known by its place in the answer, but one that is newer than all that were written is new at any
        place: the beginning of the answer may be gone, rotated away.
        """
        if self._known and ns > self._known_newest:
            self._known = 0
        new = not self._known
        if not new:
            self._known -= 1
            self.known_seen += 1
        self._instants.append(ns)
        self._newest = max(self._newest, ns)
        if len(self._instants) >= self._trim_at:
            self._trim(oldest_unfinished_ns)
        return new

    @property
    def cursor(self) -> str:
        """The place behind the record that was noted last."""
        return f"{self._floor}/{self._forgotten + len(self._instants)}/{self._newest}"

    def _trim(self, oldest_unfinished_ns: int | None) -> None:
        """Moves the instant to ask for, if there is a clean cut."""
        instants = self._instants
        latest = self._newest - SLACK_NS
        if oldest_unfinished_ns is not None:
            latest = min(latest, oldest_unfinished_ns)
        cut = _clean_cut(instants, self._forgotten_newest, latest)
        if cut:
            self._floor = instants[cut]
            self._instants = instants[cut:]
            self._forgotten = self._forgotten_newest = 0
        elif len(instants) > _MANY:
            half = len(instants) // 2
            self._forgotten += half
            self._forgotten_newest = max(self._forgotten_newest, *instants[:half])
            self._instants = instants[half:]
        self._trim_at = 2 * len(self._instants) + _FEW


def _clean_cut(instants: list[int], before: int, latest: int) -> int:
    """The last place up to the instant `latest` where all before is older and nothing behind is; 0 if there is none."""
    cut = 0
    least: list[int] = [0] * len(instants)
    low = 1 << 63
    for at in range(len(instants) - 1, -1, -1):
        low = min(low, instants[at])
        least[at] = low
    most = before
    for at, ns in enumerate(instants):
        if ns > latest and at:
            break
        if at and most < ns <= least[at]:
            cut = at
        most = max(most, ns)
    return cut


def _read(cursor: str) -> tuple[int, int, int] | None:
    parts = cursor.split("/")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
        return None
    floor, count, newest = map(int, parts)
    return floor, count, newest
