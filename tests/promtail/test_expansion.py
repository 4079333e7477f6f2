"""Variables in a promtail.yml."""

import pytest

from whodid.promtail.expansion import expanded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "x"),
        ("${NONE}", ""),
        ("${NONE:-a:b}", "a:b"),
        ("${NONE-b}", "b"),
        ("${EMPTY:-d}", "d"),
        ("${A:-d}${A}", "xx"),
        ("$A ${1} $1 (a|b)$ ${a b}", "$A ${1} $1 (a|b)$ ${a b}"),
    ],
)
def test_expanded(text: str, expected: str) -> None:
    assert expanded(text, {"A": "x", "EMPTY": ""}) == expected
