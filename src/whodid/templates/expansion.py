"""Go's replacement of what a regular expression finds: `$1`, `$name`, `${name}`, `$$`; an unknown group is empty.

For functions of templates and for label_replace. Patterns are google-re2's, compiled by the caller. Source: Go's
Regexp.Expand and ReplaceAllString.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_REFERENCE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)

Part = str | int
"""Text as it stands, or the number of a group."""


def expanded(pattern: Any, replacement: str, text: str) -> Iterator[str]:
    """The text in pieces, every match replaced."""
    parts = references(pattern, replacement)
    at, after_match = 0, -1
    for match in pattern.finditer(text):
        begin, end = match.span()
        if begin == end == after_match:
            continue  # Go: no empty match right behind another one
        yield text[at:begin]
        yield from filled(parts, match)
        at = after_match = end
    yield text[at:]


def filled(parts: tuple[Part, ...], match: Any) -> Iterator[str]:
    """A replacement for one match."""
    for part in parts:
        yield part if isinstance(part, str) else match.group(part) or ""


@lru_cache(maxsize=256)
def references(pattern: Any, replacement: str) -> tuple[Part, ...]:
    """The replacement, its references resolved to groups of the pattern."""
    out: list[Part] = []
    at = 0
    for reference in _REFERENCE.finditer(replacement):
        out.append(replacement[at : reference.start()])
        at = reference.end()
        name = reference[1] or reference[2]
        if name is None:
            out.append("$")
        elif name.isdecimal():
            # A number of many digits is a group that nobody has.
            out.append(int(name) if len(name) < 9 and int(name) <= pattern.groups else "")
        else:
            out.append(pattern.groupindex.get(name, ""))
    return (*out, replacement[at:])
