"""`| decolorize`: takes the ANSI escape sequences (colours, cursor moves, titles) out of the line.

What counts as one is what Loki takes for one, which is a little less than ECMA-48's: the introducer and brackets, then
letters and digits up to a bell, or numbers and a final character.
"""

from whodid.logql.ast import Decolorize
from whodid.query.line import Line
from whodid.query.regex import compiled
from whodid.query.stages.stage import Step, unsaid

_INTRODUCER = r"[\x1b\x{9b}][\[\]()#;?]*"
_TITLE = r"[a-zA-Z0-9]*(?:;[a-zA-Z0-9]*)*\x07"
_CONTROL = r"(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-ntqry=><~]"
_ANSI = compiled(f"{_INTRODUCER}(?:{_TITLE}|{_CONTROL})")

sql = unsaid


def apply(stage: Decolorize) -> Step:
    """One function for all."""
    return _decolorize


def _decolorize(line: Line) -> bool:
    if "\x1b" in line.text or "\x9b" in line.text:
        line.text = _ANSI.sub("", line.text)
    return True
