"""The instants at which a metric query is computed, and what a range aggregation reads for them.

Loki's splitter aligns a range query to multiples of its step, whatever start and end are: the first point is start
rounded down, the last is end rounded up. Windows are (t - range, t], on integer nanoseconds [t - range + 1, t + 1).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Instants = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]
_MOST_PIECES = 20_000


@dataclass(frozen=True, slots=True)
class Grid:
    """`points` instants from `start_ns`, `step_ns` apart."""

    start_ns: int
    step_ns: int
    points: int

    @classmethod
    def aligned(cls, start_ns: int, end_ns: int, step_ns: int) -> "Grid":
        first, last = start_ns // step_ns, -(-end_ns // step_ns)
        return cls(first * step_ns, step_ns, last - first + 1)

    @classmethod
    def instant(cls, ns: int) -> "Grid":
        return cls(ns, 1, 1)

    def at(self, point: int) -> int:
        return self.start_ns + point * self.step_ns

    def cut(self, begin: int, end: int) -> "Grid":
        """The points from `begin` to before `end`."""
        return Grid(self.at(begin), self.step_ns, end - begin)


@dataclass(frozen=True, slots=True)
class Window:
    """The lines that all windows of a range aggregation need: begin_ns <= ts < end_ns."""

    begin_ns: int
    end_ns: int
    range_ns: int
    step_ns: int
    points: int

    @classmethod
    def of(cls, grid: Grid, range_ns: int, offset_ns: int) -> "Window":
        begin = grid.start_ns - offset_ns - range_ns + 1
        return cls(begin, grid.at(grid.points - 1) - offset_ns + 1, range_ns, grid.step_ns, grid.points)

    def points_of(self, instants: Instants) -> tuple[Places, Places]:
        """First and last point whose window holds each instant; the last comes before the first where none does."""
        since = instants - (self.begin_ns - 1)
        first = np.maximum(0, -((self.range_ns - since) // self.step_ns))
        return first, np.minimum(self.points - 1, (since - 1) // self.step_ns)

    @property
    def piece_ns(self) -> int:
        """Width of the equal pieces, from `begin_ns` on, that every window consists of; 0: they would be too many."""
        width = self.range_ns if self.points == 1 else math.gcd(self.range_ns, self.step_ns)
        return width if (self.end_ns - self.begin_ns) // width <= _MOST_PIECES else 0

    def holds(self, ns: int) -> bool:
        """Whether any window does: with a step longer than the range some instants lie in none."""
        first, last = self.points_of(np.array([ns], dtype=np.int64))
        return bool(first[0] <= last[0])
