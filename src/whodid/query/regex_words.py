"""What a line must hold for a regular expression to match it: words that can be sought without the expression.

A search for words is several times as fast as RE2 where letters may have either case, and words are what the index
of the lines knows (grams.py). The expression is read as RE2 reads it (github.com/google/re2/wiki/Syntax), but only as
far as words need it; of whatever is not understood nothing is said. Method: Russ Cox, "Regular Expression Matching
with a Trigram Index". Called by stages/line_filter.py.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

MAX_WORDS = 16
"""More alternatives than this are not worth it."""
_MAX_LENGTH = 64
_MAX_DEPTH = 50

_TOKEN = re.compile(
    r"""\\Q(?P<quoted>.*?)(?:\\E|\Z)
      | \\x(?:\{(?P<long>[0-9A-Fa-f]+)\}|(?P<hex>[0-9A-Fa-f]{2})) | \\(?P<octal>[0-7]{1,3})
      | (?P<nothing>\^|\$|\\[bBAz])
      | (?P<some>\.|\\[dDsSwWC]|\\[pP](?:\{\^?\w+\}|\w)|\[\^?+\]?+(?:\\.|\[:\^?\w++:\]|[^\]\\])*+\])
      | \\(?P<control>[afnrtv]) | \\(?P<escaped>[^\w])
      | (?P<repeat>[*+?]|\{(?P<least>\d+)(?:,\d*)?\})\??
      | \((?:\?(?:P?<\w+>|(?P<flags>[imsU-]*)(?P<scope>[:)])))? | (?P<close>\)) | (?P<or>\|)
      | (?P<plain>[^\\])""",
    re.VERBOSE | re.DOTALL,
)
_CONTROLS = dict(zip("afnrtv", "\a\f\n\r\t\v", strict=True))
_ALSO = {"k": "\u212a", "s": "\u017f"}
"""Letters beyond ASCII that RE2 takes for an ASCII letter when case does not matter (Unicode's simple folding)."""


@dataclass(frozen=True, slots=True)
class Words:
    """A line that matches holds at least one of them."""

    any_of: tuple[str, ...]
    folded: bool
    """They are in lower case (ASCII's), and so must be the line in which they are sought."""
    exact: bool
    """A line that holds one matches."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is known of a piece of the expression."""

    texts: frozenset[str] | None = None
    """All that it can match, if that is a short list."""
    needed: frozenset[str] | None = None
    """Each of its matches holds one of these."""

    def words(self) -> frozenset[str] | None:
        """The better of the two."""
        return self.texts if self.texts and all(self.texts) else self.needed


_ANY, _EMPTY = _Part(), _Part(frozenset(("",)))


@lru_cache(maxsize=1024)
def regex_words(pattern: str) -> Words | None:
    """The words of a sound pattern that is sought anywhere in a line; None if nothing can be said."""
    reading = _Reading(pattern)
    try:
        part = reading.alternatives(ignore_case=False)
    except _NotUnderstood:
        return None
    words = part.words()
    if words is None or reading.at < len(pattern):
        return None
    # One alphabet for all: what had to be in this very case is then only narrowed down.
    exact = part.texts is not None and reading.free and not (reading.folded and reading.cased)
    if reading.folded:
        words = frozenset(map(ascii_lower, words))
    return Words(tuple(sorted(words)), reading.folded, exact)


def ascii_lower(text: str) -> str:
    """As ClickHouse's lower(): A to Z, nothing else."""
    return text.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class _NotUnderstood(Exception):
    """The expression uses something that this reader does not know."""


class _Reading:
    """One pass over the text of an expression."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at, self.depth = pattern, 0, 0
        self.free = True
        """No ^, $ or \\b: where the words stand does not matter."""
        self.folded = self.cased = False
        """Some letters may have either case; some must have theirs."""

    def alternatives(self, ignore_case: bool) -> _Part:
        """Up to the closing parenthesis or the end. A `(?i)` counts to the end of the group, across `|`."""
        branches: list[_Part] = []
        pieces: list[_Part] = []
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _NotUnderstood
        while (token := self._next()) is not None and token["close"] is None:
            if token["or"]:
                branches.append(_sequence(pieces))
                pieces = []
            elif token["repeat"]:
                if not pieces:
                    raise _NotUnderstood
                pieces[-1] = _repeated(pieces[-1], token)
            elif token["scope"] == ")":
                ignore_case = _case(token["flags"], ignore_case)
            elif token[0].startswith("("):
                pieces.append(self.alternatives(_case(token["flags"] or "", ignore_case)))
            else:
                pieces += self._atoms(token, ignore_case)
        self.depth -= 1
        return _either([*branches, _sequence(pieces)])

    def _next(self) -> re.Match[str] | None:
        token = _TOKEN.match(self.pattern, self.at)
        if token is None:
            if self.at < len(self.pattern):
                raise _NotUnderstood
            return None
        self.at = token.end()
        return token

    def _atoms(self, token: re.Match[str], ignore_case: bool) -> list[_Part]:
        if token["nothing"]:
            self.free = False
            return [_EMPTY]
        if token["some"]:
            return [_ANY]
        if token["quoted"] is not None:
            return [self._letter(letter, ignore_case) for letter in token["quoted"]]
        return [self._letter(_character(token), ignore_case)]

    def _letter(self, letter: str, ignore_case: bool) -> _Part:
        if letter.lower() == letter.upper():
            return _Part(frozenset((letter,)))
        if not ignore_case:
            self.cased = True
            return _Part(frozenset((letter,)))
        self.folded = True
        lower = ascii_lower(letter)
        if not letter.isascii():
            return _ANY
        return _Part(frozenset((lower, _ALSO[lower]) if lower in _ALSO else (lower,)))


def _character(token: re.Match[str]) -> str:
    """The one character that a token stands for."""
    if token["long"] or token["hex"]:
        return chr(int(token["long"] or token["hex"], 16))
    if token["octal"]:
        return chr(int(token["octal"], 8))
    if token["control"]:
        return _CONTROLS[token["control"]]
    return str(token["escaped"] or token["plain"])


def _case(flags: str, before: bool) -> bool:
    """Whether case is ignored behind `(?flags)`."""
    on, _, off = flags.partition("-")
    return (before or "i" in on) and "i" not in off


def _sequence(pieces: Sequence[_Part]) -> _Part:
    """One after another: neighbours that are known make longer words."""
    known: list[frozenset[str]] = []
    run: frozenset[str] | None = frozenset(("",))
    whole = True
    for piece in pieces:
        joined = _joined(run, piece.texts)
        if joined is None:
            whole = False
            known += [words for words in (run, piece.needed) if words and all(words)]
            run = piece.texts or frozenset(("",))
        else:
            run = joined
    if whole:
        return _Part(run)
    known += [run] if run and all(run) else []
    return _Part(None, max(known, key=_worth, default=None))


def _joined(before: frozenset[str] | None, after: frozenset[str] | None) -> frozenset[str] | None:
    if before is None or after is None or len(before) * len(after) > MAX_WORDS:
        return None
    joined = frozenset(first + second for first in before for second in after)
    return joined if max(map(len, joined), default=0) <= _MAX_LENGTH else None


def _either(branches: Sequence[_Part]) -> _Part:
    return _Part(_union(part.texts for part in branches), _union(part.words() for part in branches))


def _union(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    union: frozenset[str] = frozenset()
    for one in sets:
        if one is None or len(union | one) > MAX_WORDS:
            return None
        union |= one
    return union


def _repeated(part: _Part, token: re.Match[str]) -> _Part:
    """`*`, `+`, `?`, `{2,}`."""
    sign = token["repeat"]
    if sign == "?":
        return _Part(None if part.texts is None else part.texts | {""})
    least = {"*": 0, "+": 1}.get(sign[0])
    if least is None:
        least = int(token["least"])
    return _Part(None, part.words() if least else None)


def _worth(words: frozenset[str]) -> tuple[int, int]:
    """Long words are rare; of as long ones, few."""
    return min(map(len, words)), -len(words)
