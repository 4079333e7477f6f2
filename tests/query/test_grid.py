"""Instants and windows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from whodid.query.grid import Grid, Window


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**5))
def test_a_grid_covers_the_range_with_multiples_of_the_step(start: int, length: int, step: int) -> None:
    grid = Grid.aligned(start, start + length, step)
    assert grid.start_ns % step == 0
    assert start - step < grid.start_ns <= start
    assert start + length <= grid.at(grid.points - 1) < start + length + step


def test_an_instant_is_one_point_with_one_window() -> None:
    grid = Grid.instant(1000)
    assert (grid.points, grid.at(0)) == (1, 1000)
    assert Window.of(grid, 100, 10) == Window(891, 991, 100, 1, 1)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 8), st.integers(-20, 500))
def test_the_points_of_an_instant(width: int, step: int, points: int, ns: int) -> None:
    window = Window.of(Grid(100, step, points), width, 0)
    first, last = window.points_of(np.array([ns], dtype=np.int64))
    inside = [p for p in range(points) if 100 + p * step - width < ns <= 100 + p * step]
    assert list(range(int(first[0]), int(last[0]) + 1)) == inside
    assert window.holds(ns) is bool(inside)
