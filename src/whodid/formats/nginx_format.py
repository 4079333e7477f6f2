"""Reads nginx's `log_format`: any format, turned into what finds its values in a line again.

nginx escapes what clients send, so with `escape=default` a quotation mark in a line is always the format's own, and
with `escape=json` one without a backslash before it: the line falls into sections between quotation marks, and nothing
inside one can move its ends. `escape=none` has no such marks. Within a section a value may contain what looks like the
rest of it; then only what all readings have in common is told. Source: nginx's manual, ngx_http_log_module, and
ngx_http_log_module.c for which characters are escaped.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import orjson

from whodid.formats.errors import FormatError
from whodid.formats.nginx_variables import variable

COMBINED: Final = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
NAMED: Final = {"combined": COMBINED, "main": COMBINED + ' "$http_x_forwarded_for"'}
"""Formats that go by a name: nginx's own, and the one in the configuration of nginx.org's packages."""
ESCAPES: Final = ("default", "json", "none")
_ITEM: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))|([^$]+|\$)", re.ASCII)
_MOST_PLACES: Final = 1000
"""Where one value may end, in a line made to be read in very many ways: no more are looked at."""
_MOST_VARIABLES: Final = 200
_HEX_RUN: Final = re.compile(r"(?:\\x[0-9A-F]{2})+")
_JSON_SECTION: Final = re.compile(r'((?:[^"\\]|\\.)*+)(?:"|\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the format: a literal, or a variable with the shape of its value."""

    literal: str = ""
    name: str = ""
    pattern: re.Pattern[str] | None = None

    @property
    def is_text(self) -> bool:
        return not self.literal and self.pattern is None


class Reading(NamedTuple):
    """What a line says."""

    spans: dict[str, tuple[int, int]]
    """Where the value of each variable stands; only those that are certain."""
    certain: bool
    """Whether the line can be read in one way only."""
    rest_at: int
    """Where begins what stands behind the format, if it may be followed by more."""


class LogFormat:
    """A compiled log_format. `open_end`: a line may go on behind a blank."""

    __slots__ = ("escape", "layout", "names", "open_end", "sections", "strict")

    def __init__(self, text: str, escape: str = "default", open_end: bool = False) -> None:
        self.escape = escape
        self.open_end = open_end
        pieces = _pieces(text)
        self.names = tuple(piece.name for piece in pieces if piece.name)
        """Its variables, in order."""
        if not self.names or len(self.names) > _MOST_VARIABLES:
            raise FormatError(
                f"log_format {_short(text)!r} has {len(self.names)} variables: give the text between the quotes of "
                f"nginx's log_format directive, or a name: {', '.join(NAMED)}"
            )
        self.sections = [pieces] if escape == "none" else _sections(pieces)
        self.layout, self.strict = _strict(self.sections, escape, open_end)
        """`strict` reads ordinary lines, which can be read in one way only; `layout` names the value of each of its
        groups: a variable, or a part of one ("request.method" …), or "" for what follows. None: no line is ordinary."""

    def read(self, line: str) -> Reading | None:
        """Looks at a line closely; None: it is not of this format."""
        parts = self._split(line)
        if len(parts) != len(self.sections):
            return None
        rest_at = len(line)
        if self.open_end:
            end, blank, rest = parts[-1].partition(" ")
            if blank:
                parts[-1], rest_at = end, len(line) - len(rest)
        spans: dict[str, tuple[int, int]] = {}
        certain, offset = True, 0
        for pieces, text in zip(self.sections, parts, strict=True):
            places = _places(pieces, text)
            if places is None:
                return None
            for piece, begins, ends in zip(pieces, places, places[1:], strict=False):
                if len(begins) > 1 or len(ends) > 1:
                    certain = False
                elif piece.name:
                    spans.setdefault(piece.name, (offset + begins[0], offset + ends[0]))
            offset += len(text) + 1
        return Reading(spans, certain, rest_at)

    def _split(self, line: str) -> list[str]:
        if self.escape == "none":
            return [line]
        most = len(self.sections) - 1 if self.open_end else -1
        if self.escape == "default":
            return line.split('"', most)
        parts: list[str] = []
        at = 0
        while most < 0 or len(parts) < most:
            match = _JSON_SECTION.match(line, at)
            if match is None:
                break  # a backslash at the end
            parts.append(match.group(1))
            at = match.end()
            if match.end(1) == at:
                return parts  # the end of the line
        return [*parts, line[at:]]


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _pieces(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    for match in _ITEM.finditer(text):
        braced, plain, literal = match.groups()
        name = braced or plain
        if name:
            pattern = variable(name).pattern
            pieces.append(Piece(name=name, pattern=re.compile(pattern, re.ASCII) if pattern else None))
        elif pieces and pieces[-1].literal:
            pieces.append(Piece(literal=pieces.pop().literal + literal))
        else:
            pieces.append(Piece(literal=literal))
    for at, (piece, following) in enumerate(pairwise(pieces)):
        if piece.pattern is not None and _swallows(piece.pattern, following.literal):
            pieces[at] = Piece(name=piece.name)  # its shape does not tell where it ends
    return pieces


def _swallows(pattern: re.Pattern[str], literal: str) -> bool:
    """Whether a value of this shape may go on with what separates it from the next (`$remote_addr:$remote_port`)."""
    return any(
        literal and pattern.fullmatch(value) and (match := pattern.match(value + literal + "1")) and match.end() > 1
        for value in ("1", "a")
    )


def _sections(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces between the quotation marks of the format."""
    sections: list[list[Piece]] = [[]]
    for piece in pieces:
        parts = piece.literal.split('"')
        for number, part in enumerate(parts):
            if number:
                sections.append([])
            if part:
                sections[-1].append(Piece(literal=part))
        if piece.name:
            sections[-1].append(piece)
    return sections


def _strict(
    sections: Sequence[Sequence[Piece]], escape: str, open_end: bool
) -> tuple[tuple[str, ...], re.Pattern[str] | None]:
    layout: list[str] = []
    written: list[str] = []
    for pieces in sections:
        if any(a.is_text and b.name for a, b in pairwise(pieces)):
            return (), None  # nothing tells where the first ends
        out = ""
        for piece, pattern in _patterns(pieces, escape):
            if piece.literal:
                out += re.escape(piece.literal)
            elif piece.name == "request" and len(pieces) == 1 and escape == "default":
                out += r'(?:([A-Z]{1,20}+) ([^"]*?)(?: HTTP/[0-9.]++)?(?=")|([^"]*+))'
                layout += ["request.method", "request.path", "request.other"]
            else:
                out += f"({pattern})"
                layout.append(piece.name)
        written.append(out)
    end = "(?: (.*+))?" if open_end else ""
    layout += [""] if open_end else []
    return tuple(layout), re.compile('"'.join(written) + end, re.DOTALL | re.ASCII)


def _patterns(pieces: Sequence[Piece], escape: str) -> Iterator[tuple[Piece, str]]:
    """Each piece of a section and its pattern in an ordinary line.

    That such a line can be read in one way only, no free text may contain a character that begins what separates it,
    or an earlier one, from what follows.
    """
    forbidden = ""
    for index, piece in enumerate(pieces):
        if piece.is_text:
            forbidden += pieces[index + 1].literal[0] if index + 1 < len(pieces) else ""
            without = re.escape(forbidden)
            texts = {
                "default": rf'[^"{without}]*+',
                "json": rf'(?:[^"\\{without}]++|\\.)*+',
                "none": rf"[^{without}]*+" if without else ".*+",
            }
            yield piece, texts[escape]
        else:
            yield piece, piece.pattern.pattern if piece.pattern else ""


def _places(pieces: Sequence[Piece], text: str) -> list[list[int]] | None:
    """Where each piece may begin, and behind them where the last one ends, over all readings of a section."""
    begins: list[list[int]] = [[0]]
    for index, piece in enumerate(pieces):
        begins.append(_ends(piece, pieces[index + 1 : index + 2], text, begins[-1]))
        if not begins[-1]:
            return None
    if len(text) not in begins[-1]:
        return None
    begins[-1] = [len(text)]
    for index in range(len(pieces) - 1, -1, -1):  # now only those from which the end can be reached
        ends = set(begins[index + 1])
        piece = pieces[index]
        begins[index] = [
            at for at in begins[index] if (at <= max(ends) if piece.is_text else _end(piece, text, at) in ends)
        ]
    return begins


def _ends(piece: Piece, following: Sequence[Piece], text: str, begins: Sequence[int]) -> list[int]:
    if not piece.is_text:
        return sorted({end for at in begins if (end := _end(piece, text, at)) >= 0})
    if not following:
        return [len(text)]
    literal = following[0].literal
    if not literal:
        return list(range(begins[0], min(len(text) + 1, begins[0] + _MOST_PLACES)))
    found: list[int] = []
    at = text.find(literal, begins[0])
    while at >= 0 and len(found) < _MOST_PLACES:
        found.append(at)
        at = text.find(literal, at + 1)
    if at >= 0:  # too many: the last ones count, for they are what the server wrote behind all that
        found[_MOST_PLACES // 2 :] = _last_places(literal, text, found[_MOST_PLACES // 2])
    return found


def _last_places(literal: str, text: str, behind: int) -> list[int]:
    found: list[int] = []
    at = text.rfind(literal, behind)
    while at >= 0 and len(found) < _MOST_PLACES // 2:
        found.append(at)
        at = text.rfind(literal, behind, at + len(literal) - 1)
    return found[::-1]


def _end(piece: Piece, text: str, at: int) -> int:
    """Where a piece that begins at `at` ends; -1: it does not stand there."""
    if piece.pattern is not None:
        match = piece.pattern.match(text, at)
        return match.end() if match else -1
    return at + len(piece.literal) if text.startswith(piece.literal, at) else -1


def unescape(text: str, escape: str) -> str:
    """A value as it was sent. What cannot be printed stays as nginx wrote it, and so does a backslash."""
    if "\\" not in text or escape == "none":
        return text
    if escape == "default":
        return _HEX_RUN.sub(_characters, text)
    try:
        value: object = orjson.loads(f'"{text}"')
    except orjson.JSONDecodeError:
        return text
    return str(value)


def _characters(match: re.Match[str]) -> str:
    written = match.group()
    raw = bytes.fromhex(written.replace("\\x", ""))
    text = raw.decode("utf-8", "surrogateescape")
    out = ""
    for character in text:
        if character.isprintable() and character != "\\":
            out += character
        else:
            octets = character.encode("utf-8", "surrogateescape")
            out += "".join(f"\\x{octet:02X}" for octet in octets)
    return out
