"""Every function over random samples, windows and steps, against a plain loop over the definition."""

import math
import random
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whodid.query.errors import QueryError
from whodid.query.grid import Grid, Window
from whodid.query.over_time import Windows, over_time

PLAIN: dict[str, Callable[[list[float]], float]] = {
    "sum_over_time": math.fsum,
    "avg_over_time": statistics.fmean,
    "min_over_time": min,
    "max_over_time": max,
    "first_over_time": lambda values: values[0],
    "last_over_time": lambda values: values[-1],
    "stdvar_over_time": statistics.pvariance,
    "stddev_over_time": statistics.pstdev,
}
SAMPLES = st.lists(st.tuples(st.integers(0, 300), st.floats(-1e6, 1e6)), max_size=40).map(sorted)


def windows(start: int, step: int, points: int, width: int) -> Window:
    return Window.of(Grid(start, step, points), width, 0)


def run(function: str, samples: list[tuple[int, float]], window: Window, q: float | None = None) -> list[float | None]:
    instants = np.array([t for t, _ in samples], dtype=np.int64)
    values = np.array([v for _, v in samples], dtype=np.float64)
    made, present = over_time(function, q, instants, values, window)
    return [value if there else None for value, there in zip(made.tolist(), present.tolist(), strict=True)]


@settings(deadline=None)
@given(
    SAMPLES,
    st.sampled_from(sorted(PLAIN)),
    st.integers(-50, 300),
    st.integers(1, 90),
    st.integers(1, 12),
    st.integers(1, 200),
)
def test_functions(
    samples: list[tuple[int, float]], function: str, start: int, step: int, points: int, width: int
) -> None:
    found = run(function, samples, windows(start, step, points, width))
    for point, value in enumerate(found):
        t = start + point * step
        inside = [v for ns, v in samples if t - width < ns <= t]
        assert (value is None) == (not inside)
        if value is not None:
            assert value == pytest.approx(PLAIN[function](inside), rel=1e-6, abs=1e-4)


@given(
    st.integers(0, 2**32),
    st.sampled_from(list(PLAIN)),
    st.integers(0, 100),
    st.integers(1, 40),
    st.integers(2, 20),
    st.integers(1, 60),
)
@settings(max_examples=200)
def test_a_point_is_the_same_to_its_last_digit_whatever_is_computed_with_it(
    seed: int, function: str, start: int, step: int, points: int, width: int
) -> None:
    """What is known of a query and what is computed behind it make one answer (results_cache.py)."""
    chance = random.Random(seed)
    samples = sorted((chance.randrange(300), chance.random()) for _ in range(40))
    grid = Grid(start, step, points)
    whole = run(function, samples, Window.of(grid, width, 0))
    for begin in range(1, points):
        part = Window.of(grid.cut(begin, points), width, 0)
        seen = [(at, value) for at, value in samples if part.begin_ns <= at < part.end_ns]
        assert run(function, seen, part) == whole[begin:]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_quantiles_are_numpys(values: list[float], q: float) -> None:
    window = windows(100, 1, 1, 100)
    found = run("quantile_over_time", [(i + 1, v) for i, v in enumerate(values)], window, q)
    assert found == [pytest.approx(np.quantile(values, q), rel=1e-9, abs=1e-9)]


def test_quantiles_beyond_the_samples() -> None:
    window = windows(10, 1, 1, 10)
    samples = [(1, 1.0), (2, math.nan), (3, 5.0)]
    assert run("quantile_over_time", samples, window, 1.1) == [math.inf]
    assert run("quantile_over_time", samples, window, -0.1) == [-math.inf]
    assert run("quantile_over_time", samples, window, 1.0) == [5.0]
    assert math.isnan(run("quantile_over_time", samples, window, 0.0)[0] or 0)


def test_a_counter_that_falls_has_begun_again() -> None:
    seconds = 10**9
    window = windows(100 * seconds, 1, 1, 100 * seconds)
    samples = [(10 * seconds, 0.0), (20 * seconds, 5.0), (30 * seconds, 2.0), (40 * seconds, 3.0)]
    assert run("rate_counter", samples, window) == [pytest.approx(0.08)]
    assert run("rate_counter", samples[:1], window) == [0.0]
    assert run("rate", samples, window) == [pytest.approx(0.1)]


def test_samples_of_one_instant_have_no_counter_rate() -> None:
    found = run("rate_counter", [(5, 1.0), (5, 2.0)], windows(10, 1, 1, 10))
    assert math.isnan(found[0] or 0)


def test_infinities() -> None:
    window = windows(10, 1, 1, 10)
    both = [(1, math.inf), (2, -math.inf)]
    assert run("avg_over_time", [*both[:1], (3, 1.0)], window) == [math.inf]
    assert math.isnan(run("avg_over_time", both, window)[0] or 0)


def test_too_many_looks_are_refused() -> None:
    many = 70_000
    begins, ends = np.zeros(many, dtype=np.intp), np.full(many, many, dtype=np.intp)
    seen = Windows(np.zeros(many, dtype=np.int64), np.zeros(many), begins, ends, Window(0, 1, 1, 1, 1))
    with pytest.raises(QueryError, match="use a larger step"):
        seen.each(lambda *_: 0.0)


def test_a_rate_is_per_second_as_go_counts_them() -> None:
    window = Window(0, 1_344_000_000, 1_344_000_000, 1_344_000_000, 1)
    assert run("rate", [(5, 3.0)], window) == [3 / (1 + 0.344)]
