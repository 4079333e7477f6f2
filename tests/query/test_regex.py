"""RE2 only, the same text for both sides."""

import pytest

from whodid.query.errors import QueryError
from whodid.query.regex import anchored, compiled, named_anchored, unanchored


def test_anchored_and_unanchored() -> None:
    assert compiled(anchored("a|b.c")).search("b\nc")
    assert not compiled(anchored("a|b")).search("ab")
    assert compiled(unanchored("a.b")).search("xa-by")
    assert not compiled(unanchored("a.b")).search("xa\nby")
    assert compiled(unanchored("(?s)a.b")).search("xa\nby")
    assert not compiled(named_anchored("a.b")).search("a\nb")


@pytest.mark.parametrize("pattern", ["(a", "(?=a)", r"\1", "a{1001}", "["])
def test_what_re2_has_not_is_refused_without_noise(pattern: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(QueryError, match="error parsing regexp"):
        anchored(pattern)
    assert capfd.readouterr() == ("", "")


def test_captures_lose_their_names_and_nothing_else() -> None:
    assert unanchored(r"(?P<a_b>b.)(?<c>d)?[(?P<x>]\(?P<y>") == r"(?-s:(b.)(d)?[(?P<x>]\(?P<y>)"
    assert anchored("(?P<a_b>x)") == "^(?s:(x))$"
