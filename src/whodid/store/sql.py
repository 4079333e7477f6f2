"""How Python values become SQL text: the one place where a literal is quoted.

Parameters are written as literals, not bound: chDB's binding reads strings as escaped TSV and has no arrays of strings
(docs/design/0002). Every SQL builder goes through these functions; the property test feeds them hostile text.
"""

from collections.abc import Iterable

LINE_COLUMNS = "stream_id, ts, seq, line, metadata, detected_level, push_key"
"""The columns of `lines` that an insert fills; schema.sql says when the others are."""
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0"})


def quote(text: str) -> str:
    """A ClickHouse string literal. Lone surrogates, which UTF-8 cannot hold, become `?`."""
    return "'" + text.translate(_ESCAPES).encode("utf-8", "replace").decode() + "'"


def quote_list(texts: Iterable[str]) -> str:
    """An array literal of strings: `['a', 'b']`."""
    return "[" + ", ".join(map(quote, texts)) + "]"


def number_list(numbers: Iterable[int]) -> str:
    """An array literal of integers: `[1, 2]`."""
    return "[" + ", ".join(map(str, numbers)) + "]"
