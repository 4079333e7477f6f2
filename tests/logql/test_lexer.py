"""The lexer: how each token is spelled, where it begins, and that it never takes long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.logql_trees import patient
from whodid.logql.lexer import tokenize


def kinds(text: str) -> list[str]:
    return [token.kind for token in tokenize(text)]


def first(text: str) -> tuple[str, object]:
    token = tokenize(text)[0]
    return token.kind, token.value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("rate(", "FUNCTION", "rate"),
        ("Rate (", "FUNCTION", "rate"),
        ("sum by (", "FUNCTION", "sum"),
        ("SUM\n WITHOUT(", "FUNCTION", "sum"),
        ("sum bytes (", "IDENTIFIER", "sum"),
        ("sum by x", "IDENTIFIER", "sum"),
        ("rate", "IDENTIFIER", "rate"),
        ("ip=", "IDENTIFIER", "ip"),
        ("foo(", "IDENTIFIER", "foo"),
        ("By", "by", "By"),
        ("_x9", "IDENTIFIER", "_x9"),
        ('"a\\nb"', "STRING", "a\nb"),
        ("`a\\nb`", "STRING", "a\\nb"),
        ("`two\nlines`", "STRING", "two\nlines"),
        ("--strict", "PARSER_FLAG", "--strict"),
        ("--keep-empty", "PARSER_FLAG", "--keep-empty"),
        ("12", "NUMBER", 12.0),
        (".5", "NUMBER", 0.5),
        ("5.", "NUMBER", 5.0),
        ("1e-3", "NUMBER", 0.001),
        ("1_000", "NUMBER", 1000.0),
        ("0x1p-2", "NUMBER", 0.25),
        ("5m", "DURATION", 300_000_000_000),
        ("1.5s", "DURATION", 1_500_000_000),
        ("1h30m", "DURATION", 5_400_000_000_000),
        ("100us", "DURATION", 100_000),
        ("100µs", "DURATION", 100_000),
        ("1d", "DURATION", 86_400_000_000_000),
        ("-5m", "DURATION", -300_000_000_000),
        ("20MB", "BYTES", 20_000_000),
        ("1.5KiB", "BYTES", 1536),
        ("7B", "BYTES", 7),
        ("[5m]", "RANGE", 300_000_000_000),
        ("[1w2d]", "RANGE", 777_600_000_000_000),
    ],
)
def test_one_token(text: str, kind: str, value: object) -> None:
    assert first(text) == (kind, value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!= !~ !> |= |~ |> | = == =~ > >= < <=", "!= !~ !> |= |~ |> | = == =~ > >= < <= $end"),
        ("{}(),+-*/%^", "{ } ( ) , + - * / % ^ $end"),
        ("a=~b", "IDENTIFIER =~ IDENTIFIER $end"),
        ("1mb", "DURATION IDENTIFIER $end"),
        ("1kb", "BYTES IDENTIFIER $end"),
        ("1m1", "NUMBER IDENTIFIER $end"),
        ("-5", "- NUMBER $end"),
        ("1-5", "NUMBER - NUMBER $end"),
        ("# all comment", "$end"),
        ("1 # one\n# two\n2", "NUMBER NUMBER $end"),
        ("\ufeff1", "NUMBER $end"),
    ],
)
def test_several_tokens(text: str, expected: str) -> None:
    assert " ".join(kinds(text)) == expected


@pytest.mark.parametrize(
    ("text", "offset", "part"),
    [
        ('x "abc', 2, "literal not terminated"),
        ('x "a\nb"', 2, "literal not terminated"),
        ("x `abc", 2, "literal not terminated"),
        ("x [5m", 2, "missing closing ']'"),
        ("x ['5m']", 2, "not a valid duration"),
        ("x 'a'", 2, "double quotes"),
        ("x ; y", 2, "unexpected character ';'"),
        ("x\u00a0y", 1, "unexpected character"),
        (r'"\q"', 0, r"invalid char escape \q"),
        (r'"\ud800"', 0, r"invalid char escape \ud800"),
        ("--lax", 0, "unexpected flag --lax"),
    ],
)
def test_what_is_no_token_ends_the_list(text: str, offset: int, part: str) -> None:
    last = tokenize(text)[-1]
    assert (last.kind, last.offset) == ("ERROR", offset)
    assert part in str(last.value)


def test_offsets_point_at_the_token() -> None:
    assert [token.offset for token in tokenize('{a="b"}\n  | json')] == [0, 1, 2, 3, 6, 10, 12, 16]


@patient()
@given(st.text())
def test_any_text_ends(text: str) -> None:
    assert kinds(text)[-1] in ("$end", "ERROR")


@pytest.mark.parametrize("piece", ["1m.", "1M.", "rate ", "#\n", "[", '"', "`", "-", "1e", "\\", "1h1m1s", "rate  "])
def test_time_grows_with_the_length_only(piece: str) -> None:
    start = time.process_time()
    tokenize(piece * (120_000 // len(piece)))
    assert time.process_time() - start < 3
