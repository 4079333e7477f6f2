"""The instants at which a metric query is computed, and what a range aggregation reads for them.

Loki's splitter aligns a range query to multiples of its step, whatever start and end are: the first point is start
rounded down, the last is end rounded up. Windows are (t - range, t], on integer nanoseconds [t - range + 1, t + 1).
"""

from dataclasses import dataclass


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
