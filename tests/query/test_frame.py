"""Frames."""

import numpy as np

from whodid.model.result import Series
from whodid.query.frame import Frame
from whodid.query.grid import Grid


def test_ordered_drops_series_without_points() -> None:
    frame = Frame(
        [{"b": "1"}, {"a": "1"}, {}], np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([[1, 0], [0, 0], [0, 1]], bool)
    )
    assert frame.ordered().series(Grid(10, 5, 2)) == [Series({}, [(15, 6.0)]), Series({"b": "1"}, [(10, 1.0)])]
    assert frame.samples() == [({"b": "1"}, 1.0)]


def test_series_are_ordered_by_their_labels_one_by_one() -> None:
    labels = [{"a": "x y"}, {"a": "x"}, {"a": "x", "b": "1"}, {"B": "1"}, {}]
    frame = Frame(labels, np.ones((5, 1)), np.ones((5, 1), dtype=bool))
    assert frame.ordered().labels == [{}, {"B": "1"}, {"a": "x"}, {"a": "x", "b": "1"}, {"a": "x y"}]


def test_constant_and_empty() -> None:
    assert Frame.constant(2.0, 2).series(Grid(0, 1, 2)) == [Series({}, [(0, 2.0), (1, 2.0)])]
    assert Frame.empty(3).series(Grid(0, 1, 3)) == [] and Frame.empty(1).samples() == []
