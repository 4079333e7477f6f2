"""Drain: log lines to the patterns they were printed from, such as `login of <_> failed`. Pure: no store, no time.

After He, Zhu, Zheng, Lyu, "Drain: An Online Log Parsing Approach with Fixed Depth Tree" (ICWS 2017), with one rule
more: lines share a pattern only if all that stands between their words is the same. So `|> "pattern"` finds at least
the lines that made it, which the property test holds. Used by mining.py.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import eq

WILD = "<_>"
SIMILAR = 0.5
"""Share of equal words from which on two lines are of one pattern. The paper's value for most of its systems."""
MAX_WORDS = 120
"""Words of a line that are looked at; what is behind them is one `<_>`."""
MAX_CLUSTERS = 50
"""Patterns of one shape. A further line goes to the most similar of them: time stays linear in the lines."""
MAX_SHAPES = 5000
"""Different lines, numbers aside, that are remembered. Rarer ones that come later are counted as no pattern."""
_BETWEEN = r"""\s=:,;()\[\]{}"'|?&/"""
_WORD = re.compile(f"[^{_BETWEEN}]+")
_NUMBERED = re.compile(f"(?<![^{_BETWEEN}])[^{_BETWEEN}0-9]*+[0-9][^{_BETWEEN}]*+")
"""A word with a digit, looked for from its first character only: else a long word without one takes its length squared.
"""
_VARIABLE = re.compile(r"[0-9]|<[A-Za-z_][A-Za-z0-9_]*>")
"""Words with a digit differ from line to line; `<name>` would be read as a capture."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A line taken apart: `separators[0] words[0] separators[1] … words[-1] separators[-1]`."""

    separators: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(slots=True)
class Cluster:
    """Lines of one pattern."""

    separators: tuple[str, ...]
    words: list[str]

    @property
    def pattern(self) -> str:
        """As the line filter `|>` takes it."""
        out = [self.separators[0]]
        for word, separator in zip(self.words, self.separators[1:], strict=True):
            out += (word, separator)
        return "".join(out)

    def similarity(self, words: Iterable[str]) -> float:
        equal: int = sum(map(eq, self.words, words))
        return equal / max(len(self.words), 1)

    def take(self, words: Iterable[str]) -> None:
        """What differs becomes a `<_>`."""
        self.words = [own if own == other else WILD for own, other in zip(self.words, words, strict=True)]


@dataclass(slots=True)
class Drain:
    """Feed it lines with `cluster_of`; equal lines, numbers aside, cost a look into a dict."""

    _groups: dict[tuple[str, ...], list[Cluster]] = field(default_factory=dict)
    _known: dict[tuple[str, bool], Cluster | None] = field(default_factory=dict)
    """By the line with `<_>` for its numbers: of many lines few are left."""

    def cluster_of(self, line: str, *, is_cut: bool = False) -> Cluster | None:
        """The cluster that the line now belongs to; its pattern may become more general with later lines.

        `is_cut`: the text is only the beginning of a line. None for a line of which nothing is fixed, or when there
        are too many.
        """
        key = (_NUMBERED.sub(WILD, line), is_cut)
        if key in self._known:
            return self._known[key]
        if len(self._known) >= MAX_SHAPES:
            return None
        shape = shape_of(key[0], is_cut=is_cut)
        is_fixed = any(word != WILD for word in shape.words)
        cluster = self._known[key] = self._find(shape) if is_fixed else None
        return cluster

    def _find(self, shape: Shape) -> Cluster:
        group = self._groups.setdefault(shape.separators, [])
        best = max(group, key=lambda cluster: cluster.similarity(shape.words), default=None)
        if best is not None and (len(group) >= MAX_CLUSTERS or best.similarity(shape.words) >= SIMILAR):
            best.take(shape.words)
            return best
        cluster = Cluster(shape.separators, list(shape.words))
        group.append(cluster)
        return cluster


def shape_of(line: str, *, is_cut: bool = False) -> Shape:
    """Words and what stands between them; words that carry a number are `<_>` from the start."""
    separators: list[str] = []
    words: list[str] = []
    at = 0
    for match in _WORD.finditer(line):
        if len(words) == MAX_WORDS or (is_cut and match.end() == len(line)):
            # The rest as one word; also the last word of a cut line, for nobody knows where it ends.
            separators.append(line[at : match.start()])
            words.append(WILD)
            return Shape((*separators, ""), tuple(words))
        separators.append(line[at : match.start()])
        words.append(WILD if _VARIABLE.search(match[0]) else match[0])
        at = match.end()
    if is_cut:
        words.append(WILD)
        separators.append(line[at:])
        at = len(line)
    return Shape((*separators, line[at:]), tuple(words))
