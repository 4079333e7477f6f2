"""The short way for the statements that applications send all day: plain SELECT, INSERT, UPDATE and DELETE.

Sound, not complete: it answers only when the text is one statement for certain and nothing that a string, a comment or
another clause could hide matters to the answer; otherwise it gives None and the grammar decides. A property test holds
it equal to the grammar. Called by classify.py.
"""

import re
from typing import Final

from whodid.pgsql.lexer import fold

Quick = tuple[str, str, bool]
"""Operation, first object (or empty), and whether a WHERE limits it."""

_NAME = r'(?:[A-Za-z_][A-Za-z0-9_$]*+|"[^"]++"(?!"))'
_RELATION = rf"({_NAME}(?:\.{_NAME})*+)"
# After a name must not stand: more of a name (U&"…", non-ASCII letters, a dot after a blank), a function's parenthesis.
_AFTER = r"""(?![^\s),]|\s*+[.(*&"'])"""
_INSERT: Final = re.compile(rf"insert\s++into\s++{_RELATION}(?=[\s(])(?!\s*+[.*&\"'])", re.IGNORECASE)
_DELETE: Final = re.compile(
    rf"delete\s++from\s++(?!only\b){_RELATION}{_AFTER}(?:\s*+\Z|\s++(where)\s++)", re.IGNORECASE
)
_UPDATE: Final = re.compile(rf"update\s++(?!only\b){_RELATION}{_AFTER}\s++set\s", re.IGNORECASE)
_FROM: Final = re.compile(rf"\sfrom\s++(?!only\b|lateral\b){_RELATION}{_AFTER}", re.IGNORECASE)
_WHERE: Final = re.compile(r"\swhere\s++", re.IGNORECASE)
_VACUOUS: Final = re.compile(r"true\b|[0-9.']", re.IGNORECASE)
"""How a condition begins that may limit nothing (`true`, `1 = 1`): left to the grammar."""
_DOLLAR_QUOTE: Final = re.compile(r"\$[^0-9]")
_PART: Final = re.compile(_NAME)
BLANKS: Final = " \t\n\r\f\v"
_QUOTED: Final = re.compile(r'"[^"]*+"')


def quick_judgement(text: str) -> Quick | None:
    """What the one statement of a simple text does, or None where it takes the grammar to say."""
    trimmed = text.strip(BLANKS)
    reader = _READERS.get(trimmed[:6].lower())
    if reader is None:
        return None
    bare = trimmed if "'" not in trimmed else _without_strings(trimmed)
    if bare is None or "--" in bare or "/*" in bare or bare.count('"') % 2:
        return None
    if "$" in bare and _DOLLAR_QUOTE.search(bare) is not None:
        return None
    if ";" in bare:
        if bare.find(";") != len(bare) - 1:
            return None
        bare = bare[:-1].rstrip(BLANKS)
    return reader(bare)


def _without_strings(text: str) -> str | None:
    """The text with the insides of its string constants taken out; None where their ends are not plain to see."""
    pieces = text.split("'")
    if len(pieces) % 2 == 0:
        return None
    outside = pieces[::2]
    for piece in outside[:-1]:
        # E'…' has other rules, U&'…' too; an odd quotation mark means that the quote stood inside of a name.
        if piece[-1:] in ("e", "E", "&") or piece.count('"') % 2:
            return None
    return "''".join(outside)


def _select(bare: str) -> Quick | None:
    lower = bare.lower()
    if bare[6:7] not in BLANKS or "into" in lower:
        return None
    first = lower.find("from")
    if first < 0:
        return ("SELECT", "", False)
    found = _FROM.match(bare, first - 1)
    # FROM in brackets (extract(year FROM x), a subquery) or in IS DISTINCT FROM is not the one.
    if found is None or not _outside_brackets(bare, first) or lower[:first].rstrip().endswith("distinct"):
        return None
    return ("SELECT", _plain_name(found.group(1)), False)


def _insert(bare: str) -> Quick | None:
    found = _INSERT.match(bare)
    return ("INSERT", _plain_name(found.group(1)), False) if found else None


def _delete(bare: str) -> Quick | None:
    found = _DELETE.match(bare)
    if found is None:
        return None
    limited = found.group(2) is not None
    if limited and (found.end() == len(bare) or _VACUOUS.match(bare, found.end())):
        return None
    return ("DELETE", _plain_name(found.group(1)), limited)


def _update(bare: str) -> Quick | None:
    found = _UPDATE.match(bare)
    where = _WHERE.search(bare, found.end()) if found else None
    if found is None or where is None or where.end() == len(bare) or not _outside_brackets(bare, where.start()):
        return None
    if _VACUOUS.match(bare, where.end()):
        return None
    return ("UPDATE", _plain_name(found.group(1)), True)


def _outside_brackets(bare: str, end: int) -> bool:
    """Whether this place is outside of parentheses and of quoted names."""
    head = bare[:end]
    if '"' in head and ("(" in head or ")" in head):
        head = _QUOTED.sub("", head)
    if '"' in head and head.count('"') % 2:
        return False
    depth, (*closed, rest) = 0, head.split(")")
    for piece in closed:
        depth += piece.count("(") - 1
        if depth < 0:
            return False
    return depth + rest.count("(") == 0


def _plain_name(written: str) -> str:
    if '"' not in written:
        return fold(written)
    if "." not in written:
        return written[1:-1]
    return ".".join(part[1:-1] if part[0] == '"' else fold(part) for part in _PART.findall(written))


_READERS: Final = {"select": _select, "insert": _insert, "update": _update, "delete": _delete}
