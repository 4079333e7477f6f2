"""What a query returns: streams of lines, or vector, matrix and scalar of numbers, as in Loki and Prometheus."""

from dataclasses import dataclass, field
from typing import NamedTuple

from whodid.model.entry import Labels, Metadata


class Row(NamedTuple):
    """One line of a log query. `labels` are the stream's labels after the pipeline; see Loki's categorize-labels."""

    ns: int
    line: str
    labels: Labels
    metadata: Metadata
    """Structured metadata as it stands after the pipeline."""
    parsed: Labels
    """Labels that a parser or formatter of the query extracted."""
    seq: int = 0
    """The commit sequence number: a tail's resume token."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a query cost."""

    lines: int = 0
    bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Streams:
    """Rows in the direction asked for."""

    rows: list[Row]
    statistics: Statistics = field(default_factory=Statistics)


class Series(NamedTuple):
    """One labelled series; points are (instant in ns, value), rising in time."""

    labels: Labels
    points: list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Series over a range of instants."""

    series: list[Series]
    statistics: Statistics = field(default_factory=Statistics)
    warnings: tuple[str, ...] = ()
    """What the answer leaves out, if its asker takes a part."""


@dataclass(frozen=True, slots=True)
class Vector:
    """One sample per label set at one instant."""

    ns: int
    samples: list[tuple[Labels, float]]
    statistics: Statistics = field(default_factory=Statistics)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number at one instant."""

    ns: int
    value: float
    statistics: Statistics = field(default_factory=Statistics)


Result = Streams | Matrix | Vector | Scalar
