"""Records through Promtail's pipeline into entries: what `encode.py` is without one, entry by entry.

A pipeline may leave records out, join several, and hold some back while it goes on with others (`multiline`, by
stream). A file is acknowledged up to an offset, so an entry leaves only when everything before it in the file has left
or leaves with it: what is read again after a crash is exactly what was not sent. Called by `recipe.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from whodid.agent.encode import NONE, Reading, Ready, Surroundings
from whodid.agent.health import Health
from whodid.agent.labelling import Labelling
from whodid.agent.records import Records
from whodid.formats.format import Format, QuickReader
from whodid.model.clock import SECOND
from whodid.model.labels import format_labels
from whodid.promtail import Counters, Pipeline, PipelineEntry
from whodid.wire.push_protobuf import encode_all, pack_attributes

_SHORTEST_S = 0.001
_MOST_LABEL_TEXTS = 4096
_MOST_ALIKE = 50_000
_MOST_HELD = 10_000
"""Records behind one that is held. Streams that are interleaved without end would be held for ever: then what is
joined so far goes as it is."""


class PipedEncoder:
    """The entries of one file, with a pipeline of its own."""

    quick: QuickReader | None = None

    def __init__(self, format: Format, pipeline: Pipeline, surroundings: Surroundings) -> None:
        self._with = surroundings
        self._reading = Reading(format, surroundings)
        self._pipeline = pipeline
        self._tally = _Tally(pipeline.counters)
        self._count = 0  # records so far: each has its number
        self._ends: dict[int, int] = {}  # where in the file those end that have not left, by number
        self._waiting: list[PipelineEntry] = []  # finished, but behind one that is held
        self._texts: dict[tuple[tuple[str, str], ...], str] = {}
        self._same = _Same()
        self.skipped = 0

    @property
    def holding(self) -> bool:
        return bool(self._ends)

    def due_s(self) -> float | None:
        return self._pipeline.due_s()

    @property
    def paced(self) -> bool:
        return self._pipeline.paced

    def pause_s(self) -> float:
        wait_s = self._pipeline.wait_s()
        return wait_s if wait_s > _SHORTEST_S else 0.0  # the rest of a sum that did not come out even

    def relabel(self, labelling: Labelling) -> None:
        self._with = replace(self._with, labelling=labelling)

    def encode(self, records: Records) -> Ready:
        self._reading.unread = 0
        for text, end in zip(records.texts, records.ends, strict=True):
            number, self._count = self._count, self._count + 1
            self._ends[number] = end
            parsed = self._reading.parse(text)
            known = self._with.labelling.of(parsed.labels)
            if known is None:
                continue  # relabelling dropped it
            labels = dict(known[0])
            entry = PipelineEntry(labels, parsed.line, parsed.ns, parsed.attributes, {}, "", number, number)
            self._waiting += self._pipeline.feed(entry)
        if len(self._ends) > _MOST_HELD:
            self._waiting += self._pipeline.flush(True)
        self._with.misread.look(self._with.path, len(records.texts), self._reading.unread)
        self._tally.tell(self._with.health, self._with.path)
        return self._release()

    def flush(self, *, everything: bool) -> Ready:
        self._waiting += self._pipeline.flush(everything)
        self._tally.tell(self._with.health, self._with.path)
        return self._release()

    def _release(self) -> Ready:
        """What may leave: entries before which nothing stays behind."""
        held = self._pipeline.held
        barrier = self._count if held is None else held
        while late := [entry.first for entry in self._waiting if entry.last >= barrier and entry.first < barrier]:
            barrier = min(late)
        leaving = sorted((e for e in self._waiting if e.last < barrier), key=lambda entry: (entry.first, entry.last))
        self._waiting = [entry for entry in self._waiting if entry.last >= barrier]
        passed = [number for number in self._ends if number < barrier]
        if not passed:
            return NONE
        ends, bound = self._ends_of(leaving, barrier)
        self.skipped = 0 if leaving else self._ends[passed[-1]]
        for number in passed:
            del self._ends[number]
        return self._encode(leaving, ends, bound) if leaving else NONE

    def _ends_of(self, leaving: Sequence[PipelineEntry], barrier: int) -> tuple[list[int], frozenset[int]]:
        """Where in the file each entry ends: with what is left out behind it. And which may not be parted from the
        next, for the records of both overlap."""
        ends, bound = [0] * len(leaving), set[int]()
        upcoming = barrier  # the first record of those behind
        latest = list(accumulate((entry.last for entry in leaving), max))
        for at in range(len(leaving) - 1, -1, -1):
            entry = leaving[at]
            if latest[at] >= upcoming:
                bound.add(at)
                ends[at] = ends[at + 1]
            else:
                ends[at] = self._ends[upcoming - 1]
            upcoming = min(upcoming, entry.first)
        return ends, frozenset(bound)

    def _encode(self, leaving: Sequence[PipelineEntry], ends: list[int], bound: frozenset[int]) -> Ready:
        now_ns = self._with.clock.now_ns()
        labels = [self._text(entry.labels) for entry in leaving]
        instants = [self._instant(entry, text, now_ns) for entry, text in zip(leaving, labels, strict=True)]
        attributes = [pack_attributes(entry.metadata) for entry in leaving]
        entries = encode_all(instants, [entry.line for entry in leaving], attributes)
        sizes = list(accumulate(map(len, entries)))
        tenants = [entry.tenant for entry in leaving]
        return Ready(entries, sizes, ends, instants, len(entries), labels, tenants if any(tenants) else None, bound)

    def _text(self, labels: dict[str, str]) -> str:
        key = tuple(labels.items())
        text = self._texts.get(key)
        if text is None:
            if len(self._texts) >= _MOST_LABEL_TEXTS:
                self._texts.clear()
            text = self._texts[key] = format_labels({name: value for name, value in labels.items() if value})
        return text

    def _instant(self, entry: PipelineEntry, labels: str, now_ns: int) -> int:
        if entry.ns is not None:
            return self._same.apart(entry.ns, labels, entry.line)
        instants = self._with.instants
        instants.last_ns = max(now_ns, instants.last_ns + 1)
        return instants.last_ns


class _Tally:
    """Passes on what a pipeline has counted since it was last asked: the next file of the same path counts on."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._dropped: dict[str, int] = {}
        self._unread: dict[str, int] = {}

    def tell(self, health: Health, path: str) -> None:
        _add(self._counters.dropped, self._dropped, health.dropped, path)
        _add(self._counters.unparsed, self._unread, health.unread_by_stage, path)


def _add(now: dict[str, int], told: dict[str, int], totals: dict[str, dict[str, int]], path: str) -> None:
    if now != told:
        of_path = totals.setdefault(path, {})
        for name, count in now.items():
            of_path[name] = of_path.get(name, 0) + count - told.get(name, 0)
        told.update(now)


class _Same:
    """Keeps equal lines of one instant apart, which the store would take for one; all others keep the very instant
    that the pipeline gave them, as with Promtail."""

    __slots__ = ("_last", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._last: dict[tuple[str, str, int], int] = {}  # by labels, line and stated instant: the instant given

    def apart(self, ns: int, labels: str, line: str) -> int:
        if ns // SECOND != self._second or len(self._last) >= _MOST_ALIKE:
            self._second, self._last = ns // SECOND, {}
        key = (labels, line, ns)
        given = self._last[key] + 1 if key in self._last else ns
        self._last[key] = given
        return given
