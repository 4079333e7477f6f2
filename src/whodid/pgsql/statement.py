"""The contract of this room: what one SQL statement does.

pgsql/ reads PostgreSQL's SQL well enough to say which operation a text performs on which objects: a lexer (lexer.py)
and a classifier (classify.py). It judges by tokens, never by searching for a word. It holds no log format and no I/O;
formats/ and investigate/ call it.
"""

from dataclasses import dataclass
from typing import Literal

Certainty = Literal["certain", "heuristic", "opaque"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a text."""

    operation: str
    """Upper case: TRUNCATE, DROP TABLE, DROP TRIGGER, DELETE, ALTER TABLE, INSERT, SELECT, BEGIN, COMMIT, DO …"""
    objects: tuple[str, ...]
    """The targets as written, unquoted (`User`, `public.games`); empty where none is named."""
    text: str
    """This statement alone, trimmed, without the semicolon."""
    certainty: Certainty = "certain"
    """opaque: its effect cannot be read from the text (DO, CALL, EXECUTE of an unknown name)."""
    has_where: bool = False
    """For DELETE and UPDATE: whether a WHERE clause limits it."""
