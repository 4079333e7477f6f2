"""Regular expressions of a user: RE2 on both sides, google-re2 here and ClickHouse's match() in SQL. Never Python's
re.

Both sides get the very same pattern text from these functions, so that they cannot disagree: without the names of
captures, for where one has a `_` ClickHouse takes a part of the name for text that every match must hold. RE2 is
linear in time; what it does not have (look-ahead, back-references) Loki does not have either.
"""

from functools import lru_cache
from typing import Any

import re2

from whodid.logql.regexes import examine, unnamed
from whodid.query.errors import QueryError

Pattern = Any
"""google-re2's compiled pattern; the library has no types."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # it would write to stderr


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Pattern:
    """The compiled pattern. Raises QueryError with the words of Go's RE2."""
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error:
        raise QueryError(examine(pattern).error) from None


def anchored(pattern: str) -> str:
    """A label matcher's expression: it must match the whole value, and `.` matches a newline (Prometheus' rule)."""
    compiled(pattern)
    return f"^(?s:{unnamed(pattern)})$"


def named_anchored(pattern: str) -> str:
    """label_replace's expression, for Python alone: with the names of its captures, and `.` matches no newline."""
    compiled(pattern)  # the error should name what the user wrote, not what is made of it
    return f"^(?:{pattern})$"


def unanchored(pattern: str) -> str:
    """A line filter's expression: anywhere in the line. `.` matches no newline, though in ClickHouse it would."""
    compiled(pattern)
    return f"(?-s:{unnamed(pattern)})"
