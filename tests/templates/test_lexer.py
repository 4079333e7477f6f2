"""Template text to tokens; faults are in language.yml."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.templates.errors import TemplateError
from whodid.templates.lexer import tokens


def cut(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokens(text, "t")]


def test_blanks_part_operands() -> None:
    assert cut("a{{.x.y .z}}") == [
        ("text", "a"),
        ("{{", "{{"),
        ("field", ".x"),
        ("field", ".y"),
        ("space", " "),
        ("field", ".z"),
        ("}}", "}}"),
        ("EOF", ""),
    ]


def test_trim_marks_and_comments_leave_no_token() -> None:
    assert [text for kind, text in cut("a \n{{- 1 -}}\t b {{- /* c }} */ -}} d") if kind == "text"] == ["a", "b", "d"]


def test_a_minus_is_no_trim_mark_before_a_number() -> None:
    assert ("number", "-1") in cut("a {{-1}}")
    assert cut("a {{-1}}")[0] == ("text", "a ")


def test_closing_signs_in_texts_close_nothing() -> None:
    assert ("string", '"}}"') in cut('{{ "}}" }}')
    assert ("raw", "`}}`") in cut("{{ `}}` }}")


@given(st.text(alphabet="{}-$.|()\"`'/* ab1:=\n\t,@", max_size=40))
def test_every_text_ends_in_tokens_or_one_error(text: str) -> None:
    try:
        assert cut(text)[-1] == ("EOF", "")
    except TemplateError as error:
        assert str(error).startswith("template: t:")


def test_errors_name_the_line() -> None:
    with pytest.raises(TemplateError, match="template: t:3: unclosed action"):
        cut("\n\n{{ .a")
