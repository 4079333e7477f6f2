"""Sizes as Loki reads them. Expected values from Loki's answers."""

import pytest

from whodid.query.go_values import as_compared, parse_size_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("5", 5), ("5B", 5), ("1kb", 1000), ("1 KiB", 1024), ("1k", 1000), ("12,000", 12_000)),
        *(("1.5MB", 1_500_000), ("2GiB", 2 << 30)),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "MB", "5 apples", "1.2.3MB", "999999999EB"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size_bytes(text)


@pytest.mark.parametrize(
    ("written", "compared"),
    [(1024, 1000), (1536, 1500), (8 * 10**6, 8 * 10**6), (12_400_000, 12 * 10**6), (0, 0), (7, 7)],
)
def test_a_filter_compares_with_a_size_as_loki_prints_it(written: int, compared: int) -> None:
    assert as_compared(written) == compared
