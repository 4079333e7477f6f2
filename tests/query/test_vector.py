"""Aggregations over series, NaN and ties included."""

import math

import numpy as np
import pytest

from whodid.logql.ast import Grouping, NumberLiteral, VectorAggregation
from whodid.query.errors import QueryError
from whodid.query.frame import Frame
from whodid.query.vector import aggregate

NAN = math.nan
FRAME = Frame(
    [{"g": "x", "n": "1"}, {"g": "x", "n": "2"}, {"g": "y", "n": "3"}],
    np.array([[1.0, NAN], [3.0, 4.0], [5.0, 6.0]]),
    np.array([[True, True], [True, True], [True, False]]),
)


def run(
    function: str, *by: str, parameter: float | None = None, without: bool = False
) -> dict[str, list[float | None]]:
    node = VectorAggregation(function, NumberLiteral(0), parameter, Grouping(by, without) if by or without else None)
    made = aggregate(node, FRAME)
    return {
        ",".join(f"{k}={v}" for k, v in labels.items()): [
            v if there else None for v, there in zip(values, present, strict=True)
        ]
        for labels, values, present in zip(made.labels, made.values.tolist(), made.present, strict=True)
    }


@pytest.mark.parametrize(
    ("function", "x", "y"),
    [
        ("sum", [4.0, NAN], [5.0, None]),
        ("avg", [2.0, NAN], [5.0, None]),
        ("min", [1.0, 4.0], [5.0, None]),
        ("max", [3.0, 4.0], [5.0, None]),
        ("count", [2.0, 2.0], [1.0, None]),
        ("stddev", [1.0, NAN], [0.0, None]),
        ("stdvar", [1.0, NAN], [0.0, None]),
    ],
)
def test_reductions(function: str, x: list[float | None], y: list[float | None]) -> None:
    assert str(run(function, "g")) == str({"g=x": x, "g=y": y})


def test_without_and_no_grouping() -> None:
    assert run("count", "n", without=True) == {"g=x": [2.0, 2.0], "g=y": [1.0, None]}
    assert run("max") == {"": [5.0, 4.0]}


def test_topk_takes_nan_last_and_keeps_labels() -> None:
    assert run("topk", parameter=1) == {"g=x,n=1": [None, None], "g=x,n=2": [None, 4.0], "g=y,n=3": [5.0, None]}
    assert run("bottomk", "g", parameter=1)["g=x,n=1"] == [1.0, None]
    assert run("topk", parameter=3)["g=x,n=1"] == pytest.approx([1.0, NAN], nan_ok=True)


def test_of_equal_values_the_first_labels_win() -> None:
    frame = Frame([{"a": "2"}, {"a": "1"}], np.ones((2, 2)), np.ones((2, 2), dtype=bool))
    top = aggregate(VectorAggregation("topk", NumberLiteral(0), 1), frame).ordered()
    assert top.labels == [{"a": "1"}]


def test_sort_puts_nan_last() -> None:
    frame = Frame([{"a": "1"}, {"a": "2"}, {"a": "3"}], np.array([[NAN], [1.0], [2.0]]), np.ones((3, 1), dtype=bool))
    down = aggregate(VectorAggregation("sort_desc", NumberLiteral(0)), frame)
    assert [labels["a"] for labels in down.labels] == ["3", "2", "1"]


def test_approx_topk_is_topk_at_one_instant() -> None:
    first = Frame(FRAME.labels, FRAME.values[:, :1], FRAME.present[:, :1])
    top = aggregate(VectorAggregation("approx_topk", NumberLiteral(0), 2), first)
    assert [labels["n"] for labels, _ in top.samples()] == ["2", "3"]
    with pytest.raises(QueryError, match="only supported for instant queries"):
        run("approx_topk", parameter=1)
