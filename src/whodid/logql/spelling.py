"""The habits in which two texts of one tree differ, and those of whodid's canonical text (`EXACT`).

print_stages.py and printer.py write every node, in any spelling; loki_spelling.py holds Loki's habits.
"""

from collections.abc import Callable
from dataclasses import dataclass

from whodid.logql.ast import Extraction, VectorMatching
from whodid.logql.literals import format_duration, format_number, format_size
from whodid.model.labels import quote
from whodid.model.matcher import Matcher


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write."""

    comma: str
    """Between the members of a list."""
    gap: str
    """Before the brackets of a range with stages, and of an aggregation with labels."""
    conjunction: str
    """The word for `and` between conditions."""
    brackets: tuple[str, str]
    """Around conditions that need them."""
    always: bool
    """Brackets around every `and`, `or` and binary operation, needed or not."""
    matcher: Callable[[Matcher], str]
    """A matcher in a label filter."""
    comparison: Callable[[str], str]
    """The operator of a label filter over numbers."""
    extraction: Callable[[Extraction], str]
    group: Callable[[VectorMatching, str], str]
    """What follows `on (…)`, the comma given."""
    number: Callable[[float], str]
    """In label filters and parameters."""
    literal: Callable[[float], str]
    """A number for itself."""
    vector: Callable[[float], str]
    """In `vector(…)`."""
    duration: Callable[[int], str]
    size: Callable[[int], str]


def print_matcher(matcher: Matcher) -> str:
    """`a=~"b"`"""
    return f"{matcher.name}{matcher.op}{quote(matcher.value)}"


def _extraction(extraction: Extraction) -> str:
    name, path = extraction.name, extraction.path
    return name if path == name else f"{name}={quote(path)}"


def _group(matching: VectorMatching, comma: str) -> str:
    # The list is written even when empty: without it, a right side in parentheses would be taken for it.
    return f" group_{matching.group} ({comma.join(matching.include)})" if matching.group else ""


EXACT = Spelling(
    comma=", ",
    gap=" ",
    conjunction="and",
    brackets=("(", ")"),
    always=False,
    matcher=print_matcher,
    comparison=lambda op: f" {op} ",
    extraction=_extraction,
    group=_group,
    number=format_number,
    literal=format_number,
    vector=format_number,
    duration=format_duration,
    size=format_size,
)
"""Says a tree exactly: it reads back as the same tree."""
