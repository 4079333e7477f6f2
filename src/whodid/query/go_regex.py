"""Go's tree of a regular expression, as far as it is made of text, `.*`, `.+`, groups and `|`.

Go's parser takes the common beginning out of neighbouring alternatives (`warn|warning` is `warn(?:|ing)`), and what
Loki makes of an expression depends on that (plain_filters.py). Of anything else (classes, repetitions, anchors) there
is no tree here. Method: Go's regexp/syntax, parse.go, the functions `collapse` and `factor`.
"""

import re
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise, takewhile
from typing import Final

_MAX_DEPTH = 50
_TOKEN = re.compile(
    r"""\\Q(?P<quoted>.*?)(?:\\E|\Z)
      | \\x(?:\{(?P<long>[0-9A-Fa-f]{1,6})\}|(?P<hex>[0-9A-Fa-f]{2})) | \\(?P<control>[afnrtv]) | \\(?P<escaped>[^\w])
      | \[(?P<only>[^\^\\\]\[])\]
      | (?P<many>\.[*+])\?? | (?P<bar>\|) | (?P<close>\))
      | \((?:\?(?:P?<\w+>|(?P<flags>[imsU]*(?:-[imsU]+)?)(?P<scope>[:)])))?
      | (?P<plain>[^\\\[\].*+?{}^$()|])""",
    re.VERBOSE | re.DOTALL,
)
_CONTROLS = dict(zip("afnrtv", "\a\f\n\r\t\v", strict=True))


@dataclass(frozen=True, slots=True)
class Literal:
    """Text; in upper case where letters stand for either case."""

    text: str
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Any:
    """`.*`, or `.+`."""

    some: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing at all."""


@dataclass(frozen=True, slots=True)
class Capture:
    """`( … )`"""

    inner: "Node"


@dataclass(frozen=True, slots=True)
class Concat:
    """One after the other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Alternate:
    """One of them."""

    parts: tuple["Node", ...]


Node = Literal | Any | Empty | Capture | Concat | Alternate
EMPTY: Final = Empty()


class _UnknownError(Exception):
    """The expression holds something that this module does not read."""


def tree(pattern: str) -> Node | None:
    """The tree, or None."""
    try:
        return _Reader(pattern).read()
    except (_UnknownError, RecursionError):
        return None


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def read(self) -> Node:
        node = self._alternatives(frozenset(), 0)
        if self._at < len(self._pattern):
            raise _UnknownError
        return node

    def _alternatives(self, flags: frozenset[str], depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise _UnknownError
        branches: list[Node] = []
        items: list[Node] = []
        while self._at < len(self._pattern):
            match = _TOKEN.match(self._pattern, self._at)
            if match is None:
                raise _UnknownError
            if match["close"]:
                break
            self._at = match.end()
            if match["bar"]:
                branches.append(_concat(items))
                items = []
            elif match["many"]:
                if "s" in flags:
                    raise _UnknownError
                items.append(Any(match["many"] == ".+"))
            elif match[0].startswith("("):
                flags = self._group(match, flags, depth, items)
            else:
                for letter in _letters(match):
                    _push(items, Literal(letter.upper() if "i" in flags else letter, "i" in flags))
        return _alternate([*branches, _concat(items)])

    def _group(self, match: re.Match[str], flags: frozenset[str], depth: int, items: list[Node]) -> frozenset[str]:
        """Reads `( … )`; the flags behind it."""
        on, _, off = (match["flags"] or "").partition("-")
        inside = (flags | set(on)) - set(off)
        if match["scope"] == ")":
            return inside
        node = self._alternatives(inside, depth + 1)
        if not self._pattern.startswith(")", self._at):
            raise _UnknownError
        self._at += 1
        _push(items, node if match["scope"] else Capture(node))
        return flags


def _letters(match: re.Match[str]) -> str:
    code = match["long"] or match["hex"]
    if code:
        return chr(int(code, 16))
    if match["control"]:
        return _CONTROLS[match["control"]]
    return next((match[name] for name in ("quoted", "escaped", "only", "plain") if match[name] is not None), "")


def _push(items: list[Node], node: Node) -> None:
    last = items[-1] if items else None
    if isinstance(node, Literal) and isinstance(last, Literal) and last.folded == node.folded:
        items[-1] = Literal(last.text + node.text, node.folded)
    else:
        items.append(node)


def _concat(items: list[Node]) -> Node:
    if not items:
        return EMPTY
    if len(items) == 1:
        return items[0]
    return Concat(tuple(part for item in items for part in (item.parts if isinstance(item, Concat) else (item,))))


def _alternate(branches: list[Node]) -> Node:
    if len(branches) == 1:
        return branches[0]
    flat = [part for item in branches for part in (item.parts if isinstance(item, Alternate) else (item,))]
    factored = _factored(flat)
    return factored[0] if len(factored) == 1 else Alternate(tuple(factored))


def _factored(branches: list[Node]) -> list[Node]:
    """Neighbours with a common beginning become one."""
    out: list[Node] = []
    run: list[Node] = []
    common = Literal("")
    for branch in branches:
        beginning = _beginning(branch)
        both = _common(common.text, beginning.text) if common.folded == beginning.folded else ""
        if run and both:
            common = Literal(both, common.folded)
            run.append(branch)
        else:
            out += _one(common, run)
            run, common = [branch], beginning
    out += _one(common, run)
    if any(_is_single(left) and _is_single(right) for left, right in pairwise(out)):
        raise _UnknownError  # a class of characters
    return reduce(lambda kept, node: kept if node == EMPTY and kept[-1:] == [EMPTY] else [*kept, node], out, [])


def _common(one: str, other: str) -> str:
    pairs = zip(one, other, strict=False)
    return one[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))]


def _one(common: Literal, run: list[Node]) -> list[Node]:
    if len(run) < 2:
        return run
    return [Concat((common, _alternate([_without(node, len(common.text)) for node in run])))]


def _beginning(node: Node) -> Literal:
    first = node.parts[0] if isinstance(node, Concat) else node
    return first if isinstance(first, Literal) else Literal("")


def _without(node: Node, length: int) -> Node:
    """The node without the first letters, which it is known to begin with."""
    if isinstance(node, Literal):
        return Literal(node.text[length:], node.folded) if len(node.text) > length else EMPTY
    assert isinstance(node, Concat)
    first = _without(node.parts[0], length)
    if first != EMPTY:
        return Concat((first, *node.parts[1:]))
    return node.parts[1] if len(node.parts) == 2 else Concat(node.parts[1:])


def _is_single(node: Node) -> bool:
    return isinstance(node, Literal) and len(node.text) == 1
