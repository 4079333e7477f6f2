"""Gives every record of a path its instant: the one it states, made strictly rising within a second. Pure.

Logs stamp whole seconds or milliseconds; the store keeps nanoseconds and takes two equal lines at one instant for the
same line. So a record that would not come after its predecessor of the same second gets the next nanosecond: the file's
order is kept, and two equal lines in one second stay two. The stated instant is never moved into another second.
"""

from whodid.model.clock import SECOND


class Instants:
    """The instants of one path, over all its rotations."""

    __slots__ = ("last_ns", "stated")

    def __init__(self, last_ns: int = 0, stated: bool = False) -> None:
        self.last_ns = last_ns
        self.stated = stated
        """Whether any record so far has stated an instant."""

    def assign(self, ns: int | None, now_ns: int) -> int:
        """The instant of the next record, which states `ns`."""
        last = self.last_ns
        if ns is None:
            # In a log with instants a line without one belongs to what stands before it; in a log without, to now.
            ns = last + 1 if self.stated else max(now_ns, last + 1)
        else:
            self.stated = True
            if ns <= last and ns // SECOND == last // SECOND:
                ns = last + 1
        self.last_ns = ns
        return ns
