"""What can be said of a regular expression without a line: is it RE2, what does it capture, does it match nothing.

RE2 as in Loki and ClickHouse; never Python's `re` for a user's pattern. Used by check.py; query/ compiles its own.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import re2

_GO_WORDS = (
    ("missing ):", "missing closing ):"),
    ("missing ]:", "missing closing ]:"),
    ("trailing \\", "trailing backslash at end of expression"),
    ("no argument for repetition operator:", "missing argument to repetition operator:"),
    ("invalid repetition size:", "invalid repeat count:"),
    ("bad repetition operator:", "invalid nested repetition operator:"),
    ("invalid perl operator:", "invalid or unsupported Perl syntax:"),
    ("invalid named capture group:", "invalid named capture:"),
)
"""RE2's words on the left, the words of Go's port of it, which Loki's users search for, on the right."""


_GROUP = re.compile(
    r"""\\Q.*?(?:\\E|\Z) | \\.                                          # literal text, an escape
      | \[\^?+\]?+(?:\\.|\[:\^?\w++:\]|[^\]\\])*+\]                      # a class of characters
      | \(\?P?<([^>]*+)>""",
    re.VERBOSE | re.DOTALL,
)
"""A named capture, or what may look like one and is none."""


class Regex(NamedTuple):
    """What is known of a pattern. `error` is empty if it is sound."""

    error: str
    matches_empty: bool = False
    """Anchored at both ends, it matches the empty string."""


@lru_cache(maxsize=1024)
def examine(pattern: str) -> Regex:
    """Judges a pattern. Cached: dashboards ask the same few again and again."""
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        return Regex(_go_message(error))
    return Regex("", compiled.fullmatch("") is not None)


def capture_names(pattern: str) -> list[str]:
    """The named captures of a sound pattern in order, repeated names repeated (`groupindex` would hide those)."""
    return [match[1] for match in _GROUP.finditer(pattern) if match[1] is not None]


def unnamed(pattern: str) -> str:
    """A sound pattern with its captures in the same places, but without names."""
    return _GROUP.sub(lambda match: match[0] if match[1] is None else "(", pattern)


def _go_message(error: re2.error) -> str:
    message = _text(error.args[0]) if error.args else "unknown error"
    for ours, theirs in _GO_WORDS:
        if message.startswith(ours):
            message = theirs + message[len(ours) :]
            break
    reason, separator, fragment = message.partition(": ")
    return f"error parsing regexp: {reason}" + (f": `{fragment}`" if separator else "")


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
