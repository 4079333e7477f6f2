"""A pipeline of Promtail's stages: entries in, entries out. Pure but for the clock and the dice it is given.

One `Pipeline` per followed file, for stages remember (multiline, fudge, limits). The reader feeds it entry by entry and
asks from time to time what is due; it may acknowledge records only up to `held`. Source: Promtail's manual, and what
promtail 3.6 made of pipelines. Nothing here raises on any line.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from whodid.promtail.counters import Counters
from whodid.promtail.entry import PipelineEntry
from whodid.promtail.errors import PipelineError
from whodid.promtail.settings import kind
from whodid.promtail.stages import REFUSED, STAGES
from whodid.promtail.stages.stage import Holder, Step, Tools

_ROOT: Final = "pipeline_stages"
_MAX_DEPTH: Final = 20
"""Of match stages inside each other."""


class Pipeline:
    """The stages of one source, for one file of it."""

    def __init__(
        self,
        stages: Sequence[object],
        *,
        job: str,
        now_ns: Callable[[], int],
        monotonic_s: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """Raises PipelineError."""
        self.job, self.counters = job, Counters()
        self._monotonic_s = monotonic_s
        self._tools = Tools(
            now_ns, monotonic_s, random, self.counters, lambda inner, place: build(inner, place, self._tools)
        )
        self._stages = build(stages, _ROOT, self._tools)

    def feed(self, entry: PipelineEntry) -> list[PipelineEntry]:
        """What is complete now, in order."""
        return self._stages.feed(entry)

    def due_s(self) -> float | None:
        """In how many seconds something that is held is due; None: nothing is."""
        return self._stages.due_s()

    def flush(self, everything: bool) -> list[PipelineEntry]:
        """What is due now, or all that is held, for the file has ended."""
        return self._stages.flush(everything)

    def wait_s(self) -> float:
        """How long to read nothing further: a `limit` without `drop` slows the reader down. Mostly 0."""
        debts = self._tools.debts
        return max(debt(self._monotonic_s()) for debt in debts) if debts else 0.0

    @property
    def paced(self) -> bool:
        """Whether it ever asks to wait."""
        return bool(self._tools.debts)

    @property
    def held(self) -> int | None:
        """Number of the earliest record that is held back; None: none is."""
        return self._stages.held


class Stages:
    """Stages one after another: runs of steps, and behind each a holder or the end."""

    def __init__(self, stages: Sequence[Step | Holder]) -> None:
        self._parts: list[tuple[tuple[Step, ...], Holder | None]] = []
        steps: list[Step] = []
        for stage in stages:
            if callable(stage):
                steps.append(stage)
            else:
                self._parts.append((tuple(steps), stage))
                steps = []
        self._parts.append((tuple(steps), None))
        self._holders = [holder for _, holder in self._parts if holder is not None]
        self.holds = bool(self._holders)

    def run(self, entry: PipelineEntry) -> bool:
        """The stages, if none is a holder. False: it was dropped."""
        entry.extracted.update(entry.labels)
        return all(step(entry) for step in self._parts[0][0])

    def feed(self, entry: PipelineEntry) -> list[PipelineEntry]:
        entry.extracted.update(entry.labels)
        return self._from(0, entry)

    def _from(self, at: int, entry: PipelineEntry) -> list[PipelineEntry]:
        steps, holder = self._parts[at]
        for step in steps:
            if not step(entry):
                return []
        if holder is None:
            return [entry]
        return [out for complete in holder.feed(entry) for out in self._from(at + 1, complete)]

    def due_s(self) -> float | None:
        return min((due for holder in self._holders if (due := holder.due_s()) is not None), default=None)

    def flush(self, everything: bool) -> list[PipelineEntry]:
        out: list[PipelineEntry] = []
        for at, (_, holder) in enumerate(self._parts):
            # In the order of the stages: what an earlier one lets go may still be held by a later one.
            for complete in holder.flush(everything) if holder else ():
                out += self._from(at + 1, complete)
        return out

    @property
    def held(self) -> int | None:
        return min((held for holder in self._holders if (held := holder.held) is not None), default=None)


def build(stages: Sequence[object], place: str, tools: Tools) -> Stages:
    """The stages of a list. Raises PipelineError, which names the place."""
    if place.count(".stages") > _MAX_DEPTH:
        raise PipelineError(place, f"more than {_MAX_DEPTH} match stages inside each other")
    return Stages([_made(stage, f"{place}[{n}]", tools) for n, stage in enumerate(stages)])


def _made(stage: object, place: str, tools: Tools) -> Step | Holder:
    if not isinstance(stage, Mapping):
        raise PipelineError(
            place, f"must be a mapping of a stage's name to its settings (`- json:`), not {kind(stage)}"
        )
    if len(stage) != 1:
        raise PipelineError(place, f"must name one stage, not {len(stage)}; each stage begins with a dash of its own")
    name, given = next(iter(stage.items()))
    if name in REFUSED:
        raise PipelineError(place, f"the stage {name} {REFUSED[name]}")
    if name not in STAGES:
        near = difflib.get_close_matches(str(name), STAGES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"stages: {', '.join(STAGES)}"
        raise PipelineError(place, f"there is no stage {name!r}; {hint}")
    return STAGES[name](given, f"{place}.{name}", tools)
