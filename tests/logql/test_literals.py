"""Literals: reading and writing are each other's inverse, and what Go refuses is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.logql_trees import patient
from whodid.logql import literals
from whodid.model.labels import quote

SECOND = 1_000_000_000


@patient()
@given(st.text())
def test_a_quoted_text_reads_back(text: str) -> None:
    assert literals.unquote(quote(text)[1:-1]) == text


@patient()
@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_a_number_reads_back(value: float) -> None:
    assert literals.parse_number(literals.format_number(value)) == value


@patient()
@given(st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1))
def test_a_duration_reads_back(duration_ns: int) -> None:
    assert literals.parse_duration(literals.format_duration(duration_ns)) == duration_ns


@patient()
@given(st.integers(min_value=0, max_value=2**53), st.sampled_from((1, 1000, 1024, 1024**3)))
def test_a_size_reads_back(count: int, unit: int) -> None:
    size_bytes = int(float(count * unit))
    if size_bytes < 2**64:
        assert literals.parse_size(literals.format_size(size_bytes)) == size_bytes


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\a\b\f\n\r\t\v\\\"", '\a\b\f\n\r\t\v\\"'),
        (r"\x41\101\u0041\U00000041", "AAAA"),
        (r"\xc3\xa9", "é"),
        ("é — \U0001f600", "é — \U0001f600"),
    ],
)
def test_escapes(body: str, text: str) -> None:
    assert literals.unquote(body) == text


@pytest.mark.parametrize("body", [r"\'", r"\q", r"\x4", r"\777", r"\08", r"\u12", r"\ud800", r"\U00110000", r"\xff"])
def test_bad_escapes(body: str) -> None:
    with pytest.raises(ValueError, match="escape"):
        literals.unquote(body)


@pytest.mark.parametrize("text", ["0x10", "1e999", "1__0", ""])
def test_bad_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="unable to parse literal as a float"):
        literals.parse_number(text)


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("1w", 7 * 86400 * SECOND),
        ("1y", 365 * 86400 * SECOND),
        ("1.5h", 5400 * SECOND),
        ("30m1h", 5400 * SECOND),
        (".5s", SECOND // 2),
        ("1ns", 1),
        ("0.1234567891s", 123456789),
        ("-24h", -86400 * SECOND),
    ],
)
def test_durations(text: str, duration_ns: int) -> None:
    assert literals.parse_duration(text) == duration_ns


@pytest.mark.parametrize("text", ["", "5", "5x", "1.5d", "--5m", "-1d", "m", "300y", "99999999999h"])
def test_bad_durations(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        literals.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("1B", 1),
        ("5k", 5000),
        ("5Ki", 5120),
        ("1kB", 1000),
        ("1MiB", 1048576),
        ("2PB", 2 * 10**15),
        ("1.5TB", 15 * 10**11),
    ],
)
def test_sizes(text: str, size_bytes: int) -> None:
    assert literals.parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["5", "5i", "5iB", "5EB", "1mb", "99999PB", "B"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        literals.parse_size(text)


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0B"), (999, "999B"), (1000, "1kB"), (1024, "1KiB"), (20_000_000, "20MB"), (3 << 40, "3TiB")],
)
def test_a_size_is_written_in_its_largest_whole_unit(size_bytes: int, text: str) -> None:
    assert literals.format_size(size_bytes) == text
