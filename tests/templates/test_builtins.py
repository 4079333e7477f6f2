"""Go's own functions; most are in language.yml."""

import pytest

from whodid.templates.builtins import BUILTINS, equal, html, index, js, less, part
from whodid.templates.values import Failure, StringMap


def test_equality() -> None:
    assert equal(None, None)
    assert not equal(None, 1)
    assert equal("a", "b", "a")
    for wrong, words in [((1,), "missing argument"), ((1, 1.0), "incompatible types"), (([], []), "non-comparable")]:
        with pytest.raises(Failure, match=words):
            equal(*wrong)


def test_order() -> None:
    nan = float("nan")
    assert [BUILTINS[name].call(nan, 1.0) for name in ("lt", "le", "gt", "ge")] == [False, False, True, True]
    with pytest.raises(Failure, match="invalid type"):
        less({}, {})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((None, 1), "index of untyped nil"),
        ((5, 1), "can't index item of type int"),
        (({}, 1), "value has type int; should be string"),
        (([1], True), "cannot index slice/array with type bool"),
        (([1], 1), "index out of range: 1"),
    ],
)
def test_no_element(arguments: tuple[object, ...], words: str) -> None:
    with pytest.raises(Failure, match=words):
        index(*arguments)


def test_elements() -> None:
    assert index([{"a": ["x"]}], 0, "a", 0) == "x"
    assert index(StringMap(), "a") == ""
    assert index({}, "a") is None


def test_parts() -> None:
    assert part("añb", 1, 3) == "ñ"
    assert part([1, 2, 3], 1) == [2, 3]
    for wrong, words in [((1,), "can't slice"), (("a", 0, 1, 2), "cannot 3-index"), (("a", 2), "out of range: 2")]:
        with pytest.raises(Failure, match=words):
            part(*wrong)


def test_escapes() -> None:
    assert html("\0<", 1) == "\ufffd&lt;1"
    assert js("\n='") == "\\u000A\\u003D\\'"
