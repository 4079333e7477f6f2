"""Literals of templates."""

import pytest

from whodid.templates.literals import character, number, string


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ('"a"', "a"),
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'"\101\x41\u00fc\U0001F680"', "AAü🚀"),
        (r'"\xff"', "\ufffd"),
        (r"`\n`", r"\n"),
    ],
)
def test_strings(token: str, text: str) -> None:
    assert string(token) == text


@pytest.mark.parametrize("token", [r'"\q"', r'"\400"', r'"\ud800"', r'"\x4"', r'"\'"'])
def test_no_strings(token: str) -> None:
    with pytest.raises(ValueError, match="invalid syntax"):
        string(token)


@pytest.mark.parametrize(
    ("token", "value"),
    [
        *(("1", 1), ("-0x1F", -31), ("+5", 5), ("0o17", 15), ("017", 15), ("0b101", 5), ("1_0", 10), ("0", 0)),
        *(("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("0x1p4", 16.0), ("1.", 1.0)),
    ],
)
def test_numbers(token: str, value: float) -> None:
    assert number(token) == value
    assert type(number(token)) is type(value)


@pytest.mark.parametrize("token", ["08", "9223372036854775808", "1" * 5000, "1e", "0x"])
def test_no_numbers(token: str) -> None:
    with pytest.raises(ValueError, match=r"bad number syntax|integer overflow"):
        number(token)


def test_characters() -> None:
    assert (character("'x'"), character(r"'\n'"), character(r"'\''")) == (120, 10, 39)
    with pytest.raises(ValueError, match="malformed character constant"):
        character("'xy'")
