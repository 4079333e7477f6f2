"""Types and truth of values."""

import math

import pytest

from whodid.templates.go_time import ZERO
from whodid.templates.values import MAX_CHARS, Failure, Int64, StringMap, Struct, joined, truth, type_name


class Alert(Struct):
    type_name = "alert"


@pytest.mark.parametrize(
    ("value", "name", "is_true"),
    [
        ("", "string", False),
        ("0", "string", True),
        (True, "bool", True),
        (0, "int", False),
        (Int64(5), "int64", True),
        (math.nan, "float64", True),
        (0.0, "float64", False),
        ([], "[]interface {}", False),
        ({"a": 1}, "map[string]interface {}", True),
        (StringMap(), "map[string]string", False),
        (Alert(), "alert", True),
        (ZERO, "time.Time", True),
        (None, "<nil>", False),
    ],
)
def test_types_and_truth(value: object, name: str, is_true: bool) -> None:
    assert (type_name(value), truth(value)) == (name, is_true)


def test_an_absent_label_is_empty() -> None:
    assert StringMap(a="b")["c"] == ""


def test_texts_do_not_grow_without_end() -> None:
    assert joined(["a", "b"]) == "ab"
    with pytest.raises(Failure, match="longer than"):
        joined("a" * 1000 for _ in range(MAX_CHARS))
