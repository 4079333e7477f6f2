"""The little language of `| pattern "<ip> - <_>"` and `|> "…<_>…"`: literals with captures between them.

`split_pattern` reads it; `parser_fault` and `filter_fault` say why a pattern may not be used. check.py asks them;
query/ builds its matchers from the parts. Source: Loki's manual, "Pattern".
"""

import re
from itertools import pairwise
from typing import NamedTuple

from whodid.model.labels import quote

_CAPTURE = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*+)>")


class Capture(NamedTuple):
    """`<name>`; `<_>` matches without keeping."""

    name: str


PatternPart = str | Capture


def split_pattern(pattern: str) -> tuple[PatternPart, ...]:
    """Literals and captures in order. What does not read as a capture is literal."""
    parts: list[PatternPart] = []
    at = 0
    for match in _CAPTURE.finditer(pattern):
        if match.start() > at:
            parts.append(pattern[at : match.start()])
        parts.append(Capture(match[1]))
        at = match.end()
    if at < len(pattern):
        parts.append(pattern[at:])
    return tuple(parts)


def parser_fault(pattern: str) -> str:
    """Why this is no pattern for the parser stage; empty if it is one."""
    parts = split_pattern(pattern)
    names = [part.name for part in parts if isinstance(part, Capture) and part.name != "_"]
    if not names:
        return "at least one capture is required"
    if len(set(names)) < len(names):
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        return f"duplicate capture name ({twice}): invalid expression"
    return _consecutive(parts)


def filter_fault(pattern: str) -> str:
    """Why this is no pattern for a line filter; empty if it is one."""
    parts = split_pattern(pattern)
    named = [part.name for part in parts if isinstance(part, Capture) and part.name != "_"]
    if named:
        return f"named captures are not allowed in {quote(pattern)}; write <_> for <{named[0]}>"
    return _consecutive(parts)


def _consecutive(parts: tuple[PatternPart, ...]) -> str:
    for left, right in pairwise(parts):
        if isinstance(left, Capture) and isinstance(right, Capture):
            return f"found consecutive capture '<{left.name}><{right.name}>': invalid expression"
    return ""
