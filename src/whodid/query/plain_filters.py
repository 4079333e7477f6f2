"""What Loki makes of a regular expression that is nothing but text: plain comparisons, some of which say another thing.

Loki 3.7 looks for the texts of an expression instead of running it, where it takes the expression for a list of texts.
As a label filter `foo.*` and `warn|warning` are then sought anywhere in the value (grafana/loki#23892, #24421), and an
empty expression holds for any value; `foo.*(bar|qux)` is sought as `foobar` and `fooqux`; of `foo|.*` only `foo` is
left. Who compares with Loki finds the same answers here. Method: Loki 3.7's pkg/logql/log/filter.go. selector.py asks
for label filters, rewrite.py for line filters.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from whodid.query.go_regex import Alternate, Any, Capture, Concat, Empty, Literal, Node, tree

_MOST_PARTS = 3
_SIZE_CLASSES = (8, 16, 24, 32, 48, 64, 80, 96, 112, 128)
"""Of Go's memory: the room that a slice gets."""


@lru_cache(maxsize=1024)
def label_expression(pattern: str) -> str:
    """The expression that, over the whole value, holds where Loki's label filter holds."""
    found = _simplified(pattern, is_label=True)
    if found is None or (found.texts and found.faithful and all(text.whole for text in found.texts)):
        return pattern
    if found.is_any:
        return "(?s:.*)"
    return "|".join(text.expression() if text.whole else f"(?s:.*){text.expression()}(?s:.*)" for text in found.texts)


@lru_cache(maxsize=1024)
def line_expression(pattern: str) -> str:
    """The expression that, anywhere in the line, holds where Loki's line filter holds."""
    found = _simplified(pattern, is_label=False)
    return pattern if found is None or found.faithful else "|".join(text.expression() for text in found.texts)


def is_any(pattern: str) -> bool:
    """Whether Loki takes the expression for one that always holds."""
    found = _simplified(pattern, is_label=False)
    return found is not None and found.is_any


class _Slice:
    """Bytes of Go: an `append` writes behind them where there is room, over what another has written there."""

    def __init__(self, room: bytearray, size: int) -> None:
        self._room, self.size = room, size

    @classmethod
    def of(cls, data: bytes) -> "_Slice":
        capacity = next((size for size in _SIZE_CLASSES if size >= len(data)), len(data))
        return cls(bytearray(data.ljust(capacity, b"\0")), len(data))

    def append(self, data: bytes) -> "_Slice":
        end = self.size + len(data)
        if end > len(self._room):
            return _Slice.of(self.bytes() + data)
        self._room[self.size : end] = data
        return _Slice(self._room, end)

    def bytes(self) -> bytes:
        return bytes(self._room[: self.size])


@dataclass(frozen=True, slots=True)
class _Text:
    """One comparison."""

    said: bytes
    """What was meant to be sought."""
    sought: _Slice
    folded: bool
    whole: bool = False
    some: bool = False
    """Not a text: anything but nothing."""

    def expression(self) -> str:
        if self.some:
            return "(?s:.+)"
        text = re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", self.sought.bytes().decode(errors="ignore"))
        return f"(?i:{text})" if self.folded else text


@dataclass(frozen=True, slots=True)
class _Found:
    """The comparisons of which one has to hold; none: anything does."""

    texts: tuple[_Text, ...] = ()
    faithful: bool = True
    """They say what the expression says."""

    @property
    def is_any(self) -> bool:
        return not self.texts

    def otherwise(self, other: "_Found") -> "_Found":
        """One or the other. What always holds is forgotten beside something that does not."""
        swallowed = self.is_any is not other.is_any
        return _Found(self.texts + other.texts, self.faithful and other.faithful and not swallowed)


def _simplified(pattern: str, *, is_label: bool) -> _Found | None:
    node = tree(pattern)
    try:
        found = None if node is None else _of(node, is_label=is_label)
    except RecursionError:
        return None
    if found is None or all(text.said == text.sought.bytes() for text in found.texts):
        return found
    return _Found(found.texts, faithful=False)


def _of(node: Node, *, is_label: bool) -> _Found | None:
    match node:
        case Alternate(parts):
            found: _Found | None = None
            for part in parts:
                other = _of(_uncaptured(part), is_label=is_label)
                if other is None:
                    return None
                found = other if found is None else found.otherwise(other)
            return found
        case Concat():
            return _concat(node, None)
        case Capture(inner):
            return _of(inner, is_label=is_label)
        case Literal(text, folded):
            return _contains(_Slice.of(text.encode()), text.encode(), folded, whole=is_label)
        case Any(some):
            return _Found((_Text(b"", _Slice.of(b""), False, whole=is_label, some=True),)) if some else _Found()
        case Empty():
            return _Found()


def _contains(sought: _Slice, said: bytes, folded: bool, *, whole: bool = False) -> _Found:
    if not said:
        return _Found()
    if folded:
        said = said.decode().lower().encode()
        sought = _Slice.of(sought.bytes().decode(errors="ignore").lower().encode())
    return _Found((_Text(said, sought, folded, whole),))


def _uncaptured(node: Node) -> Node:
    return node.inner if isinstance(node, Capture) else node


def _concat(node: Concat, base: tuple[_Slice, bytes] | None) -> _Found | None:
    """A text, with `.*` before and behind it, or with alternatives behind it."""
    parts = [part for part in map(_uncaptured, node.parts) if not isinstance(part, Empty)]
    if len(parts) > _MOST_PARTS:
        return None
    found: _Found | None = None
    folded = met_text = met_any = False
    for part in parts:
        match part:
            case Literal(text) if not met_text:
                data, met_text, folded = text.encode(), True, part.folded
                base = (_Slice.of(data), data) if base is None else (base[0].append(data), base[1] + data)
            case Alternate() if base is not None:
                other = _alternatives(part, base, folded)
                if other is None:
                    return None
                faithful = not met_any and found is None
                found = other if found is None else found.otherwise(other)
                found = _Found(found.texts, found.faithful and faithful)
            case Any(False):
                met_any = base is not None
            case _:
                return None
    if found is not None:
        return found
    return None if base is None else _contains(*base, folded)


def _alternatives(node: Alternate, base: tuple[_Slice, bytes], folded: bool) -> _Found | None:
    """The text with each of the alternatives behind it."""
    found: _Found | None = None
    for part in node.parts:
        if isinstance(part, Literal) and part.folded and not folded:
            return None
        other: _Found | None
        match part:
            case Empty() | Any(False):
                other = _contains(*base, folded)
            case Literal(text):
                said = base[1] + text.encode()
                other = _contains(_Slice.of(base[0].bytes() + text.encode()), said, folded)
                if part.folded is not folded:
                    other = _Found(other.texts, faithful=False)
            case Concat():
                other = _concat(part, base)
            case _:
                return None
        if other is None:
            return None
        found = other if found is None else found.otherwise(other)
    return found
