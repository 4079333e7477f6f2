"""Instants and windows."""

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
