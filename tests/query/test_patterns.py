"""What patterns match and capture."""

import pytest

from whodid.logql.patterns import split_pattern
from whodid.query import patterns


@pytest.mark.parametrize(
    ("pattern", "line", "matches"),
    [
        ("<_>needle<_>", "a needle b", True),
        ("<_>needle<_>", "needle b", False),
        ("<_>needle", "a needle", True),
        ("<_>needle", "a needle b", False),
        ("a<_>", "a", False),
        ("exact", "exact", True),
        ("exact", "exactly", False),
        ("<_>", "x", True),
        ("<_>", "", False),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_matches(pattern: str, line: str, matches: bool) -> None:
    assert patterns.matches(split_pattern(pattern), line) is matches


@pytest.mark.parametrize(
    ("pattern", "line", "captured"),
    [
        ("<a> <b>", "1 2 3", {"a": "1", "b": "2 3"}),
        ("x<a>y<_>z<b>", "x1y2z3", {"a": "1", "b": "3"}),
        ("<a>-<b>", "no dash", {"a": "no dash"}),
        ("x<a>", "y", {}),
        ("<a>!", "1!2", {"a": "1"}),
        ("<a>", "", {}),
    ],
)
def test_captured(pattern: str, line: str, captured: dict[str, str]) -> None:
    assert dict(patterns.captured(split_pattern(pattern), line)) == captured


def test_literals() -> None:
    assert patterns.literals(split_pattern("a<_>b")) == ["a", "b"]
