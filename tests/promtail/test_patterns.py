"""RE2 by the side door says what google-re2 says by the front door."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from whodid.promtail.patterns import Pattern, PatternError

EXPRESSIONS = [r"(a+)(b)?(?P<c>.)", r"(?s)^(.*?)(ü|x)", r"", r"x*", r"(?P<w>\w+)\s+(?P<x>\S*)$", r"(𝄞)|b"]


@given(st.sampled_from(EXPRESSIONS), st.text(alphabet="aabxü𝄞 \n", max_size=12))
def test_search_is_re2s(expression: str, text: str) -> None:
    pattern, match = Pattern(expression), re2.search(expression, text)
    found = pattern.search(text, range(pattern.groups + 1))
    assert found == (None if match is None else [match.group(), *(group or "" for group in match.groups())])
    assert pattern.test(text) is Pattern(expression, captures=False).test(text) is (match is not None)


@given(st.sampled_from(EXPRESSIONS), st.text(alphabet="aabxü𝄞 \n", max_size=12))
def test_spans_are_re2s_but_for_empty_ones_behind_a_match(expression: str, text: str) -> None:
    held, before, expected = text.encode(), -1, []
    for match in re2.finditer(expression.encode(), held):
        begin, end = match.span()
        inside = begin < len(held) and held[begin] & 0xC0 == 0x80  # Go counts characters
        if not (begin == end and (begin == before or inside)):
            expected.append((begin, end))
            before = end
    assert [spans[0] for spans in Pattern(expression).spans(held)] == expected


def test_names_come_in_the_order_of_their_groups() -> None:
    assert list(Pattern("(?P<z>.)(.)(?P<a>.)").groupindex.items()) == [("z", 1), ("a", 3)]


def test_any_text_can_be_searched() -> None:
    assert Pattern("(.)$").search("a\ud800", [1]) == ["?"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [("(", "missing closing ): `(`"), ("a{2001}", "invalid repeat count"), ("\ud800", "invalid UTF-8")],
)
def test_no_expressions(expression: str, message: str) -> None:
    with pytest.raises(PatternError, match=r"error parsing regexp: ") as caught:
        Pattern(expression)
    assert message in str(caught.value)


def test_replacements_are_gos() -> None:
    expand = Pattern("(?P<a>.)(.)").expander("$2-${a}", "$9$a1")
    assert expand("xy") == ["y-x", ""]
    assert expand("x") is None
