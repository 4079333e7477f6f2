"""Entry: one line with its instant and structured metadata; Stream: a label set with its entries.

These are what the agent ships and what a log query returns. `Labels` and `Metadata` are plain string dicts.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

Labels = dict[str, str]
Metadata = dict[str, str]


class Entry(NamedTuple):
    """One log line. `ns` is its instant in nanoseconds since 1970 UTC."""

    ns: int
    line: str
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class Stream:
    """Entries that share one label set."""

    labels: Labels
    entries: list[Entry] = field(default_factory=list)
