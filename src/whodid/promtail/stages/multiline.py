"""`multiline`: joins lines to the entry that began with a line matching `firstline`, each set of labels by itself.

An entry is handed on when the next one begins, after `max_lines`, or after `max_wait_time` without a line. What comes
then without a first line is an entry of its own, with labels and instant of the last first line; what comes before any
first line passes through. Source: Promtail's manual and behaviour. Beyond it: an entry of MAX_HELD_CHARS is handed on,
and of more than MAX_STREAMS sets of labels the one silent for longest is forgotten.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.patterns import Pattern
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import MAX_HELD_CHARS, MAX_STREAMS, Holder, Tools

_MAX_LINES: Final = 128
_MAX_WAIT_NS: Final = 3_000_000_000


class _Block:
    """The lines of one set of labels."""

    __slots__ = ("chars", "count", "first", "last", "lines", "start", "touched_s")

    def __init__(self, start: PipelineEntry) -> None:
        self.start, self.lines, self.chars, self.count = start, list[str](), 0, 0
        self.first: int | None = None
        self.last, self.touched_s = 0, 0.0

    def add(self, entry: PipelineEntry, now_s: float) -> None:
        if self.chars or not self.lines:
            self.lines.append(entry.line)
        else:
            self.lines[-1] = entry.line  # behind empty lines nothing is joined, as in Promtail
        self.chars += len(entry.line)
        self.count += 1
        self.first = entry.first if self.first is None else min(self.first, entry.first)
        self.last, self.touched_s = max(self.last, entry.last), now_s

    def take(self, lost: frozenset[str]) -> list[PipelineEntry]:
        """The entry so far; none if its lines are empty, for Promtail has none then."""
        first, last = self.first, self.last
        if first is None:
            return []
        line, chars = "\n".join(self.lines), self.chars
        self.lines, self.chars, self.first, self.last = [], 0, None, 0
        if not chars:
            return []
        self.count, start = 0, self.start
        metadata = {name: value for name, value in start.metadata.items() if name not in lost}
        return [
            PipelineEntry(
                dict(start.labels), line, start.ns, metadata, dict(start.extracted), start.tenant, first, last
            )
        ]


class Multiline:
    """The blocks of all sets of labels."""

    def __init__(self, firstline: Pattern, max_lines: int, max_wait_s: float, tools: Tools) -> None:
        self._begins, self._max_lines, self._max_wait_s = firstline.test, max_lines, max_wait_s
        self._monotonic_s = tools.monotonic_s
        self._lost = frozenset(tools.metadata_names)
        """Promtail loses the structured metadata of the stages before this one; what was there before stays."""
        self._blocks: OrderedDict[frozenset[tuple[str, str]], _Block] = OrderedDict()

    def feed(self, entry: PipelineEntry) -> Sequence[PipelineEntry]:
        key = frozenset(entry.labels.items())
        block, begins = self._blocks.get(key), self._begins(entry.line)
        out: list[PipelineEntry] = []
        if block is None:
            if not begins:
                return (entry,)
            if len(self._blocks) >= MAX_STREAMS:
                out += self._blocks.popitem(last=False)[1].take(self._lost)
            block = self._blocks[key] = _Block(entry)
        elif begins:
            out += block.take(self._lost)
            block.start = entry
        self._blocks.move_to_end(key)
        block.add(entry, self._monotonic_s())
        if block.count == self._max_lines or block.chars >= MAX_HELD_CHARS:
            out += block.take(self._lost)
        return out

    def due_s(self) -> float | None:
        touched = [block.touched_s for block in self._blocks.values() if block.first is not None]
        return max(0.0, min(touched) + self._max_wait_s - self._monotonic_s()) if touched else None

    def flush(self, everything: bool) -> Sequence[PipelineEntry]:
        before_s = self._monotonic_s() - self._max_wait_s
        return [
            entry
            for block in self._blocks.values()
            if everything or block.touched_s <= before_s
            for entry in block.take(self._lost)
        ]

    @property
    def held(self) -> int | None:
        return min((block.first for block in self._blocks.values() if block.first is not None), default=None)


def make(given: object, place: str, tools: Tools) -> Holder:
    settings = Settings(given, place, weak=True)
    firstline = settings.pattern("firstline", captures=False)
    if firstline is None:
        raise settings.wrong("needs firstline, an expression that the first line of an entry matches")
    max_lines, wait_ns = settings.whole("max_lines"), settings.duration_ns("max_wait_time")
    if max_lines is not None and max_lines < 0:
        raise settings.wrong("must not be negative", "max_lines")
    wait_s = (_MAX_WAIT_NS if wait_ns is None else max(0, wait_ns)) / 1e9
    return Multiline(firstline, _MAX_LINES if max_lines is None else max_lines, wait_s, tools)
