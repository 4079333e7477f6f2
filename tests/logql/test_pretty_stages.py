"""Numbers and sizes in Loki's spelling; the stages themselves stand in pretty.cases."""

import pytest

from whodid.logql.pretty_stages import go_float, humanized


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (100.0, "100"),
        (123456.0, "123456"),
        (1234567.0, "1.234567e+06"),
        (1e21, "1e+21"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.5e-7, "-2.5e-07"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Inf"),
    ],
)
def test_floats_as_go_prints_them(value: float, text: str) -> None:
    assert go_float(value) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0B"), (9, "9B"), (82, "82B"), (1024, "1.0kB"), (1_500, "1.5kB"), (20_000_000, "20MB"), (2**60, "1.2EB")],
)
def test_sizes_as_humanize_prints_them(size_bytes: int, text: str) -> None:
    assert humanized(size_bytes) == text
