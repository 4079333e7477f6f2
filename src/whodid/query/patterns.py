"""What the pattern language `<ip> - <_> "<path>"` matches and captures; the language itself is logql/patterns.py.

Used by the `pattern` parser and by the line filters `|>` and `!>`. Source: LogQL's manual, "Pattern parser",
"Pattern match filter". A capture ends at the first place of the literal behind it: there is no backtracking, so
this is no regex.
"""

from collections.abc import Sequence

from whodid.logql.patterns import Capture, PatternPart


def literals(parts: Sequence[PatternPart]) -> list[str]:
    """The texts that a matching line must hold."""
    return [part for part in parts if isinstance(part, str)]


def matches(parts: Sequence[PatternPart], line: str) -> bool:
    """Whether the whole line is the pattern; each `<_>` takes one character or more."""
    if not line or not parts:
        return not line and not parts
    at = 0
    for i, part in enumerate(parts):
        if isinstance(part, Capture):
            continue
        found = line.find(part, at)
        if found < 0 or (found > at) != (i > 0):
            return False
        at = found + len(part)
    return isinstance(parts[-1], Capture) == (at < len(line))


def captured(parts: Sequence[PatternPart], line: str) -> list[tuple[str, str]]:
    """Names and what they caught. A line that ends early fills the leading captures: the last one takes the rest."""
    if not line:
        return []
    at = 0
    if isinstance(parts[0], str):
        if not line.startswith(parts[0]):
            return []
        at = len(parts[0])
        parts = parts[1:]
    found: list[tuple[str, str]] = []
    for i in range(0, len(parts), 2):
        capture = parts[i]
        literal = parts[i + 1] if i + 1 < len(parts) else None
        end = line.find(literal, at) if isinstance(literal, str) else -1
        if isinstance(capture, Capture) and capture.name != "_":
            found.append((capture.name, line[at:] if end < 0 else line[at:end]))
        if end < 0 or not isinstance(literal, str):
            break
        at = end + len(literal)
    return found
