"""The cursor: reading tokens, and saying what was expected."""

import pytest

from whodid.logql import LogQLError
from whodid.logql.cursor import MAX_NESTING, Cursor


def test_reading() -> None:
    cursor = Cursor('a "b" 5 [5m] rate(x)')
    assert cursor.peek().kind == "STRING"
    assert not cursor.accept("STRING")
    assert cursor.expect_text() == "a"
    assert cursor.expect_text("STRING") == "b"
    assert cursor.expect_number("NUMBER") == 5.0
    assert cursor.expect_integer("RANGE") == 300_000_000_000
    assert not cursor.accept_function("sum")
    assert cursor.accept_function("rate")
    assert cursor.accept("(")
    cursor.advance()
    cursor.advance()
    assert cursor.kind == "$end"
    assert cursor.peek().kind == "$end"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "unexpected IDENTIFIER, expecting ( or )"),
        ("rate(x)", "unexpected RATE, expecting ( or )"),
        ("json", "unexpected json, expecting ( or )"),
        ("  ", "unexpected $end, expecting ( or )"),
        ("'", "a string is written in double quotes"),
    ],
)
def test_expecting(text: str, message: str) -> None:
    with pytest.raises(LogQLError, match=message.replace("(", r"\(").replace(")", r"\)").replace("$", r"\$")):
        Cursor(text).expect("(", ")")


def test_nesting_is_counted_both_ways() -> None:
    cursor = Cursor("x")
    for _ in range(3 * MAX_NESTING):
        cursor.enter()
        cursor.leave()
    for _ in range(MAX_NESTING):
        cursor.enter()
    with pytest.raises(LogQLError, match="nested more than 100 levels deep"):
        cursor.enter()
