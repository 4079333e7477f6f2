"""Arithmetic and sizes as Loki has them; how it writes a query stands in pretty.cases."""

import math

import pytest

from whodid.logql import parse
from whodid.logql.ast import NumberLiteral
from whodid.logql.loki_spelling import as_loki_reads, humanized


def test_arithmetic_of_numbers_is_done_and_never_fails() -> None:
    big = f"1{'0' * 308}"
    assert as_loki_reads(parse("2 ^ 3 ^ 2 % 100 - 1")) == NumberLiteral(11)
    assert as_loki_reads(parse(f"{big} * 10 % 2 > bool 0")) == NumberLiteral(0)
    assert as_loki_reads(parse("-10 ^ 1001")) == NumberLiteral(-math.inf)
    assert math.isnan(value_of("1 % 0"))
    assert math.isnan(value_of(f"{big} * 10 % 2"))


def value_of(query: str) -> float:
    expr = as_loki_reads(parse(query))
    assert isinstance(expr, NumberLiteral)
    return expr.value


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0B"), (9, "9B"), (82, "82B"), (1024, "1.0kB"), (1_500, "1.5kB"), (20_000_000, "20MB"), (2**60, "1.2EB")],
)
def test_sizes_as_humanize_prints_them(size_bytes: int, text: str) -> None:
    assert humanized(size_bytes) == text
