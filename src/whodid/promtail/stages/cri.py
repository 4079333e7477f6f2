"""`cri`: a line of a Kubernetes runtime's log, `time stream P|F text`. Partial lines (P) are joined up to the full one.

Beyond Promtail: a partial line whose end does not come is handed on after HELD_S, so that the file's place can move.
Source: Promtail's manual and behaviour.
"""

from collections.abc import Sequence
from typing import Final

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import MAX_HELD_CHARS, Chain, Holder, Tools

HELD_S: Final = 60.0
_MAX_PARTIAL_LINES: Final = 100
_STAGES: Final = (
    {"regex": {"expression": r"^(?s)(?P<time>\S+?) (?P<stream>stdout|stderr) (?P<flags>\S+?) (?P<content>.*)$"}},
    {"labels": {"stream": None}},
    {"timestamp": {"source": "time", "format": "RFC3339Nano"}},
    {"output": {"source": "content"}},
    {"output": {"source": "tags"}},
)
_Key = frozenset[tuple[str, str]]


class Cri:
    """Partial lines, one for each set of labels."""

    def __init__(self, stages: Chain, max_partial_lines: int, truncate_bytes: int | None, tools: Tools) -> None:
        self._stages, self._most, self._truncate_bytes = stages, max_partial_lines, truncate_bytes
        self._monotonic_s = tools.monotonic_s
        self._partial: dict[_Key, tuple[PipelineEntry, float]] = {}

    def feed(self, entry: PipelineEntry) -> Sequence[PipelineEntry]:
        if not self._stages.run(entry):
            return ()
        key = frozenset(entry.labels.items())
        partial = entry.extracted.get("flags") == "P"
        out: list[PipelineEntry] = []
        if partial and len(self._partial) >= self._most:
            out = self.flush(True)
        held = self._partial.pop(key, None)
        if held is not None:
            before = held[0]
            entry.line = before.line + entry.line
            entry.first, entry.last = min(before.first, entry.first), max(before.last, entry.last)
        if held is not None or partial:
            self._truncate(entry)
        if partial and len(entry.line) < MAX_HELD_CHARS:
            self._partial[key] = (entry, self._monotonic_s())
            return out
        return [*out, entry]

    def due_s(self) -> float | None:
        since = [since_s for _, since_s in self._partial.values()]
        return max(0.0, min(since) + HELD_S - self._monotonic_s()) if since else None

    def flush(self, everything: bool) -> list[PipelineEntry]:
        before_s = self._monotonic_s() - HELD_S
        due = [key for key, (_, since_s) in self._partial.items() if everything or since_s <= before_s]
        return [self._partial.pop(key)[0] for key in due]

    @property
    def held(self) -> int | None:
        return min((entry.first for entry, _ in self._partial.values()), default=None)

    def _truncate(self, entry: PipelineEntry) -> None:
        if self._truncate_bytes is not None and len(entry.line) * 4 > self._truncate_bytes:
            cut = entry.line.encode("utf-8", "replace")[: self._truncate_bytes]
            entry.line = cut.decode("utf-8", "ignore")


def make(given: object, place: str, tools: Tools) -> Holder:
    settings = Settings(given, place, weak=True)
    size_bytes = settings.whole("max_partial_line_size") or 0
    if size_bytes < 0:
        raise settings.wrong("must not be negative", "max_partial_line_size")
    truncate = settings.flag("max_partial_line_size_truncate") or False
    most = settings.whole("max_partial_lines") or _MAX_PARTIAL_LINES
    return Cri(tools.chain(_STAGES, place), most, size_bytes if truncate else None, tools)
