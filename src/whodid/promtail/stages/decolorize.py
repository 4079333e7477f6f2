"""`decolorize`: takes the ANSI escape sequences out of the line; the same ones as LogQL's `| decolorize`.

What counts as one is what Loki takes for one, a little less than ECMA-48's.
"""

from typing import Final

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.patterns import Pattern
from whodid.promtail.stages.stage import Step, Tools

_INTRODUCER: Final = r"[\x1b\x{9b}][\[\]()#;?]*"
_TITLE: Final = r"[a-zA-Z0-9]*(?:;[a-zA-Z0-9]*)*\x07"
_CONTROL: Final = r"(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-ntqry=><~]"
_SEQUENCE: Final = Pattern(f"{_INTRODUCER}(?:{_TITLE}|{_CONTROL})")


def make(given: object, place: str, tools: Tools) -> Step:
    return _decolorize


def _decolorize(entry: PipelineEntry) -> bool:
    if "\x1b" in entry.line or "\x9b" in entry.line:
        held, out, at = entry.line.encode("utf-8", "replace"), bytearray(), 0
        for spans in _SEQUENCE.spans(held):
            out += held[at : spans[0][0]]
            at = spans[0][1]
        entry.line = (out + held[at:]).decode()
    return True
