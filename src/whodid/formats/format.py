"""The contract of a format: what one record of a log says. Pure: text in, fields or "unparsed" out.

Transport is not format: how bytes arrive, and how they are cut into lines, is sources/. The agent holds one `Format`
object per followed file, so a format may remember what it saw earlier in the same file (a session's connection line),
but must never need it to find where a record begins or ends: after a restart it sees only the records still unsent.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, NamedTuple, Protocol, runtime_checkable

from whodid.formats.redact import Redactor

Head = tuple[Any, ...]
"""What was found in a line while lines were joined, so that it need not be looked for again."""
Front = Callable[[str, int], bytes]
"""What stands before the value of an attribute the way it is going to be sent: by its name, and by how many bytes the
value has in UTF-8."""


class Parsed(NamedTuple):
    """What a record says."""

    line: str
    """The record as it is stored: the raw text, altered only where a secret was masked."""
    attributes: dict[str, str]
    """Structured metadata under the names of docs/reference/attributes.md (`user`, `client`, `operation` …)."""
    ns: int | None = None
    """The instant the record states, in ns since 1970 UTC; None where it states none."""
    understood: bool = True
    """False: no pattern of the format matched; the record is kept whole, with what could be read."""
    labels: Mapping[str, str] | None = None
    """Labels of this record beside those of its source: the container, the unit. Few values, or streams explode."""


@dataclass(frozen=True, slots=True)
class FormatSettings:
    """What a source's configuration may say about its format."""

    line_prefix: str = ""
    """PostgreSQL's `log_line_prefix` (postgres only); empty: Debian's default."""
    timezone: tzinfo = UTC
    """For instants without a zone of their own; the agent passes the host's zone."""
    year_hint_ns: int = 0
    """The time now in ns, to find the year of RFC 3164 instants (which have none)."""
    options: dict[str, str] = field(default_factory=dict)
    redact: Redactor = field(default_factory=Redactor)
    """Masks secrets: every text of a record passes through it before it leaves the format."""


class Format(Protocol):
    """One log format, bound to one followed file."""

    def continues(self, line: str, record: str) -> bool:
        """Whether `line` belongs to the record whose text so far is `record`. Pure: looks at nothing else."""
        ...

    def parse(self, record: str) -> Parsed:
        """Reads one whole record (lines joined by newline, no newline at the end). Never raises on any text."""
        ...


class QuickReader(Protocol):
    """Reads the ordinary records of a busy log at a glance: what `continues` and `parse` would say, sooner."""

    labels: Mapping[int, Mapping[str, str]]
    """Labels of their own that records of the last `read` have, by where they stand in it."""

    def heads(self, lines: Sequence[str]) -> list[Head | None]:
        """The head of every line that `continues` no record whose own first line has a head; None where it must be
        asked."""
        ...

    def read(
        self,
        records: list[str],
        heads: Sequence[Head | None],
        attributes: list[bytes],
        instants: list[int | None],
    ) -> Iterator[None]:
        """Adds each record's packed attributes and its instant to the two lists; `heads` are those of the records'
        first lines. In `records` it puts what is to be stored, where that is another text.

        It stops where it takes `parse` to say: then that must be asked, and its answer added, before going on. (A list
        to fill, because handing out a tuple for each record is dear.)"""
        ...


@runtime_checkable
class QuickFormat(Format, Protocol):
    """A format that has a quick reader to offer."""

    def quick(self, front: Front) -> QuickReader | None:
        """None: not with these settings."""
        ...
