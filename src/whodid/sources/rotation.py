"""What a followed file's new state means: the pure decision behind `files.py`.

The same inode with the same first bytes is the same file, whatever its name. Promtail keyed by path and re-read rotated
files (its issues #2353, #6503, #13150) and lost lines to copytruncate (#3985); these are the cases tested here.
"""

from dataclasses import dataclass
from enum import Enum

LINGER_S = 30.0
"""How long a file that lost its name is kept after its last byte: nginx goes on writing to it until told to reopen."""


class Action(Enum):
    """What to do with a followed file now."""

    READ = "read"
    """There are unread bytes, and the path still names this file."""
    DRAIN = "drain"
    """There are unread bytes in a file that was renamed or deleted: read them through the open descriptor first."""
    WAIT = "wait"
    """Everything is read; more may come."""
    TRUNCATED = "truncated"
    """The content was replaced in place: what was not read is gone from here (a copy may hold it); start again at 0."""
    GONE = "gone"
    """Renamed away or deleted, read to its end and silent: let it go."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a followed file."""

    size_bytes: int
    head_same: bool
    """Whether the first bytes are still those that were read."""
    named: bool
    """Whether any path that is followed still leads to this inode."""
    silent_s: float
    """How long nothing new was read from it."""


def decide(offset: int, seen: Seen, linger_s: float = LINGER_S) -> Action:
    """What `seen` means for a file read up to `offset`."""
    if seen.size_bytes < offset or not seen.head_same:
        return Action.TRUNCATED
    if seen.size_bytes > offset:
        return Action.READ if seen.named else Action.DRAIN
    if not seen.named and seen.silent_s >= linger_s:
        return Action.GONE
    return Action.WAIT
