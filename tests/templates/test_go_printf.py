"""Sprintf's bounds and its floats in other bases; its answers are templates (language.yml)."""

import random
import struct

import pytest

from whodid.templates.go_printf import sprintf
from whodid.templates.values import MAX_CHARS, Failure


def test_floats_read_back() -> None:
    rng = random.Random(7)
    numbers = [5e-324, 2.0**-1022, 1.7976931348623157e308, 1.0]
    numbers += [struct.unpack("d", rng.randbytes(8))[0] for _ in range(500)]
    for number in (number for number in numbers if number - number == 0):
        assert float.fromhex(sprintf("%x", [number])) == number
        mantissa, exponent = sprintf("%b", [number]).split("p")
        assert float.fromhex(f"{int(mantissa):#x}p{exponent}") == number
        # Four hexadecimal places are seventeen bits: never farther off than half of the last one.
        short = float.fromhex(sprintf("%.4x", [number / 4]))
        assert abs(short - number / 4) <= abs(number / 4) * 2.0**-17 + 5e-324


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("%1000000v", [[1, 2, 3]]),
        ("%1000000d%1000000d", [1, 2]),
        ("%.1000000d", [[1, 2]]),
        ("%*d" * 3, [999_999, 1] * 3),
        ("%v", [["x" * 1000] * 2000]),
        ("%.501f", [1.5]),
    ],
)
def test_what_grows_too_large(text: str, values: list[object]) -> None:
    with pytest.raises(Failure):
        sprintf(text, values)


def test_brackets_without_end_take_no_time() -> None:
    text = "%[" * 20_000
    assert len(sprintf(text, [])) < MAX_CHARS
