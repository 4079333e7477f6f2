"""The lexer: tokens of the forms that hide other text, and texts that end too early."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.pgsql.lexer import tokenize


@pytest.mark.parametrize(
    ("sql", "tokens"),
    [
        ("a 'b''c' d", "word:a string:'b''c' word:d"),
        (r"E'\'' x", r"string:E'\'' word:x"),
        (r"'\' x", r"string:'\' word:x"),
        ("e'a'\n 'b\\'' x", "string:e'a'\n 'b\\'' word:x"),
        ("'a' 'b'", "string:'a' string:'b'"),
        ("'a' -- c\n'b' x", "string:'a' -- c\n'b' word:x"),
        ("$$a$$ $t$ $$ $t$", "string:$$a$$ string:$t$ $$ $t$"),
        ("$1,$2", "parameter:$1 symbol:, parameter:$2"),
        ("a$1$b", "word:a$1$b"),
        ('"a""b" U&"\\0041\\+000042\\\\"', 'name:a"b name:AB\\'),
        ("/* a /* b */ c */ d", "word:d"),
        ("1.5e3 .5 0x1F 1_000", "number:1.5e3 number:.5 number:0x1F number:1_000"),
        ("a--b\n-c", "word:a operator:- word:c"),
        ("EXPLAIN e'x", "word:explain string:e'x"),
        ("u&1", "word:u operator:& number:1"),
        ("ÄB É", "word:Äb word:É"),
    ],
)
def test_tokens(sql: str, tokens: str) -> None:
    assert " ".join(f"{token.kind}:{token.value}" for token in tokenize(sql)) == tokens


@pytest.mark.parametrize("sql", ["'a", "'a''", "E'a\\'", "E'a\\", '"a', "$$a", "$t$ a $$", 'U&"a', "'", '"'])
def test_cut_off(sql: str) -> None:
    *_, last = tokenize("x " + sql)
    assert not last.complete and last.end == len(sql) + 2


@pytest.mark.parametrize("sql", ["'a'", "''", "''''", "E'\\\\'", '"a"', '""""', "$$$$", "E'a'''"])
def test_complete(sql: str) -> None:
    (token,) = tokenize(sql)
    assert token.complete


@given(st.text(alphabet=st.sampled_from("aE'\"$\\/*-; \n1é"), max_size=40))
def test_tokens_lie_in_order_and_inside_of_the_text(sql: str) -> None:
    at = 0
    for token in tokenize(sql):
        assert at <= token.start < token.end <= len(sql)
        at = token.end
