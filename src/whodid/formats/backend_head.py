"""How text lines of application logs begin: instant, level, logger and process, in the usual orders and brackets.

Python's logging in its common layouts, gunicorn, uvicorn, Flask, Django, Celery, loguru, structlog's console, and what
loggers of Java, Go and Node write. Used by backend.py.
"""

import re
from typing import Final, NamedTuple

from whodid.formats.backend_names import LEVELS

_ISO = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:[Zz]\b|UTC\b|GMT\b|[+-]\d\d:?\d\d))?"
_WEB = r"\d\d/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d(?: [+-]\d{4})?"
_UPPER = "|".join(LEVELS)
_ANY = rf"(?i:{_UPPER})"
ADDRESS: Final = r"\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f.]{0,15}){2,8}"

_GAP: Final = re.compile(r"[ \t]*(?:(?:-{1,3}|\||:{1,2}|,)(?:[ \t]+|(?=\])))*+")
_STAMP: Final = re.compile(rf"[\[(]?({_ISO}|{_WEB})(?:[\])]|(?=[ \t:,|\]]|\Z))", re.ASCII)
# Small letters are a level only in brackets or before a colon: "error" begins many a message.
_LEVEL: Final = re.compile(
    rf"(?:[\[<(]({_ANY}) *[\])>]|({_UPPER})(?=[\s:|,/\]-]|\Z)|({_UPPER.lower()})(?=:(?:[ \t]|\Z)| *\|)):?", re.ASCII
)
_PROCESS: Final = re.compile(
    r"\[#?(\d{1,10})(?:[:/ ][\w-]*)?\]|(\d{1,10}) ---[ \t]+(?:\[[^\]]{0,80}\][ \t]+)?", re.ASCII
)
_WORKER: Final = re.compile(r"/[\w:.-]+\]")
_LOGGER: Final = re.compile(
    r"\[([A-Za-z_][\w.:/-]{0,120})\][ \t]*:?(?=\s|\Z)"
    r"|in ([A-Za-z_][\w.]{0,120}):(?=\s)"
    r"|([A-Za-z_][\w.]{0,120}(?::[\w<>]{1,80}:\d{1,6})?)(?=(?: -|[ \t]+\|| :)[ \t])"
    r"|([a-z_][\w.]{0,120}):(?=\s)"
    rf"|([A-Za-z_][\w.]{{0,120}})(?=[ \t]+\[?(?:{_UPPER})\b)",
    re.ASCII,
)
_COLON_NAME: Final = re.compile(r"([A-Za-z_][\w.]{0,120}):", re.ASCII)
_RUBY: Final = re.compile(r"[DIWEFA], \[([^ \]]{10,40}) #(\d{1,10})\] +", re.ASCII)
_ACCESS: Final = re.compile(rf"(?:{ADDRESS}|-)(?::\d+)? - (?:\S+ \[|\")", re.ASCII)
_LOGFMT: Final = re.compile(r"(?:time|ts|t|level|lvl|msg|severity|timestamp)=\S", re.ASCII)
_MOST_PARTS: Final = 10


class Head(NamedTuple):
    """What stands before a message."""

    stamp: str
    level: str
    logger: str
    pid: str
    at: int
    """Where the message begins."""


def begins_entry(line: str) -> bool:
    """Whether an entry begins with this line: it says when it was, or how bad."""
    if line[:1] == "{" and line.rstrip()[-1:] == "}":
        return True
    if _LOGFMT.match(line) or _ACCESS.match(line) or _RUBY.match(line):
        return True
    return read_head(line) is not None


def read_head(line: str) -> Head | None:
    """The head of a line; None where it begins with neither an instant nor a level."""
    stamp = level = logger = pid = ""
    at = 0
    if ruby := _RUBY.match(line):
        stamp, pid = ruby.groups()
        at = ruby.end()
    for _ in range(_MOST_PARTS):
        gap = _GAP.match(line, at) if at else None
        here = gap.end() if gap else at
        if not stamp and (match := _STAMP.match(line, here)):
            stamp = match.group(1)
        elif not level and (match := _LEVEL.match(line, here)):
            level = match.group(1) or match.group(2) or match.group(3)
            if worker := _WORKER.match(line, match.end()):
                match = worker
            elif line[match.end() - 1] == ":" and (name := _COLON_NAME.match(line, match.end())):
                logger, match = name.group(1), name
        elif at and not pid and (match := _PROCESS.match(line, here)):
            pid = match.group(1) or match.group(2)
        elif at and not logger and (match := _LOGGER.match(line, here)):
            logger = next(filter(None, match.groups()), "")
            if not level and line[here] != "[" and not _LEVEL.match(line, _after_gap(line, match.end())):
                logger = ""  # the message's first word
                break
        else:
            break
        at = match.end()
    if not stamp and not level:
        return None
    end = _GAP.match(line, at)
    return Head(stamp, level, logger, pid, end.end() if end else at)


def _after_gap(line: str, at: int) -> int:
    gap = _GAP.match(line, at)
    return gap.end() if gap else at
