"""What Loki leaves out of a query before it runs."""

import pytest

from whodid.logql import print_expr
from whodid.logql.ast import RangeAggregation
from whodid.logql.parser import parse
from whodid.query.rewrite import as_run


@pytest.mark.parametrize(
    ("written", "run"),
    [
        ('count_over_time({job="x"} | json | line_format "z" [1m])', 'count_over_time({job="x"} | json [1m])'),
        (
            'rate({job="x"} | line_format "a" | a="b" | line_format "z" | drop c [1m])',
            'rate({job="x"} | a="b" | drop c [1m])',
        ),
        (
            'sum_over_time({job="x"} | line_format "z" | decolorize | unwrap a [1m])',
            'sum_over_time({job="x"} | decolorize | unwrap a [1m])',
        ),
        (
            'rate({job="x"} | line_format "a" | logfmt | line_format "z" [1m])',
            'rate({job="x"} | line_format "a" | logfmt [1m])',
        ),
        ('rate({job="x"} | line_format "z" |= "a" [1m])', None),
        ('rate({job="x"} | line_format "z" | unpack [1m])', None),
        ('bytes_over_time({job="x"} | line_format "z" [1m])', None),
        ('bytes_rate({job="x"} | line_format "z" [1m])', None),
    ],
)
def test_a_line_that_nobody_reads_is_not_written(written: str, run: str | None) -> None:
    node = parse(written)
    assert isinstance(node, RangeAggregation)
    assert print_expr(as_run(node)) == print_expr(parse(run or written))
