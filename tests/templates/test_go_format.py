"""Numbers as Go prints them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.templates.go_format import show, show_exponent, show_float


@pytest.mark.parametrize(
    ("value", "plain", "exponent"),
    [
        (0.0, "0", "0e+00"),
        (1.0, "1", "1e+00"),
        (166.0, "166", "1.66e+02"),
        (0.08333333333333333, "0.08333333333333333", "8.333333333333333e-02"),
        (100000.0, "100000", "1e+05"),
        (1000000.0, "1e+06", "1e+06"),
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


def test_other_values() -> None:
    assert show({"b": 1, "a": [True, None]}) == "map[a:[true <nil>] b:1]"
