"""Variables in a promtail.yml."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.promtail.expansion import BadSubstitution, expanded

SET = {"A": "x", "EMPTY": "", "PATH_": "/var/log/app.log", "NAME": "Shop-Main"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "x"),
        ("${NONE}", ""),
        ("${NONE:-a:b}", "a:b"),
        ("${NONE-b}", ""),  # a dash belongs to the name
        ("${EMPTY:-d}", "d"),
        ("${EMPTY:=d}${EMPTY=e}${EMPTY:+f}${A:+g}", "defx"),
        ("${A:-d}${A}", "xx"),
        ("${NONE:-<${A}${NONE:-y}>}", "<xy>"),
        ("${NONE:-}|", "|"),
        ("$A $1 (a|b)$", "$A $1 (a|b)$"),
        ("${1}", ""),
        ("$${A} $$1 a$$", "${A} $1 a$"),
        (r"'\\w+' '\w+' '\/'", r"'\w+' '\w+' '/'"),
        ("${#NAME}", "9"),
        ("${NAME^^} ${NAME,,} ${NAME^} ${NAME,}", "SHOP-MAIN shop-main Shop-Main shop-Main"),
        ("${NAME:5} ${NAME:5:2} ${NAME:-4}", "Main Ma Shop-Main"),
        ("${PATH_%.log} ${PATH_##*/} ${PATH_#/*/} ${PATH_%%.*}", "/var/log/app app.log log/app.log /var/log/app"),
        ("${PATH_/log/LOG} ${PATH_//log/} ${PATH_/#\\/var/\\/srv} ${PATH_/%log/txt}",
         "/var/LOG/app.log /var//app. /srv/log/app.log /var/log/app.txt"),
    ],
)  # fmt: skip
def test_expanded(text: str, expected: str) -> None:
    assert expanded(text, SET) == expected


@pytest.mark.parametrize(
    "text", ["a: 1\nb: ${a b}", "a: 1\nb: ${", "a: 1\nb: ${}", "a: 1\nb: ${A:-x", "a: 1\nb: ${A/x}"]
)
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(BadSubstitution, match="bad substitution") as caught:
        expanded(text, SET)
    assert (caught.value.line, caught.value.column) == (2, 4)


@given(st.text(st.sampled_from("${}:-=#%/^,\\aA\n")))
def test_it_ends_with_a_text_or_one_error(text: str) -> None:
    try:
        expanded(text, SET)
    except BadSubstitution as e:
        assert e.line <= text.count("\n") + 1
