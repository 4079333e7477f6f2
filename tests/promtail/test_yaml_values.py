"""YAML as go-yaml 2 reads it."""

import math

import pytest

from whodid.document import Document, compose
from whodid.promtail.yaml_values import plain_values, scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("N", False), ("Off", False), ("yES", "yES"), ("~", None), ("", None), ("null", None),
        ("5", 5), ("-5", -5), ("1_000", 1000), ("010", 8), ("0o17", 15), ("0x1F", 31), ("0b11", 3), ("08", 8.0),
        ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("+.inf", math.inf), ("2026-01-05", "2026-01-05"),
        ("1.2.3", "1.2.3"), ("-", "-"), ("12:30", "12:30"), ("1s", "1s"), ("..", ".."), ("-x", "-x"),
    ],
)  # fmt: skip
def test_bare_words(text: str, value: object) -> None:
    found = scalar(text)
    assert (type(found), found) == (type(value), value)


def values(text: str) -> tuple[object, Document]:
    document = compose(text, "x.yml")
    assert document.root is not None
    return plain_values(document, document.root), document


def test_quotes_and_tags_make_texts() -> None:
    found, _ = values("- n\n- 'n'\n- \"5\"\n- !!str 5\n- 5\n- |-\n  5\n")
    assert found == [False, "n", "5", "5", 5, "5"]


def test_structures_and_merges() -> None:
    found, document = values("a: &a {x: 1, n: 2}\nb: {<<: *a, x: 3}\n5: [~]\n")
    assert found == {"a": {"x": 1, False: 2}, "b": {"x": 3, False: 2}, 5: [None]}
    assert document.mistakes == []


def test_mistakes_have_places() -> None:
    _, document = values("a: 1\nb:\n  c: 1\n  c: 2\n? [x]\n: 1\n")
    assert [str(mistake) for mistake in document.mistakes] == [
        "x.yml:4:3: key 'c' is given twice",
        "x.yml:5:3: a key must be a text, not a list or a mapping",
    ]


def test_bombs_are_defused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    _, document = values("\n".join(lines))
    assert len(document.mistakes) == 1
    _, document = values("a: &a [*a]")
    assert "50 levels" in document.mistakes[0].message
