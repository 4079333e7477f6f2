"""The shape of a statement's text: what is left when the numbers and constants that do not matter are made alike.

Applications send few statements with ever other values (`… WHERE id = 17 AND name = 'Noa'`), and what such a text does
need be judged once for each shape. Sound, not complete: `decides` says of a text whether all others of its shape get
the same answer; property tests hold it to that. Used by classify.py, and by formats/ for each logged line.
"""

import re
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from whodid.pgsql.logging_settings import logging_change, may_change_logging
from whodid.pgsql.shortcut import quick_judgement

Answer = TypeVar("Answer")

DIGITS_ALIKE: Final = bytes.maketrans(b"0123456789", b"0000000000")
# The digits must stand alone: one in a name, in quotation marks or in the tag of a dollar quote changes what a text is.
_DIGITS_MATTER: Final = re.compile(r'[^\W\d][0-9]|[0-9][^\W\d]|"[^"]*[0-9][^"]*"|\$')
_HOLDS_SQL: Final = re.compile(r"\b(?:do|as|execute|language|query)\b", re.IGNORECASE)
"""Words behind which `logging_change` looks into a string."""
_PROGRAM: Final = "SET log_statement = none"


def shape_of(raw: bytes) -> bytes:
    """The text with all digits alike, and nothing inside of its string constants."""
    if b"'" in raw:
        pieces = raw.split(b"'")
        if len(pieces) % 2:
            raw = b"''".join(pieces[::2])
    return raw.translate(DIGITS_ALIKE)


def digits_matter(text: str) -> bool:
    """Whether another text that differs in its digits only may do something else."""
    return _DIGITS_MATTER.search(text) is not None


def decides(text: str) -> bool:
    """Whether every text with the shape of this one has the same answer from `worst_of` and from `logging_change`."""
    if "'" not in text:
        return not digits_matter(text)
    # Where the shortcut answers, it has not looked into the constants, and has made sure where they end.
    if quick_judgement(text) is None:
        return False
    outside = text.split("'")[::2]
    bare = "''".join(outside)
    if digits_matter(bare) or may_change_logging(bare):
        return False
    return _HOLDS_SQL.search(bare) is None or not logging_change(f"'{_PROGRAM}'".join(outside))


class Shapes(dict[bytes, Answer], Generic[Answer]):
    """What a function says of SQL texts, by their shapes; for other texts by their digits made alike, or as they are.

    `get(shape)`, then `judge`, for callers in a hurry; `of` for the others.
    """

    __slots__ = ("_by_digits", "_judge", "_longest", "_most", "_whole")

    def __init__(self, judge: Callable[[str], Answer | None], most: int, longest: int) -> None:
        """`judge`: None is an answer that is not kept. `most`: so many are kept of each kind; `longest`: bytes of a
        text beyond which its answer is not kept, for it would hardly come again, and memory is bounded."""
        super().__init__()
        self._judge, self._most, self._longest = judge, most, longest
        self._by_digits: dict[bytes, Answer] = {}
        self._whole: dict[bytes, Answer] = {}  # frameworks send the same few over and over (BEGIN, SELECT $1)

    def of(self, text: str) -> Answer | None:
        raw = text.encode("utf-8", "surrogatepass")
        shape = shape_of(raw)
        answer = self.get(shape)
        return self.judge(text, raw, shape) if answer is None else answer

    def judge(self, text: str, raw: bytes, shape: bytes) -> Answer | None:
        """For a text whose shape is new."""
        digits = raw.translate(DIGITS_ALIKE)
        answer = self._whole.get(raw)
        if answer is None:
            answer = self._by_digits.get(digits)
        if answer is not None:
            return answer
        answer = self._judge(text)
        if answer is not None and len(raw) <= self._longest:
            self._keep(answer, text, raw, digits, shape)
        return answer

    def _keep(self, answer: Answer, text: str, raw: bytes, digits: bytes, shape: bytes) -> None:
        kept: dict[bytes, Answer] = self
        key = shape
        if not decides(text):
            kept, key = (self._whole, raw) if digits_matter(text) else (self._by_digits, digits)
        if len(kept) >= self._most:
            kept.clear()
        kept[key] = answer
