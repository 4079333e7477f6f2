"""Signatures: what a function takes, and how Go says that something does not fit."""

import pytest

from whodid.templates.function import accepts, function
from whodid.templates.go_time import ZERO
from whodid.templates.values import Int64


def test_signatures() -> None:
    made = function(print, "int string ...any")
    assert (made.takes, made.rest) == (("int", "string"), "interface {}")
    assert [made.type_at(i) for i in range(4)] == ["int", "string", "interface {}", "interface {}"]
    assert function(print).takes == ()


def test_misfits() -> None:
    fixed, open_ended = function(print, "int string"), function(print, "int ...any")
    assert fixed.misfit("f", 1, piped=True) is None
    assert fixed.misfit("f", 1, piped=False) == "wrong number of args for f: want 2 got 1"
    assert open_ended.misfit("f", 5, piped=False) is None
    assert open_ended.misfit("f", 0, piped=True) is None
    assert open_ended.misfit("f", 0, piped=False) == "wrong number of args for f: want at least 1 got 0"


@pytest.mark.parametrize(
    ("value", "fitting"),
    [
        ("a", {"string"}),
        (1, {"int"}),
        (Int64(1), set()),
        (1.0, {"float64"}),
        (True, {"bool"}),
        (ZERO, {"time.Time"}),
        (None, set()),
        ([], set()),
    ],
)
def test_types(value: object, fitting: set[str]) -> None:
    names = ("string", "int", "float64", "bool", "time.Time", "interface {}")
    assert {name for name in names if accepts(name, value)} == fitting | {"interface {}"}
