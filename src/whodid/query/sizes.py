"""Bytes of streams by series, level and piece of time: what volume.py adds up to its answers.

One statement over the key and `line.size`, the lengths of lines: the engine keeps these apart from the text, and does
not read the lines themselves if it is asked in this way (of `length(line)` it does). Bytes are those of the line and of
its structured metadata, as Loki counts them.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from whodid.model.clock import SECOND
from whodid.query import statements
from whodid.query.arrays import array_of
from whodid.query.budget import Budget
from whodid.query.errors import QueryError
from whodid.query.frame import Frame
from whodid.query.grid import Grid
from whodid.query.results_cache import Question, ResultsCache
from whodid.store.sql import number_list

BYTES = (
    "line.size + arraySum(x -> length(x), metadata.keys) + arraySum(x -> length(x), metadata.values) "
    "+ if(detected_level = '', 0, 14 + length(detected_level))"
)
MAX_CELLS = 500_000
"""Series × steps that one answer may have: each becomes a few Python objects."""
MOST_PIECES = 4_000
"""Of the time of one answer, roughly: a refresh a moment later counts the lines of a piece or two."""
_PARTS = (60, 30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1)
_LEVEL = ""
"""The label that is no label's name."""

Group = tuple[tuple[str, str], ...]
"""Labels of a series, by name."""
Size = tuple[int, Group, str, int]
"""The instant at which a piece begins, the series, the level, the bytes."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Time in pieces of equal width."""

    origin_ns: int
    width_ns: int


def piece_ns(length_ns: int, step_ns: int) -> int:
    """A width that divides the step, if there is one, and gives a time of this length not too many pieces."""
    least_ns = length_ns // MOST_PIECES
    if not step_ns:
        return SECOND << (least_ns // SECOND).bit_length()
    return next((step_ns // n for n in _PARTS if step_ns % n == 0 and step_ns // n >= least_ns), step_ns)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of some streams."""

    groups: Mapping[int, Group]
    """The series that each stream belongs to."""
    by_level: bool
    """By level as well."""
    budget: Budget

    async def counted(self, pieces: Pieces, begin_ns: int, end_ns: int) -> Iterator[Size]:
        """Of the lines in a span. Raises QueryError."""
        return _sizes(await self._frame(pieces, begin_ns, end_ns), pieces)

    async def known(
        self, width_ns: int, begin_ns: int, end_ns: int, cache: ResultsCache, key: Hashable
    ) -> list[Iterator[Size]]:
        """The same, but whole pieces come from the cache, as far as it knows them; the key tells `groups` and level."""
        first, end = -(-begin_ns // width_ns), end_ns // width_ns
        if first >= end:
            return [await self.counted(Pieces(begin_ns, width_ns), begin_ns, end_ns)]
        whole = Pieces(first * width_ns, width_ns)

        async def computed(grid: Grid) -> Frame:
            at_ns = grid.at(0) + 1 - width_ns
            return await self._frame(Pieces(at_ns, width_ns), at_ns, at_ns + grid.points * width_ns)

        # The window of an instant ends with it, so that of a piece is its last one.
        grid = Grid(whole.origin_ns + width_ns - 1, width_ns, end - first)
        frame = await cache.frame(Question(("sizes", key), self.groups, grid, width_ns), self.budget, computed)
        ends = ((begin_ns, whole.origin_ns), (end * width_ns, end_ns))
        rest = [await self.counted(Pieces(a, width_ns), a, b) for a, b in ends if a < b]
        return [_sizes(frame, whole), *rest]

    async def _frame(self, pieces: Pieces, begin_ns: int, end_ns: int) -> Frame:
        groups = list(dict.fromkeys(self.groups.values()))
        number = {group: i for i, group in enumerate(groups)}
        ids, numbers = number_list(self.groups), number_list(number[group] for group in self.groups.values())
        table = await self.budget(
            f"SELECT transform(stream_id, {ids}, {numbers}, 0) AS series_no, "
            f"{'detected_level' if self.by_level else repr('')} AS level, "
            f"intDiv(ts - {pieces.origin_ns}, {pieces.width_ns}) AS piece, sum({BYTES}) AS bytes\nFROM lines\n"
            f"WHERE {statements.of_streams(self.groups)} AND ts >= {begin_ns} AND ts < {end_ns}\n"
            f"GROUP BY series_no, level, piece\nLIMIT {MAX_CELLS + 1}"
        )
        if table.num_rows > MAX_CELLS:
            raise QueryError(f"the volume has more than {MAX_CELLS} points; use a larger step or fewer labels")
        series: dict[tuple[int, str], int] = {}
        pairs = zip(table["series_no"].to_pylist(), table["level"].to_pylist(), strict=True) if table.num_rows else ()
        rows = [series.setdefault(pair, len(series)) for pair in pairs]
        shape = len(series), -(-(end_ns - pieces.origin_ns) // pieces.width_ns)
        values, present = np.zeros(shape), np.zeros(shape, dtype=bool)
        if rows:
            places = rows, array_of(table["piece"]).astype(np.int64)
            values[places], present[places] = array_of(table["bytes"]), True
        return Frame([{**dict(groups[number]), _LEVEL: level} for number, level in series], values, present)


def _sizes(frame: Frame, pieces: Pieces) -> Iterator[Size]:
    for labels, values, present in zip(frame.labels, frame.values, frame.present, strict=True):
        group = tuple(sorted((name, value) for name, value in labels.items() if name != _LEVEL))
        for piece in np.flatnonzero(present).tolist():
            yield pieces.origin_ns + piece * pieces.width_ns, group, labels[_LEVEL], int(values[piece])
