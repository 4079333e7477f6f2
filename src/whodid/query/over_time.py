"""Range aggregations of numbers: what a series' samples come to in each window (t - range, t].

Input are the samples of one series in order of time, output one value for each point of the grid. Sums, extremes and
counts are taken in two steps, by the pieces between the windows' edges and then by window, so that a fine step over a
long range does not read every sample for every point. samples.py calls it. Meaning: Loki 3.7's.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from whodid.model.go_text import duration_seconds
from whodid.query.errors import QueryError
from whodid.query.frame import Floats, Mask
from whodid.query.grid import Instants, Window

Places = npt.NDArray[np.intp]

MOST_EDGES = 20_000
"""Of neighbouring windows within one: with more the sums of a window may differ in their last digits from one set of
points to another."""
MAX_LOOKS = 2_000_000_000
"""Samples × windows that a function may look at which has to see each sample of each window (about 20 s)."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The samples of one series as the points see them: point i has those of `begins[i]` to `ends[i]`, at least one."""

    instants: Instants
    values: Floats
    begins: Places
    ends: Places
    window: Window

    @property
    def range_ns(self) -> int:
        return self.window.range_ns

    def counts(self) -> Floats:
        return (self.ends - self.begins).astype(np.float64)

    def reduced(self, ufunc: Any) -> Floats:
        """`ufunc.reduce` over the values of each window."""
        return self._of(ufunc, self.values)

    def _of(self, ufunc: Any, values: Floats) -> Floats:
        # The pieces between all edges are disjoint, and each window is a run of them.
        edges = self._edges()
        pieces = ufunc.reduceat(values[: edges[-1]], edges[:-1])
        first, last = np.searchsorted(edges, self.begins), np.searchsorted(edges, self.ends)
        # reduceat takes runs as begin, end, begin, end …; what it makes between two runs is thrown away. The last end
        # may be behind the last piece, where no run could begin: one more piece stands there.
        runs = np.stack([first, last], axis=1).ravel()
        out: Floats = ufunc.reduceat(np.append(pieces, pieces[-1]), runs)[::2]
        return out

    def _edges(self) -> Places:
        """Those of the windows of all steps, also before and behind the points asked for: floats are added in pieces,
        and a sum must be the same to its last digit whichever points are computed with it (results_cache.py).
        """
        range_ns, step_ns = self.window.range_ns, self.window.step_ns
        if range_ns // step_ns > MOST_EDGES:
            return np.unique(np.concatenate([self.begins, self.ends]))
        since = self.instants - self.window.begin_ns
        windows = np.stack([since // step_ns, (since - range_ns) // step_ns])
        changes = np.flatnonzero((windows[:, 1:] != windows[:, :-1]).any(axis=0)) + 1
        return np.concatenate([[0], changes, [len(self.instants)]])

    def each(self, function: Callable[[Instants, Floats], float]) -> Floats:
        """A function that has to see the samples of each window."""
        if int((self.ends - self.begins).sum()) > MAX_LOOKS:
            raise QueryError(
                "the windows of this query hold too many samples together; "
                "use a larger step, a shorter range or fewer lines"
            )
        spans = zip(self.begins.tolist(), self.ends.tolist(), strict=True)
        return np.array([function(self.instants[a:b], self.values[a:b]) for a, b in spans])


def over_time(
    function: str, parameter: float | None, instants: Instants, values: Floats, window: Window
) -> tuple[Floats, Mask]:
    """Values by point, and at which points there are any."""
    ends_ns = window.begin_ns - 1 + window.range_ns + window.step_ns * np.arange(window.points, dtype=np.int64)
    begins = np.searchsorted(instants, ends_ns - window.range_ns, side="right")
    ends = np.searchsorted(instants, ends_ns, side="right")
    present: Mask = begins < ends
    out = np.zeros(window.points)
    if present.any():
        seen = Windows(instants, values, begins[present], ends[present], window)
        with np.errstate(all="ignore"):
            if function == "quantile_over_time":
                out[present] = _quantile(seen, 0.0 if parameter is None else parameter)
            else:
                out[present] = _FUNCTIONS[function](seen)
    return out, present


def _sum(seen: Windows) -> Floats:
    return seen.reduced(np.add)


def _rate(seen: Windows) -> Floats:
    rate: Floats = _sum(seen) / duration_seconds(seen.range_ns)
    return rate


def _avg(seen: Windows) -> Floats:
    mean: Floats = _sum(seen) / seen.counts()
    return mean


def _min(seen: Windows) -> Floats:
    return seen.reduced(np.fmin)  # passes over NaN while there is anything else


def _max(seen: Windows) -> Floats:
    return seen.reduced(np.fmax)


def _first(seen: Windows) -> Floats:
    return seen.values[seen.begins]


def _last(seen: Windows) -> Floats:
    return seen.values[seen.ends - 1]


def _stdvar(seen: Windows) -> Floats:
    return seen.each(lambda _, values: float(values.var()))


def _stddev(seen: Windows) -> Floats:
    return seen.each(lambda _, values: float(values.std()))


def _quantile(seen: Windows, q: float) -> Floats:
    """Between two samples the weighted mean of both; NaN counts as the smallest number."""
    if q > 1:
        return np.full(len(seen.begins), math.inf)
    if q < 0:
        return np.full(len(seen.begins), -math.inf)
    return seen.each(lambda _, values: _quantile_of(values, q))


def _quantile_of(values: Floats, q: float) -> float:
    rank = q * (len(values) - 1)
    low = max(0, math.floor(rank))
    high = min(len(values) - 1, low + 1)
    missing = int(np.isnan(values).sum())
    if missing:
        # numpy sorts NaN to the end, Go's sort.Float64s to the front.
        low, high = (low - missing) % len(values), (high - missing) % len(values)
    parts = np.partition(values, sorted({low, high}))
    weight = rank - math.floor(rank)
    return float(parts[low] * (1 - weight) + parts[high] * weight)


def _rate_counter(seen: Windows) -> Floats:
    return seen.each(lambda instants, values: _counter_rate(instants, values, duration_seconds(seen.range_ns)))


def _counter_rate(instants: Instants, values: Floats, range_s: float) -> float:
    """The increase with resets added, over the range.

    As Loki 3.7 answers: its extrapolation adds the seconds of the range to an interval it holds in microseconds, so
    that practically nothing is extrapolated. Who compares the last digits finds the same ones here.
    """
    if len(values) < 2:
        return 0.0
    before, after = np.concatenate([[0.0], values[:-1]]), values
    increase = float(values[-1] - values[0] + before[after < before].sum())
    interval = float(instants[-1] - instants[0]) / 1000
    gap = interval / (len(values) - 1)
    added = range_s
    if increase > 0 and values[0] >= 0:
        added = min(added, interval * (float(values[0]) / increase))
    extrapolated = interval + (added if added < 1.1 * gap else gap / 2)
    if gap <= 0:
        return math.nan
    return increase * (extrapolated / interval) / range_s


_FUNCTIONS: dict[str, Callable[[Windows], Floats]] = {
    "sum_over_time": _sum,
    "rate": _rate,
    "rate_counter": _rate_counter,
    "avg_over_time": _avg,
    "min_over_time": _min,
    "max_over_time": _max,
    "first_over_time": _first,
    "last_over_time": _last,
    "stdvar_over_time": _stdvar,
    "stddev_over_time": _stddev,
    "absent_over_time": Windows.counts,  # only whether there is anything
}
