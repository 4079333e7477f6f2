"""Numbers and durations as Go reads them. Expected values from Go's documentation and Loki's answers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.go_numbers import parse_duration_ns, parse_float


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("1", 1), ("+1.5", 1.5), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("0x1p4", 16)),
        *(("-Inf", -math.inf), ("infinity", math.inf)),
    ],
)
def test_floats(text: str, value: float) -> None:
    assert parse_float(text) == value


@pytest.mark.parametrize("text", ["", "x", " 1", "1 ", "1_000", "1e", "0x10", "١", "--1", "1.2.3", "nano"])
def test_no_floats(text: str) -> None:
    with pytest.raises(ValueError, match=f'strconv.ParseFloat: parsing "{text}": invalid syntax'):
        parse_float(text)


def test_a_float_out_of_range_and_nan() -> None:
    with pytest.raises(ValueError, match="value out of range"):
        parse_float("1e999")
    assert math.isnan(parse_float("NaN"))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_back(value: float) -> None:
    assert parse_float(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0), ("250ms", 250_000_000), ("1h15m30.918s", 4_530_918_000_000), ("-1.5h", -5_400_000_000_000),
        ("1us", 1_000), ("1µs", 1_000), ("1μs", 1_000), ("3ns", 3), (".5s", 500_000_000), ("+2m", 120_000_000_000),
    ],
)  # fmt: skip
def test_durations(text: str, ns: int) -> None:
    assert parse_duration_ns(text) == ns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("5", 'time: missing unit in duration "5"'),
        ("x", 'time: invalid duration "x"'),
        ("a\tü", 'time: invalid duration "a\\x09\\xc3\\xbc"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1s5", 'time: missing unit in duration "1s5"'),
        ("-", 'time: invalid duration "-"'),
        (".s", 'time: invalid duration ".s"'),
    ],
)
def test_no_durations(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration_ns(text)
    assert str(caught.value) == message
