"""`| pattern` as SQL: the places of its literals one after the other, each found behind the one before.

The rule of first places and of lines that end early: query/patterns.py.
"""

from collections.abc import Collection

from whodid.logql.ast import PatternParser
from whodid.logql.patterns import Capture, split_pattern
from whodid.query.columns.column import Aliases, Column, Parsed
from whodid.store.sql import quote


def pattern_columns(stage: PatternParser, names: Collection[str], aliases: Aliases) -> Parsed:
    """Those of its captures that are asked for."""
    parts = split_pattern(stage.pattern)
    reached, begin = "line != ''", "1"
    if isinstance(parts[0], str):
        # A line that begins otherwise has none of the captures.
        reached = f"startsWith(line, {quote(parts[0])})"
        begin, parts = str(_size(parts[0]) + 1), parts[1:]
    columns: dict[str, Column] = {}
    last = max((i for i, part in enumerate(parts) if isinstance(part, Capture) and part.name in names), default=-1)
    for i in range(0, last + 1, 2):
        capture = parts[i]
        assert isinstance(capture, Capture)
        literal = parts[i + 1] if i + 1 < len(parts) else None
        rest = f"substring(line, {begin})"
        if isinstance(literal, str):
            place = aliases.named(f"position(line, {quote(literal)}, toUInt64({begin}))")
            value = f"if({place} = 0, {rest}, substring(line, {begin}, {place} - {begin}))"
        else:
            place, value = "0", rest
        if capture.name in names:
            columns[capture.name] = Column(aliases.named(f"if({reached}, {value}, '')"), f"({reached})")
        if isinstance(literal, str):
            reached = aliases.named(f"{reached} AND {place} > 0")
            begin = f"({place} + {_size(literal)})"
    return Parsed(columns)


def _size(text: str) -> int:
    return len(text.encode())
