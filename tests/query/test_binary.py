"""Binary operations between numbers and series."""

import math

import numpy as np
import pytest

from whodid.logql.ast import BinaryOperation
from whodid.logql.parser import parse
from whodid.query.binary import operate
from whodid.query.errors import EvaluationError, QueryError
from whodid.query.frame import Frame


def node(operator: str) -> BinaryOperation:
    made = parse(f'rate({{a="b"}}[1m]) {operator} rate({{a="b"}}[1m])')
    assert isinstance(made, BinaryOperation)
    return made


def frame(*series: tuple[dict[str, str], list[float | None]]) -> Frame:
    values = [[0.0 if value is None else value for value in row] for _, row in series]
    present = [[value is not None for value in row] for _, row in series]
    return Frame([labels for labels, _ in series], np.array(values), np.array(present))


def shown(value: Frame | float) -> list[tuple[dict[str, str], list[float | None]]]:
    assert isinstance(value, Frame)
    return [
        (labels, [float(v) if there else None for v, there in zip(values, present, strict=True)])
        for labels, values, present in zip(value.labels, value.values, value.present, strict=True)
    ]


@pytest.mark.parametrize(
    ("operator", "a", "b", "result"),
    [
        ("+", 1, 2, 3),
        ("/", 1, 0, math.nan),
        ("%", 5, 0, math.nan),
        ("%", -5, 3, -2),
        ("^", 2, 10, 1024),
        ("==", 1, 1, 1),
        (">", 1, 2, 0),
    ],
)
def test_numbers(operator: str, a: float, b: float, result: float) -> None:
    assert str(operate(node(operator), float(a), float(b))) == str(float(result))


def test_a_comparison_with_a_number_keeps_the_series_value() -> None:
    one = frame(({"a": "1"}, [1, 5, None]))
    assert shown(operate(node(">"), one, 3.0)) == [({"a": "1"}, [None, 5.0, None])]
    assert shown(operate(node("<"), 3.0, one)) == [({"a": "1"}, [None, 5.0, None])]
    assert shown(operate(node("> bool"), one, 3.0)) == [({"a": "1"}, [0.0, 1.0, None])]


def test_one_to_one() -> None:
    left, right = frame(({"a": "1", "b": "x"}, [6, 6])), frame(({"a": "1", "c": "y"}, [2, None]))
    assert shown(operate(node("/ on (a)"), left, right)) == [({"a": "1"}, [3.0, None])]
    assert shown(operate(node("/"), left, right)) == []
    assert shown(operate(node("- ignoring (b, c)"), left, right)) == [({"a": "1"}, [4.0, None])]


def test_many_to_one() -> None:
    many = frame(({"a": "1", "b": "x"}, [6]), ({"a": "1", "b": "y"}, [8]))
    one = frame(({"a": "1", "c": "z"}, [2]))
    assert shown(operate(node("/ on (a) group_left (c)"), many, one)) == [
        ({"a": "1", "b": "x", "c": "z"}, [3.0]),
        ({"a": "1", "b": "y", "c": "z"}, [4.0]),
    ]
    assert shown(operate(node("/ on (a) group_right"), one, frame(({"a": "1", "b": "x"}, [4])))) == [
        ({"a": "1", "b": "x"}, [0.5])
    ]
    with pytest.raises(EvaluationError, match="many-to-one matching must be explicit"):
        operate(node("/ on (a)"), many, one)
    with pytest.raises(EvaluationError, match="right hand-side;many-to-many matching not allowed"):
        operate(node("/ on (a)"), one, many)


def test_set_operations() -> None:
    left, right = (
        frame(({"a": "1"}, [1, 2]), ({"a": "2"}, [3, 4])),
        frame(({"a": "1"}, [9, None]), ({"a": "3"}, [7, 7])),
    )
    assert shown(operate(node("and"), left, right)) == [({"a": "1"}, [1.0, None]), ({"a": "2"}, [None, None])]
    assert shown(operate(node("unless"), left, right)) == [({"a": "1"}, [None, 2.0]), ({"a": "2"}, [3.0, 4.0])]
    assert shown(operate(node("or"), left, right))[-1] == ({"a": "3"}, [7.0, 7.0])
    with pytest.raises(QueryError, match="unexpected literal"):
        operate(node("and"), left, 1.0)
