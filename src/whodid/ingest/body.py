"""The nouns of the write path: one push body on its way into the table, what a commit stored, what was counted.

Filled by pipeline.py, read and judged by commit.py and staging.py.
"""

from dataclasses import dataclass, field

from whodid.store.store import StoreError
from whodid.wire.push_protobuf import MalformedPush


@dataclass(frozen=True, slots=True)
class Refusal:
    """Lines of a body that are not stored, and why."""

    text: str
    """In Loki's words."""
    lines: int = 1
    is_stream: bool = False
    """It is the stream that is refused, with all its lines: one mistake, however many they are."""


@dataclass(slots=True)
class Body:
    """One decompressed push body, its streams resolved. The lists have one item for each accepted stream, in order."""

    data: bytes
    spans: list[tuple[int, int]] = field(default_factory=list)
    """First byte and end of the stream's message in `data`."""
    stream_ids: list[int] = field(default_factory=list)
    stream_names: list[str] = field(default_factory=list)
    stream_levels: list[str] = field(default_factory=list)
    push_key: int = 0
    repeated: bool = False
    """The client has sent this key before: look into the table before storing."""
    refusals: list[Refusal] = field(default_factory=list)
    error: MalformedPush | StoreError | None = None
    """Why nothing of it was stored."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit stored."""

    last_seq: int
    """Its last number, or the one before its first if the bodies held no line; some in between may be unused."""
    lines: int


@dataclass(slots=True)
class Totals:
    """Counters for /metrics."""

    lines: int = 0
    bytes: int = 0
    commits: int = 0
    refused: int = 0
    repeated: int = 0
