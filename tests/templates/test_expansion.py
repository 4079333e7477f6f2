"""References to groups in a replacement."""

import pytest
import re2

from whodid.templates.expansion import expanded


@pytest.mark.parametrize(
    ("pattern", "replacement", "text", "made"),
    [
        ("(.*)@(.*)", "$2 at $1", "ana@x", "x at ana"),
        ("a(?P<n>.)", "<${n}|$n|$0>", "ab ac", "<b|b|ab> <c|c|ac>"),
        ("(a)", "$1x", "a", ""),
        ("(a)", "${1}x", "a", "ax"),
        ("a", "$$1 $9 $99999999999 $", "a", "$1   $"),
        ("x*", "-", "abc", "-a-b-c-"),
        ("a*", "-", "baac", "-b-c-"),
        ("ü", "u", "für", "fur"),
    ],
)
def test_expansion(pattern: str, replacement: str, text: str, made: str) -> None:
    assert "".join(expanded(re2.compile(pattern), replacement, text)) == made
