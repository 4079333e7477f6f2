"""What goes through a pipeline: one entry, which its stages alter. The reader of the agent makes and takes it."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class PipelineEntry:
    """An entry between its file and the server."""

    labels: dict[str, str]
    line: str
    ns: int | None = None
    """The instant so far; None: the time of reading."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Structured metadata."""
    extracted: dict[str, object] = field(default_factory=dict)
    """What the stages hand to each other; it begins with the labels."""
    tenant: str = ""
    first: int = 0
    last: int = 0
    """The reader's numbers of the first and the last record of which the entry is made. They are several where lines
    were joined; the records between may be those of another stream."""
