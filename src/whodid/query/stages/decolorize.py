"""`| decolorize`: takes the ANSI escape sequences (colours, cursor moves, titles) out of the line. ECMA-48."""

import re

from whodid.logql.ast import Decolorize
from whodid.query.line import Line
from whodid.query.stages.stage import Step, unsaid

_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()#][0-9A-Za-z]")

sql = unsaid


def apply(stage: Decolorize) -> Step:
    """One function for all."""
    return _decolorize


def _decolorize(line: Line) -> bool:
    if "\x1b" in line.text or "\x9b" in line.text:
        line.text = _ANSI.sub("", line.text)
    return True
