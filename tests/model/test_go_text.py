"""How Go prints floats and durations, and which escapes it reads."""

import math
import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.go_text import (
    duration_part_ns,
    duration_seconds,
    format_go_duration,
    plain_float,
    quoted,
    show_exponent,
    show_float,
    text_of,
    unescaped,
)


@pytest.mark.parametrize(
    ("value", "plain", "exponent"),
    [
        (0.0, "0", "0e+00"),
        (1.0, "1", "1e+00"),
        (166.0, "166", "1.66e+02"),
        (0.08333333333333333, "0.08333333333333333", "8.333333333333333e-02"),
        (100000.0, "100000", "1e+05"),
        (123456.0, "123456", "1.23456e+05"),
        (999999.9999999999, "999999.9999999999", "9.999999999999999e+05"),
        (1000000.0, "1e+06", "1e+06"),
        (1234567.0, "1.234567e+06", "1.234567e+06"),
        (1e21, "1e+21", "1e+21"),
        (-0.0, "-0", "-0e+00"),
        (-2.5e-7, "-2.5e-07", "-2.5e-07"),
        (123456789.0, "1.23456789e+08", "1.23456789e+08"),
        (0.0001, "0.0001", "1e-04"),
        (0.00001, "1e-05", "1e-05"),
        (-2.5, "-2.5", "-2.5e+00"),
        (1e300, "1e+300", "1e+300"),
        (math.inf, "+Inf", "+Inf"),
        (-math.inf, "-Inf", "-Inf"),
        (math.nan, "NaN", "NaN"),
    ],
)
def test_numbers(value: float, plain: str, exponent: str) -> None:
    assert (show_float(value), show_exponent(value)) == (plain, exponent)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_printed_reads_back(value: float) -> None:
    assert float(show_float(value)) == value
    assert float(show_exponent(value)) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (1e15, "1000000000000000"),
        (123456789012345678.0, "123456789012345680"),
        (1e22, "10000000000000000000000"),
        (1.2345e25, "12345000000000000000000000"),
        (1.5e-10, "0.00000000015"),
        (1e-7, "0.0000001"),
        (float("nan"), "NaN"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
    ],
)
def test_numbers_are_written_as_go_writes_them(value: float, expected: str) -> None:
    assert plain_float(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_its_shortest_digits_without_exponent(value: float) -> None:
    text = plain_float(value)
    assert struct.pack("d", float(text)) == struct.pack("d", value)
    assert "e" not in text.lower()
    assert not text.endswith((".", ".0"))
    significant = len(Decimal(text).normalize().as_tuple().digits)
    assert significant <= len(Decimal(repr(value)).normalize().as_tuple().digits) <= 17


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (250 * 10**6, "250ms"),
        (1_500 * 10**6, "1.5s"),
        (60 * 10**9, "1m0s"),
        (-5_400 * 10**9, "-1h30m0s"),
        (3_600 * 10**9 + 1, "1h0m0.000000001s"),
    ],
)
def test_durations_as_go_prints_them(duration_ns: int, text: str) -> None:
    assert format_go_duration(duration_ns) == text


@pytest.mark.parametrize(
    ("number", "unit", "ns"),
    [("1.5", "h", 5_400 * 10**9), (".5", "s", 5 * 10**8), ("0.1234567891", "s", 123_456_789), ("2.", "μs", 2_000)],
)
def test_parts_of_durations(number: str, unit: str, ns: int) -> None:
    assert duration_part_ns(number, unit) == ns


@pytest.mark.parametrize(
    ("body", "delimiter", "text"),
    [
        ("plain ü", '"', "plain ü".encode()),
        (r"\a\b\f\n\r\t\v\\\"", '"', b'\a\b\f\n\r\t\v\\"'),
        (r"\'", "'", b"'"),
        (r"\x41\101\u00fc\U0001F680\xff", '"', "AAü🚀".encode() + b"\xff"),
    ],
)
def test_escapes(body: str, delimiter: str, text: bytes) -> None:
    assert unescaped(body, delimiter) == text


@pytest.mark.parametrize("escape", [r"\'", r"\q", r"\x", r"\777", r"\0", r"\u", r"\ud800", r"\U00110000", r"\ü"])
def test_an_escape_that_go_does_not_know_is_named(escape: str) -> None:
    with pytest.raises(ValueError, match="^" + escape.replace("\\", r"\\") + "$"):
        unescaped(f"ok {escape}", '"')


@given(st.text(), st.booleans())
def test_what_is_quoted_reads_back(text: str, ascii_only: bool) -> None:
    literal = quoted(text, '"', ascii_only)
    assert literal.isprintable() and literal.isascii() >= ascii_only
    assert unescaped(literal[1:-1], '"') == text.encode()


def test_quotes_as_go_writes_them() -> None:
    assert quoted("a'\"\\\a\x01\x7f\u200bü🚀", '"') == r'''"a'\"\\\a\x01\x7f\u200bü🚀"'''
    assert quoted("ü'", "'", ascii_only=True) == r"'\u00fc\''"


def test_every_byte_that_is_no_utf_8_becomes_one_sign() -> None:
    assert text_of("ü".encode() + b"\xff\xe2\x82.") == "ü\ufffd\ufffd\ufffd."


def test_seconds_are_rounded_as_go_rounds_them() -> None:
    assert duration_seconds(1_344_000_000) == 1 + 0.344 != 1.344
    assert duration_seconds(-2_500_000_000) == -2.5
