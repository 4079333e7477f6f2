"""The contract of a source: ordered runs of bytes (`Feed`), each with a token to resume at (`Place`).

A source hands out bytes, not lines: cutting 256 KiB at once costs a fraction of what a call per line would. It never
remembers what was delivered; whoever reads decides which place is safe and gives it back after a restart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which incarnation of a file reading stands. A truncated file is a new incarnation with a new `id`."""

    id: str
    path: str
    """The path the bytes were written under; a rename does not change it."""
    device: int
    inode: int
    head_bytes: int
    """How many first bytes the head's hash covers: at most HEAD_BYTES, fewer while the file is young."""
    head_hash: str
    offset: int
    tail_hash: str
    """Hash of the bytes just before `offset`: tells a copy of this file from another with the same beginning."""
    mtime_ns: int
    """The file's modification time as last seen; rotated successors are never older."""


class News(NamedTuple):
    """What is known to have changed since the last look; see `wake.py`."""

    written: frozenset[str] = frozenset()
    """Paths whose content or attributes have changed."""
    structure: frozenset[str] = frozenset()
    """Paths that have come or gone."""
    unsure: bool = False
    """Something may have happened that is not named here."""
    blind: bool = False
    """Of some directories no change is ever told."""


class Feed(Protocol):
    """One ordered run of bytes: an incarnation of a file."""

    @property
    def id(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def offset(self) -> int:
        """The byte that the next read returns first."""
        ...

    @property
    def head(self) -> bytes:
        """Its first bytes, as far as they are known; some, once anything was read."""
        ...

    @property
    def finished(self) -> bool:
        """True when no more bytes will ever come: an unterminated last line is then all there is of it."""
        ...

    def read(self, size_bytes: int) -> bytes:
        """The next bytes; empty when there are none now."""
        ...

    def place(self, offset: int) -> Place:
        """The token to resume at `offset`, which must lie at or before what was read."""
        ...

    def size_bytes(self) -> int:
        """How long the run is now."""
        ...

    def settle(self, offset: int) -> None:
        """No place before `offset` will be asked for: what is kept in memory for that can go."""
        ...

    def close(self) -> None: ...


class Source(Protocol):
    """Something that is followed: a set of feeds that changes over time."""

    @property
    def feeds(self) -> Sequence[Feed]:
        """All of them. Feeds of the same path are ordered: the older is to be read to its end first."""
        ...

    def refresh(self, now_s: float, news: News | None = None) -> Sequence[Feed]:
        """Looks at what `news` names, without them at everything. What may have something to read now, or is new, or
        is to be known by something else."""
        ...

    def concerned(self, news: News) -> bool:
        """Whether news of what came or went are a reason to look at everything here."""
        ...

    def directories(self) -> frozenset[str]:
        """Existing directories whose changes are a reason to look again. The same object until they change."""
        ...

    def close(self) -> None: ...
