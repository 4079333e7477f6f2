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
"""Series × steps that one answer may have, and series × pieces that may be held: each becomes a few Python objects."""
MOST_PIECES = 4_000
"""Of the time of one answer, roughly: a refresh a moment later counts the lines of a piece or two."""
_USUAL_LEVELS = 8
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


class TooFine(QueryError):
    """There are more points than one statement may bring."""


def piece_ns(length_ns: int, step_ns: int, most: int = MOST_PIECES) -> int:
    """A width that divides the step, if there is one, and gives a time of this length not too many pieces."""
    least_ns = length_ns // most
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

    def piece_ns(self, length_ns: int, step_ns: int) -> int:
        """The width of what is remembered of so long a time: the more series there are, the wider."""
        series = len(set(self.groups.values())) * (_USUAL_LEVELS if self.by_level else 1)
        return piece_ns(length_ns, step_ns, max(1, min(MOST_PIECES, MAX_CELLS // series)))

    async def counted(self, pieces: Pieces, begin_ns: int, end_ns: int) -> Iterator[Size]:
        """Of the lines in a span. Raises QueryError."""
        series, rows = await self._rows(pieces, begin_ns, end_ns)
        return ((pieces.origin_ns + piece * pieces.width_ns, *series[number], size) for number, piece, size in rows)

    async def known(
        self, width_ns: int, begin_ns: int, end_ns: int, cache: ResultsCache, key: Hashable
    ) -> list[Iterator[Size]]:
        """The same, but whole pieces come from the cache, as far as it knows them; the key tells `groups` and level.

        Raises TooFine, and then `counted` with wider pieces may have an answer.
        """
        first, end = -(-begin_ns // width_ns), end_ns // width_ns
        # Nothing here crosses the edge of a piece, for that may be the edge of a step.
        ends = (begin_ns, min(first * width_ns, end_ns)), (max(first, end) * width_ns, end_ns)
        parts = [await self.counted(Pieces(a, width_ns), a, b) for a, b in ends if a < b]
        if first >= end:
            return parts

        async def computed(grid: Grid) -> Frame:
            return await self._frame(Pieces(grid.at(0) + 1 - width_ns, width_ns), grid.points)

        # The window of an instant ends with it, so that of a piece is its last one.
        grid = Grid(first * width_ns + width_ns - 1, width_ns, end - first)
        frame = await cache.frame(Question(("sizes", key), self.groups, grid, width_ns), self.budget, computed)
        return [*parts, _sizes(frame, Pieces(first * width_ns, width_ns))]

    async def _frame(self, pieces: Pieces, points: int) -> Frame:
        series, rows = await self._rows(pieces, pieces.origin_ns, pieces.origin_ns + points * pieces.width_ns)
        shape = len(series), points
        if len(series) * points > MAX_CELLS:
            raise TooFine(f"the volume has {len(series)} series in {points} pieces of time")
        values, present = np.zeros(shape), np.zeros(shape, dtype=bool)
        for number, piece, size in rows:
            values[number, piece], present[number, piece] = size, True
        return Frame([{**dict(group), _LEVEL: level} for group, level in series], values, present)

    async def _rows(
        self, pieces: Pieces, begin_ns: int, end_ns: int
    ) -> tuple[list[tuple[Group, str]], Iterator[tuple[int, int, int]]]:
        """The series, and of each piece in which one has lines its number, the piece's, and the bytes."""
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
            raise TooFine(f"the volume has more than {MAX_CELLS} points; use a larger step or fewer labels")
        if not table.num_rows:
            return [], iter(())
        series: dict[tuple[Group, str], int] = {}
        pairs = zip(table["series_no"].to_pylist(), table["level"].to_pylist(), strict=True)
        of_rows = [series.setdefault((groups[i], level), len(series)) for i, level in pairs]
        return list(series), zip(of_rows, table["piece"].to_pylist(), table["bytes"].to_pylist(), strict=True)


def _sizes(frame: Frame, pieces: Pieces) -> Iterator[Size]:
    for labels, values, present in zip(frame.labels, frame.values, frame.present, strict=True):
        group = tuple(sorted((name, value) for name, value in labels.items() if name != _LEVEL))
        for piece in np.flatnonzero(present).tolist():
            yield pieces.origin_ns + piece * pieces.width_ns, group, labels[_LEVEL], int(values[piece])
