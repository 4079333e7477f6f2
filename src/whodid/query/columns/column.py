"""The contract of this room: a label as SQL text, and what a parser gives.

Whatever SQL cannot tell for sure is a doubt: a condition that is true for each row that Python has to judge. On all
other rows the expressions here must say exactly what the stages of query/stages say. in_engine.py calls the members.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNREAD = "\ufffd"
"""Stands for what was no UTF-8; the parsers of JSON and logfmt make a blank of it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One label of a row."""

    value: str
    """SQL text of its value; '' where it is absent."""
    present: str
    """SQL condition: the row has it."""
    needs: str = ""
    """SQL condition, a cheap one, that holds wherever the value is not empty; empty: none is known."""


ABSENT = Column("''", "false")


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate on labels."""

    holds: str
    """SQL; to be believed where `doubt` is not true."""
    doubt: str = ""
    """SQL; empty: never."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a parser finds in a line, by label name."""

    columns: Mapping[str, Column]
    doubt: str = ""
    """SQL; empty: never."""
    fails: str = ""
    """SQL; the rows that the parser marks with `error` and finds nothing in. Empty: none."""
    error: str = ""


@dataclass(slots=True)
class Aliases:
    """Names for expressions that others build on, so that a statement says each of them once.

    ClickHouse knows them in the whole statement: `WITH expression AS name`.
    """

    definitions: list[str] = field(default_factory=list)
    prefix: str = "said"

    def named(self, expression: str) -> str:
        """A new name for the expression."""
        name = f"{self.prefix}_{len(self.definitions)}"
        self.definitions.append(f"{expression} AS {name}")
        return name


def any_of(*conditions: str) -> str:
    """The disjunction of those that are said; empty if none is."""
    return " OR ".join(f"({condition})" for condition in conditions if condition)
