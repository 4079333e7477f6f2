"""The contract of a stage: one file per stage, which makes it of its settings.

A `Step` alters an entry or drops it. A `Holder` may keep entries back and hand them on later, joined. Stages know
neither their neighbours nor the agent; what they need of the world is in `Tools`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from whodid.promtail.counters import Counters
from whodid.promtail.entry import PipelineEntry

Step = Callable[[PipelineEntry], bool]
"""Alters the entry in place; False drops it."""
MAX_STREAMS = 1_000
"""Label sets of which a stage remembers something."""
MAX_HELD_CHARS = 1 << 20
"""Of an entry that is joined of several; then it is handed on as it stands."""


class Holder(Protocol):
    """A stage that may hold entries back."""

    def feed(self, entry: PipelineEntry) -> Sequence[PipelineEntry]:
        """What can go on now."""
        ...

    def due_s(self) -> float | None:
        """In how many seconds something held is due; None: nothing ever is."""
        ...

    def flush(self, everything: bool) -> Sequence[PipelineEntry]:
        """What is due, or all that is held."""
        ...

    @property
    def held(self) -> int | None:
        """Number of the earliest record that is held; None if none is."""
        ...


class Chain(Protocol):
    """Stages one after another, as pipeline.py builds them for the stages that have stages of their own."""

    @property
    def holds(self) -> bool:
        """Whether one of them is a holder; without one `run` is all there is."""
        ...

    def run(self, entry: PipelineEntry) -> bool: ...
    def feed(self, entry: PipelineEntry) -> list[PipelineEntry]: ...
    def due_s(self) -> float | None: ...
    def flush(self, everything: bool) -> list[PipelineEntry]: ...
    @property
    def held(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What stages are made with."""

    now_ns: Callable[[], int]
    monotonic_s: Callable[[], float]
    random: Callable[[], float]
    counters: Counters
    chain: Callable[[Sequence[object], str], Chain]
    """Builds the stages of a stage."""
    debts: list[Callable[[float], float]] = field(default_factory=list)
    """How long, at an instant of `monotonic_s`, the reader has to wait before it reads on (`limit`)."""
    metadata_names: set[str] = field(default_factory=set)
    """Names of structured metadata that the stages made so far may set."""


Factory = Callable[[object, str, Tools], Step | Holder]
"""Makes a stage of its settings and its place (`pipeline_stages[0].json`). Raises PipelineError."""
