"""Nodes as Go writes them back."""

import pytest

from whodid.templates.parser import parse
from whodid.templates.tree import Action, written


@pytest.mark.parametrize(
    "text",
    ['.a.b', '$x.a', 'f "a" 1.50 nil true .', '(f .a | f).b', '$y := .a', '$x = .a | f (.b | f) `c`'],
)  # fmt: skip
def test_written(text: str) -> None:
    (action,) = parse(f"{{{{ {text} }}}}", "t", {"f"}, ["$x"])
    assert isinstance(action, Action)
    assert written(action.pipe) == text
