"""Gives every record of a path its instant: the one it states, made strictly rising within a second. Pure.

Logs stamp whole seconds or milliseconds; the store keeps nanoseconds and takes two equal lines at one instant for the
same line. So a record that would not come after its predecessor of the same second gets the next nanosecond: the file's
order is kept, and two equal lines in one second stay two. The stated instant is never moved into another second.
"""

from collections.abc import Sequence

from whodid.model.clock import SECOND

AHEAD_NS = 300 * SECOND
"""A line that states an instant so far ahead of this host's clock states a wrong one. The server allows ten minutes."""


_SECONDS_KEPT = 32
"""Clocks jump, several processes write one log, and half a line comes late: a second may come again."""


class Instants:
    """The instants of one path, over all its rotations."""

    __slots__ = ("_ends", "last_ns", "stated")

    def __init__(self, last_ns: int = 0, stated: bool = False) -> None:
        self.last_ns = last_ns
        self.stated = stated
        """Whether any record so far has stated an instant."""
        self._ends: dict[int, int] = {}  # the last instant given in each of the last few seconds but this one

    def assign_all(self, stated: Sequence[int | None], now_ns: int) -> list[int]:
        """The instants of the next records, which state these."""
        last, known = self.last_ns, self.stated
        if last > now_ns + AHEAD_NS:
            last = now_ns  # the clock was ahead, and was set back: what states no instant must not stay in the future
        begin = last - last % SECOND
        given: list[int] = []
        for ns in stated:
            if ns is None:
                # In a log with instants a line without one belongs to what stands before it; in a log without, to now.
                last = last + 1 if known else max(now_ns, last + 1)
            else:
                known = True
                if not begin <= ns < begin + SECOND:
                    last = self._come_to(ns - ns % SECOND, begin, last)
                last = last + 1 if ns <= last else ns
            if not begin <= last < begin + SECOND:
                begin = last - last % SECOND
            given.append(last)
        self.last_ns, self.stated = last, known
        return given

    def _come_to(self, second_ns: int, left_ns: int, last_ns: int) -> int:
        """Leaves one second for another; the last instant given there, or the one before its first."""
        self._ends[left_ns] = last_ns
        if len(self._ends) > _SECONDS_KEPT:
            del self._ends[next(iter(self._ends))]
        return self._ends.pop(second_ns, second_ns - 1)
