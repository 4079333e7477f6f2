"""Regular expressions that begin with a text and then have one way to go on: `duration: (?P<ms>[0-9.]+) ms`.

RE2 takes most of its time to tell where in a long line the groups lie. Behind the first place of the text, on a piece
of the line, that is three times as fast. It is the same match, if there is one there, where each repetition is followed
by a character that it cannot take itself: then no other way through the piece exists, and what follows the piece does
not matter. Called by regexp.py, which asks the whole expression where nothing is found so.
"""

import re
from dataclasses import dataclass

from whodid.query.regex import compiled

_TOKEN = re.compile(
    r"""(?P<open>\((?:\?P?<\w+>|\?:)?) | (?P<close>\))
      | (?P<atom>(?P<set>\\[dDwWsS] | \[\^?+(?:\\[^\w\s]|\\[dws]|[^\[\]\\])+\])
               | \\(?P<escaped>[^\w\s]) | (?P<plain>[^\\.+*?()|\[\]{}^$]))
        (?P<repeat>\+|\{[1-9]\d{0,2}\})?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Lead:
    """The expression's two parts. Each of its groups takes one character at least."""

    text: str
    rest: str
    """What must match right behind the text."""


def lead_of(pattern: str) -> Lead | None:
    """None for an expression of another form. `pattern` is sound."""
    text, at = "", 0
    while (token := _TOKEN.match(pattern, at)) is not None and _letter(token) and not token["repeat"]:
        text += _letter(token)
        at = token.end()
    rest = pattern[at:]
    return Lead(text, rest) if text and rest and pattern.isascii() and _has_one_way(rest) else None


def _letter(token: re.Match[str]) -> str:
    """The one character of an atom; empty for a set or a parenthesis."""
    return token["escaped"] or token["plain"] or ""


def _has_one_way(rest: str) -> bool:
    at, repeated, before = 0, "", "("
    while at < len(rest):
        token = _TOKEN.match(rest, at)
        if token is None:
            return False
        at = token.end()
        if token["atom"] is not None:
            if repeated and (not _letter(token) or compiled(repeated).search(_letter(token)) is not None):
                return False
            repeated = token["atom"] if token["repeat"] == "+" else ""
        elif token["close"] is not None and before == "(":
            return False  # a group of nothing
        before = "(" if token["open"] is not None else "x"
    return not repeated
