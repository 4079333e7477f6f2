"""The results cache: points of range aggregations that were computed before, as long as no line has come into them.

A dashboard asks the same a moment later: of sixty minutes fifty-nine are as they were. One small statement finds the
earliest line that was stored since, by its sequence number; the points before it are taken from here, those from it on
are computed anew. So an answer never depends on the cache. What makes lines vanish (a deletion, retention) calls
`forget`. Called by metric.py and volume.py. Loki's counterpart: its results cache, which trusts the clock instead.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import numpy as np

from whodid.query import statements
from whodid.query.budget import Budget
from whodid.query.frame import Frame, joined
from whodid.query.grid import Grid, Window

MOST_BYTES = 64 << 20
"""Of all that is remembered; what was not asked for the longest time goes first."""
MOST_SHARE = 8
"""One answer may take this part of it."""
KEY_FACTOR = 8
"""A key takes about so many times its text in memory. Of a question that finds nothing it is all there is."""


@dataclass(frozen=True, slots=True)
class Question:
    """Points that can be told apart: each depends on the lines in its window, and on nothing else."""

    key: Hashable
    """Two questions with the same key have the same points where their grids agree."""
    streams: Collection[int]
    """Whose lines they are of, with those of all lines up to the budget's last number: so a stream that is not among
    them has later lines only. That is, they are to be asked for after that number (engine.py)."""
    grid: Grid
    range_ns: int
    offset_ns: int = 0

    def window(self, points: int) -> Window:
        """The windows of the first points."""
        return Window.of(self.grid.cut(0, points), self.range_ns, self.offset_ns)


@dataclass(frozen=True, slots=True)
class _Known:
    """Points, as they are with all lines up to a sequence number."""

    grid: Grid
    frame: Frame
    seq: int
    size_bytes: int
    """With the key."""

    def part(self, grid: Grid, points: int) -> Frame:
        """The first points of a grid that begins in this one."""
        begin = (grid.start_ns - self.grid.start_ns) // grid.step_ns
        return self.frame.cut(begin, begin + points)


class ResultsCache:
    """Of one engine."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()
        self._forgotten = 0

    def forget(self) -> None:
        """Lines are gone: nothing that was computed with them counts, even if it is being computed now."""
        self._known.clear()
        self._bytes = 0
        self._forgotten += 1

    async def frame(self, question: Question, budget: Budget, compute: Callable[[Grid], Awaitable[Frame]]) -> Frame:
        """The points of the question's grid; `compute` is asked for those at its end that are not known."""
        grid = question.grid
        if grid.points == 1 or not question.streams:
            return await compute(grid)
        seq, forgotten = await budget.last_seq(), self._forgotten
        key = (question.key, grid.step_ns, grid.points)
        async with self._locks.setdefault(key, asyncio.Lock()):  # who asks the same in this moment finds it known
            known = self._known.get(key)
            holds = await _unchanged(known, question, seq, budget) if known is not None else 0
            if known is not None and holds == grid.points:
                frame, seq = known.part(grid, holds), max(seq, known.seq)
            elif known is not None and holds:
                frame = await self._continued(known.part(grid, holds), grid, compute)
            else:
                frame = await compute(grid)
            if forgotten == self._forgotten:
                self._remember(key, _Known(grid, frame, seq, frame.size_bytes + KEY_FACTOR * len(repr(key))))
            return frame

    async def _continued(self, before: Frame, grid: Grid, compute: Callable[[Grid], Awaitable[Frame]]) -> Frame:
        """Points that hold, and those behind them. What is too large to be remembered is computed whole, for the limits
        of who computes it know nothing of the points before. Series that are in no window any more are left out.
        """
        after = await compute(grid.cut(before.values.shape[1], grid.points))
        frame = joined(before, after, self._most_bytes // MOST_SHARE)
        return frame.ordered() if frame is not None else await compute(grid)

    def _remember(self, key: Hashable, known: _Known) -> None:
        former = self._known.pop(key, None)
        self._bytes -= former.size_bytes if former is not None else 0
        if known.size_bytes > self._most_bytes // MOST_SHARE:
            return
        self._known[key] = known
        self._bytes += known.size_bytes
        while self._bytes > self._most_bytes:
            self._bytes -= self._known.popitem(last=False)[1].size_bytes


async def _unchanged(known: _Known, question: Question, seq: int, budget: Budget) -> int:
    """How many of the grid's first points are known and still hold."""
    grid = question.grid
    shift, uneven = divmod(grid.start_ns - known.grid.start_ns, grid.step_ns)
    points = min(grid.points, known.grid.points - shift)
    if uneven or shift < 0 or points <= 0:
        return 0
    if known.seq >= seq:
        return points
    window = question.window(points)
    new = (f"seq > {known.seq}",)
    table = await budget(statements.bounds(question.streams, window.begin_ns, window.end_ns, new))
    if not table["lines"][0].as_py():
        return points
    first, _ = window.points_of(np.array([table["first"][0].as_py()], dtype=np.int64))
    return min(points, int(first[0]))
