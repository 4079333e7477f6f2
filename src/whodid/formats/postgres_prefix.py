"""Reads `log_line_prefix`: any prefix, turned into what finds its values in a line again.

Names in the prefix (%u, %d, %a) are chosen by whoever connects, and the server does not escape them: one may contain
what looks like the rest of the prefix, or a newline and a whole line. So a line may be readable in several ways.
`strict` finds the reading of an ordinary line, quickly; `readings` lists every one that the server could have meant.
Which is true is decided in postgres_session.py. Escapes: PostgreSQL's manual, "Error Reporting and Logging", versions
13 to 18.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from whodid.formats.errors import FormatError
from whodid.formats.postgres_severity import untranslated

SEVERITIES: Final = ("DEBUG", "LOG", "INFO", "NOTICE", "WARNING", "ERROR", "FATAL", "PANIC")
FOLLOW_UPS: Final = ("DETAIL", "HINT", "QUERY", "CONTEXT", "LOCATION", "BACKTRACE", "STATEMENT")
_OF_RECORDS: Final = "LOG|DEBUG[1-5]?|" + "|".join(SEVERITIES[2:])
_SEVERITY: Final = rf"({_OF_RECORDS}|{'|'.join(FOLLOW_UPS)}):  "
_SEVERITY_AT: Final = re.compile(_SEVERITY)


def has_severity(text: str) -> bool:
    """Whether the end of some head stands in the text."""
    return _SEVERITY_AT.search(text) is not None


_NAME_BYTES: Final = 63
"""NAMEDATALEN - 1: the server cuts names and application_name to this."""
_NUMBERS: Final = r"[0-9]{0,20}"
"""Bounded, since Python refuses to read longer ones than a few thousand digits."""
_STAMP: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[A-Za-z]{1,6}|[+-][0-9]{2,6})"
_HOST: Final = r"[\w.:%\[\]-]*"

# What stands behind each escape: the name its value gets ("" where it is not kept) and its pattern ("" for free text).
_ESCAPES: Final[dict[str, tuple[str, str]]] = {
    "a": ("app", ""),
    "u": ("user", ""),
    "d": ("db", ""),
    "r": ("client", _HOST + r"(?:\([0-9]+\))?"),
    "h": ("client", _HOST),
    "L": ("", _HOST),
    "b": ("backend", r"[A-Za-z _-]*"),
    "p": ("pid", r"[0-9]{1,20}"),
    "P": ("", _NUMBERS),
    "t": ("stamp", _STAMP),
    "m": ("stamp", _STAMP),
    "n": ("epoch", r"[0-9]+\.[0-9]{3}"),
    "Q": ("query_id", r"-?[0-9]*"),
    "i": ("", ""),
    "e": ("sqlstate", r"[0-9A-Z]*"),
    "c": ("session", r"[0-9a-f]+\.[0-9a-f]+"),
    "l": ("line_no", _NUMBERS),
    "s": ("", _STAMP),
    "v": ("", r"[0-9/]*"),
    "x": ("txid", _NUMBERS),
}
RUN: Final = "run"
VARYING: Final = ("stamp", "epoch", "pid", "line_no", "txid", "query_id", "sqlstate")
"""Values that differ from line to line, or between sessions whose heads are the same otherwise."""
_ITEM: Final = re.compile(r"%(-?\d+)?(.?)|([^%]+)", re.DOTALL)
_MOST_READINGS: Final = 64
_MOST_STEPS: Final = 4000


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the prefix: a literal, or an escape with the name and pattern of its value."""

    literal: str = ""
    name: str = ""
    pattern: str = ""
    padded: bool = False
    optional_from_here: bool = False
    """%q: processes without a session print nothing of what follows."""

    @property
    def is_text(self) -> bool:
        return not self.literal and not self.pattern and not self.optional_from_here


class Reading(NamedTuple):
    """One way to read a line: the prefix' values, the severity, and where the message begins."""

    values: dict[str, str]
    severity: str
    message_at: int


class Prefix:
    """A compiled log_line_prefix."""

    __slots__ = ("_patterns", "foreign", "layout", "longest", "names", "ordinary", "pieces", "strict", "stub")

    def __init__(self, text: str) -> None:
        self.pieces = _pieces(text)
        self.names = [piece.name for piece in self.pieces if piece.name]
        if not self.names:
            raise FormatError(f"log_line_prefix {text!r} names no value: write it as SHOW log_line_prefix prints it")
        self.strict = re.compile(_strict_pattern(self.pieces) + _SEVERITY)
        self.ordinary, self.layout = _ordinary_pattern(self.pieces)
        """`strict` for heads that begin a record, as a pattern. It has its own groups; `layout` says what they hold."""
        self._patterns = [re.compile(piece.pattern) if piece.pattern else None for piece in self.pieces]
        self.longest = sum(4 * _NAME_BYTES if piece.is_text else 80 + len(piece.literal) for piece in self.pieces)
        self.foreign = re.compile(_strict_pattern(self.pieces) + r"([^\W\d_]+) ?:  ")
        """A whole head with a severity in another language (lc_messages)."""
        self.stub = _stub(self.pieces)

    def foreign_reading(self, record: str) -> Reading | None:
        """The reading of a record whose severity is in another language, given in English if that is known."""
        head = self.foreign.match(record)
        if head is None:
            return None
        *values, word = head.groups()
        named = {name: value for name, value in zip(self.names, values, strict=True) if value is not None}
        return Reading(named, untranslated(word), head.end())

    def readings(self, record: str, at: int = 0) -> list[Reading]:
        """Every way to read the record from `at` on, leftmost split first."""
        found: list[Reading] = []
        steps = [_MOST_STEPS]
        for severity in _SEVERITY_AT.finditer(record, at, at + self.longest + 16):
            for values in self._splits(record, at, severity.start(), 0, steps):
                found.append(Reading(values, severity.group(1), severity.end()))
                if len(found) >= _MOST_READINGS:
                    return found
        return found

    def _splits(self, text: str, at: int, end: int, index: int, steps: list[int]) -> Iterator[dict[str, str]]:
        """All ways in which the pieces from `index` on fill text[at:end]. No deeper than the prefix has pieces."""
        steps[0] -= 1
        if steps[0] < 0:
            return
        if index == len(self.pieces):
            if at == end:
                yield {}
            return
        piece = self.pieces[index]
        if piece.optional_from_here and at == end:
            yield {}
        elif piece.literal or piece.optional_from_here:
            if text.startswith(piece.literal, at) and at + len(piece.literal) <= end:
                yield from self._splits(text, at + len(piece.literal), end, index + 1, steps)
        else:
            for stop in self._stops(text, at, end, index):
                value = text[at:stop].strip(" ") if piece.padded else text[at:stop]
                if piece.is_text and piece.name and len(value.encode("utf-8", "replace")) > _NAME_BYTES:
                    break
                for rest in self._splits(text, stop, end, index + 1, steps):
                    yield {piece.name: value, **rest} if piece.name else rest

    def _stops(self, text: str, at: int, end: int, index: int) -> Iterator[int]:
        """Where the value of the piece at `index` may end."""
        piece, pattern = self.pieces[index], self._patterns[index]
        following = next((later.literal for later in self.pieces[index + 1 :] if not later.optional_from_here), "")
        if pattern is not None and not (following and piece.name == "client"):
            if piece.padded:
                while at < end and text[at] == " ":
                    at += 1
            match = pattern.match(text, at, end)
            stop = match.end() if match else at
            while piece.padded and stop < end and text[stop] == " " and not text.startswith(following or "\0", stop):
                stop += 1
            if match:
                yield stop
            return
        if not following:
            yield from (range(at, min(end, at + 4 * _NAME_BYTES) + 1) if index + 1 < len(self.pieces) else (end,))
            return
        stop = text.find(following, at, end)
        while stop >= 0:
            if pattern is None or pattern.fullmatch(text[at:stop].strip(" ") if piece.padded else text[at:stop]):
                yield stop
            stop = text.find(following, stop + 1, end)


def _pieces(text: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for item in _ITEM.finditer(text):
        width, escape, literal = item.groups()
        if literal or escape == "%":
            literal = literal or "%"
            if pieces and pieces[-1].literal:
                literal = pieces.pop().literal + literal
            pieces.append(Piece(literal=literal))
        elif escape == "q":
            pieces.append(Piece(optional_from_here=True))
        elif escape in _ESCAPES:
            name, pattern = _ESCAPES[escape]
            pieces.append(Piece(name=name, pattern=pattern, padded=width is not None))
        else:
            raise FormatError(
                f"log_line_prefix {text!r}: %{escape} is no escape of PostgreSQL 13 to 18; write %% for a percent sign"
            )
    return tuple(pieces)


def _strict_pattern(pieces: tuple[Piece, ...]) -> str:
    """A regular expression for ordinary lines, which can be read in one way only."""
    out, optional = "", False
    for piece, value in _values(pieces):
        if piece.optional_from_here:
            out += "(?:" if not optional else ""
            optional = True
        elif piece.literal:
            out += value
        else:
            value = f"({value})" if piece.name else f"(?:{value})"
            out += f" *{value} *" if piece.padded else value
    return out + (")?" if optional else "")


def _values(pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, str]]:
    """Each piece and the pattern of its value in an ordinary line.

    That such a line can be read in one way only, no free text may contain a character that begins what separates it,
    or an earlier one, from what follows.
    """
    forbidden, ends = "", ""
    for index, piece in enumerate(pieces):
        if piece.is_text:
            following = next((later.literal for later in pieces[index + 1 :] if later.literal), "")
            ends = following[:1] if not (piece.padded and following.startswith(" ")) else ""
            forbidden += ends if ends not in forbidden else ""
        # Where the next character is forbidden there is nothing to go back for.
        text = rf"[^\x00-\x1f\x7f{re.escape(forbidden)}]*{'+' if ends and not piece.padded else '?'}"
        yield piece, re.escape(piece.literal) if piece.literal else piece.pattern or text


def _ordinary_pattern(pieces: tuple[Piece, ...]) -> tuple[str, tuple[str, ...]]:
    """The same with few groups, up to a severity that begins a record; and what each group holds: the name of a value
    that varies from line to line, or RUN for a stretch of the line that is the same for all lines of a session."""
    layout: list[str] = []
    out = "(?!\t)" if pieces[0].literal.startswith("\t") else ""  # a line behind a tab is never a record's first
    run, telling, optional = "", False, False
    for piece, value in _values(pieces):
        pattern = f" *(?:{value}) *" if piece.padded else value if piece.literal else f"(?:{value})"
        if piece.literal or (piece.name and piece.name not in VARYING):
            run += pattern
            telling |= not piece.literal
            continue
        out += f"({run})" if telling else run
        layout += [RUN] * telling
        run, telling = "", False
        if piece.optional_from_here:
            out += "(?:" if not optional else ""
            optional = True
        else:
            out += (f" *({value}) *" if piece.padded else f"({value})") if piece.name else pattern
            layout += [piece.name] if piece.name else []
    if optional:
        out += (f"({run})" if telling else run) + ")?"
        layout += [RUN] * telling
        run = ""
    return f"{out}({run}(?:{_OF_RECORDS}):  )", (*layout, RUN)


def _stub(pieces: tuple[Piece, ...]) -> re.Pattern[str] | None:
    """What a line begins with up to its first free text; None where that is too little to know a line by."""
    first = next((index for index, piece in enumerate(pieces) if piece.is_text and piece.name), None)
    if first is None or not any(piece.name for piece in pieces[:first]):
        return None
    return re.compile(_strict_pattern(pieces[:first]))
