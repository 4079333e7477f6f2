"""The escapes of `log_line_prefix`: what each one gives, the shape of its value, and which can be told apart.

Names (%u, %d, %a) are free text; what the server itself writes has a shape. Called by postgres_prefix.py. Source:
PostgreSQL's manual, "Error Reporting and Logging", versions 13 to 18, and elog.c for what stands there for nothing.
"""

import re
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from whodid.formats.errors import FormatError

_NUMBERS: Final = r"[0-9]{0,20}"
"""Bounded, since Python refuses to read longer ones than a few thousand digits."""
_STAMP: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[A-Za-z]{1,6}|[+-][0-9]{2,6})"
_HOST: Final = (
    r"(?:[0-9]++(?:\.[0-9]++){3}(?![\w.:-])"  # most are; the others take longer
    r"|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?|\[(?:local|none)\]|(?:[\w.-]*[\w.])?)"
)

ESCAPES: Final[dict[str, tuple[str, str]]] = {
    "a": ("app", ""),
    "u": ("user", ""),
    "d": ("db", ""),
    "r": ("client", _HOST + r"(?:\([0-9]+\))?"),
    "h": ("client", _HOST),
    "L": ("", _HOST),
    # Of a process with a client the kind is known, for a name may follow that goes on like it.
    "b": ("backend", r"(?:client backend|walsender|(?:(?!client backend|walsender)[A-Za-z _-])*)"),
    "p": ("pid", r"[0-9]{1,20}"),
    "P": ("", _NUMBERS),
    "t": ("stamp", _STAMP),
    "m": ("stamp", _STAMP),
    "n": ("epoch", r"[0-9]+\.[0-9]{3}"),
    "Q": ("query_id", r"-?[0-9]*"),
    "i": ("", ""),
    "e": ("sqlstate", r"[0-9A-Z]{5}"),
    "c": ("session", r"[0-9a-f]+\.[0-9a-f]+"),
    "l": ("line_no", _NUMBERS),
    "s": ("", _STAMP),
    "v": ("", r"[0-9/]*"),
    "x": ("txid", _NUMBERS),
}
"""What stands behind each escape: the name its value gets (empty: not kept) and its pattern (empty: free text)."""
_EXAMPLES: Final = (
    "", "7", "1234", "-77", "3/17", "00000", "42P01", "6b03c1e0.2d7a", "10.0.0.1", "10.0.0.1(5432)", "::1", "d.example",
    "2001:db8::1(5432)", "[local]", "client backend", "logger", "2026-11-23 04:32:32 UTC", "1795408352.025",
)  # fmt: skip
"""Values of every shape: by them is found out whether two that stand together can be told apart."""
_ITEM: Final = re.compile(r"%(-?\d+)?(.?)|([^%]+)", re.DOTALL)


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


def read_pieces(text: str) -> tuple[Piece, ...]:
    """The parts of a prefix. Raises FormatError for what is no escape."""
    escapes = [item.group(2) for item in _ITEM.finditer(text)]
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
        elif escape in ESCAPES:
            name, pattern = ESCAPES[escape]
            if escape == "h" and "r" in escapes:
                name = ""  # %r says it with the port
            pieces.append(Piece(name=name, pattern=pattern, padded=width is not None))
        else:
            raise FormatError(
                f"log_line_prefix {text!r}: %{escape} is no escape of PostgreSQL 13 to 18; write %% for a percent sign"
            )
    while pieces and pieces[-1].optional_from_here:
        pieces.pop()  # nothing follows that could be missing
    return _certain(tuple(pieces))


def _certain(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The same, without the names of those values of which nobody can say where they end (`%p%l`): they are not told.

    An instant is told nevertheless: it begins with a date, and what follows could only be taken for its zone.
    """
    unclear: set[int] = set()
    run: list[int] = []
    for index, piece in enumerate((*pieces, Piece(literal="\n"))):
        if piece.optional_from_here:
            continue
        if not piece.literal:
            run.append(index)
            continue
        if not all(_told_apart(pieces[one], pieces[other]) for one, other in combinations(run, 2)):
            unclear.update(run)
        run = []
    return tuple(
        replace(piece, name="") if at in unclear and piece.name not in ("stamp", "epoch") else piece
        for at, piece in enumerate(pieces)
    )


def _told_apart(one: Piece, other: Piece) -> bool:
    if one.is_text or other.is_text:
        return False
    shapes = [re.compile(f" *(?:{piece.pattern}) *" if piece.padded else piece.pattern) for piece in (one, other)]
    values = [[text for text in _EXAMPLES if shape.fullmatch(text)] for shape in shapes]
    return all(
        sum(1 for at in range(len(text) + 1) if shapes[0].fullmatch(text[:at]) and shapes[1].fullmatch(text[at:])) == 1
        for text in {left + right for left in values[0] for right in values[1]}
    )
