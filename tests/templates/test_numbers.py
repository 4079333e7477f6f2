"""Numbers as sprig counts; most are in template_functions.yml."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.templates.numbers import NUMBERS, add, divide, modulo, multiply, real, rounded, whole

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


@pytest.mark.parametrize(
    ("value", "is_whole", "is_real"),
    [
        ("5", 5, 5.0),
        ("-5.0", -5, -5.0),
        ("1e3", 0, 1000.0),
        ("", 0, 0.0),
        (None, 0, 0.0),
        ([], 0, 0.0),
        (1.9, 1, 1.9),
        (True, 1, 1.0),
        ("9" * 40, 0, 1e40),
        (math.nan, -(1 << 63), None),
    ],
)
def test_what_is_a_number(value: object, is_whole: int, is_real: float | None) -> None:
    assert whole(value) == is_whole
    assert is_real is None or real(value) == is_real


@given(INT64, INT64)
def test_int64_wraps(a: int, b: int) -> None:
    for made, exact in [(add(a, b), a + b), (multiply(a, b), a * b)]:
        assert -(1 << 63) <= made < 1 << 63
        assert (made - exact) % (1 << 64) == 0


@given(st.integers(-100, 100), st.integers(-100, 100).filter(bool))
def test_division_cuts_towards_zero(a: int, b: int) -> None:
    assert divide(a, b) == math.trunc(a / b)
    assert divide(a, b) * b + modulo(a, b) == a


def test_decimals() -> None:
    assert NUMBERS["divf"].call(2, 3) == 0.6666666666666667
    assert NUMBERS["divf"].call(1e300, 1e-300) == math.inf
    assert NUMBERS["mulf"].call(1e200, 1e200) == math.inf


def test_rounding() -> None:
    assert rounded("3.7", 0) == 4
    assert rounded(-2.3, 0) == -3  # as sprig has it
    assert math.isnan(rounded(1.0, 999))
    assert math.isnan(rounded(math.inf, 0))
