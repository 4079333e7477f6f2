"""Reads `log_line_prefix`: any prefix, turned into what finds its values in a line again.

Names in the prefix (%u, %d, %a) are chosen by whoever connects, and the server does not escape them: one may contain
what looks like the rest of the prefix, or a newline and a whole line. So a line may be readable in several ways.
`strict` finds the reading of an ordinary line, quickly; `readings` lists every one that the server could have meant.
Which is true is decided in postgres_choice.py; which escapes there are: postgres_escapes.py.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from whodid.formats.errors import FormatError
from whodid.formats.postgres_escapes import Piece, read_pieces
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
RUN: Final = "run"
VARYING: Final = ("stamp", "epoch", "pid", "line_no", "txid", "query_id", "sqlstate")
"""Values that differ from line to line, or between sessions whose heads are the same otherwise."""
_OF_CLIENTS: Final = ("user", "db", "app", "client")
_CUT: Final = "%q"
_MOST_READINGS: Final = 64
_MOST_STEPS: Final = 4000


class Reading(NamedTuple):
    """One way to read a line: the prefix' values, the severity, and where the message begins."""

    values: dict[str, str]
    severity: str
    message_at: int


class Prefix:
    """A compiled log_line_prefix."""

    __slots__ = ("_patterns", "foreign", "layout", "longest", "names", "ordinary", "pieces", "strict", "stub")

    def __init__(self, text: str) -> None:
        self.pieces = read_pieces(text)
        self.names = [piece.name for piece in self.pieces if piece.name]
        if not self.names:
            raise FormatError(
                f"log_line_prefix {text!r} names no value that could be told: write it as SHOW log_line_prefix prints "
                "it, and set it so that something stands between two escapes"
            )
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
                unnamed = values.pop("", "")
                if values.pop(_CUT, None) is not None and (unnamed or any(map(values.get, _OF_CLIENTS))):
                    continue  # what has no client has no names before %q either
                reading = Reading(values, severity.group(1), severity.end())
                if not found or reading != found[-1]:  # what is not told may end anywhere
                    found.append(reading)
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
            yield {_CUT: ""}
        elif piece.literal or piece.optional_from_here:
            if text.startswith(piece.literal, at) and at + len(piece.literal) <= end:
                yield from self._splits(text, at + len(piece.literal), end, index + 1, steps)
        else:
            for stop in self._stops(text, at, end, index):
                value = text[at:stop].strip(" ") if piece.padded else text[at:stop]
                if piece.is_text and (len(value.encode("utf-8", "replace")) > _NAME_BYTES or _torn(piece, value)):
                    break
                for rest in self._splits(text, stop, end, index + 1, steps):
                    yield {piece.name: value, **rest} if piece.name or (piece.is_text and value) else rest

    def _stops(self, text: str, at: int, end: int, index: int) -> Iterator[int]:
        """Where the value of the piece at `index` may end."""
        piece, pattern = self.pieces[index], self._patterns[index]
        following = next((later.literal for later in self.pieces[index + 1 :] if not later.optional_from_here), "")
        if pattern is not None:
            yield from self._ends_of(pattern, text, at, end, piece.padded, following)
            return
        if not following:
            yield from (range(at, min(end, at + 4 * _NAME_BYTES) + 1) if index + 1 < len(self.pieces) else (end,))
            return
        stop = text.find(following, at, end)
        while stop >= 0:
            yield stop
            stop = text.find(following, stop + 1, end)

    @staticmethod
    def _ends_of(pattern: re.Pattern[str], text: str, at: int, end: int, padded: bool, following: str) -> Iterator[int]:
        """The same for a value that has a shape. It may hold what separates it from the next: `::1` before a colon."""
        inner = at
        while padded and inner < end and text[inner] == " ":
            inner += 1
        match = pattern.match(text, inner, end)
        if match is None:
            return
        last = match.end()
        while padded and last < end and text[last] == " ":
            last += 1
        stop = text.find(following, at, min(end, last + len(following)))
        while 0 <= stop < last:
            if pattern.fullmatch(text[at:stop].strip(" ") if padded else text[at:stop]):
                yield stop
            stop = text.find(following, stop + 1, min(end, last + len(following)))
        yield last


def _torn(piece: Piece, value: str) -> bool:
    """Whether a line ends inside of a value that no client chooses: then it was never one (%i)."""
    return not piece.name and "\n" in value


def process_of(values: Mapping[str, str | None]) -> str:
    """The process that a head names: by its id, or as a part of the session's (%c)."""
    session = values.get("session")
    return values.get("pid") or (str(int(session.partition(".")[2][:16], 16)) if session else "")


def same_writer(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two heads are of the same process, as far as they tell; of one with no id for it names must do."""
    process = process_of(one)
    if process or process_of(other):
        return process == process_of(other)
    return all(one.get(name) == other.get(name) for name in ("client", "user", "db", "app", "backend"))


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
