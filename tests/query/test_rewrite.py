"""What Loki changes of a query before it runs."""

import pytest

from whodid.logql import print_expr
from whodid.logql.ast import LogQuery, RangeAggregation
from whodid.logql.parser import parse
from whodid.query.rewrite import as_run, in_order


@pytest.mark.parametrize(
    ("written", "ordered"),
    [
        ('| json |= "x"', '|= "x" | json'),
        (
            '|= "a" | decolorize | logfmt |= "x" or "y" | drop a != "z"',
            '|= "a" |= "x" or "y" | decolorize | logfmt | drop a != "z"',
        ),
        ('| json | a="b" |= "x"', '| json | a="b" |= "x"'),
        ('| decolorize | a="b" | json |~ "x"', '| decolorize | a="b" |~ "x" | json'),
        ('| json | line_format "z" | json |= "x"', '| json | line_format "z" |= "x" | json'),
        ('| decolorize | unpack |= "x"', '| decolorize | unpack |= "x"'),
    ],
)
def test_line_filters_come_first_where_nothing_bars_them(written: str, ordered: str) -> None:
    query, expected = parse(f'{{job="x"}} {written}'), parse(f'{{job="x"}} {ordered}')
    assert isinstance(query, LogQuery)
    assert isinstance(expected, LogQuery)
    assert in_order(query.stages) == expected.stages


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


@pytest.mark.parametrize(
    ("written", "run"),
    [
        ('|= ip("::1")', '|= ip("::1")'),
        ('!= ip("::1") or "a" or ip("::2")', '!= ip("::1") or "a" or ip("::2")'),
        ('|= ip("::1") or "a" or "b"', '|= "::1" or "a" or "b"'),
        ('|= "a" or "b" or ip("::1") or "c" or "d"', '|= "a" or "c" or "d"'),
        ('|= "a" or ip("::1") or ip("::2")', '|= "a" or "::2"'),
        ('|= "" or "a" or "" or "b"', '|= "a" or "b"'),
        ('|= "" or ""', '|= ""'),
        ('|~ "" or ".*" or "a|b"', '|~ "a|b"'),
        ('!= "" or "a"', '!= "" or "a"'),
        ('!~ "a.*(bc|de)" or "x"', '!~ "abc|ade" or "x"'),
        ('|> "<_>" or ""', '|> "<_>" or ""'),
    ],
)
def test_operands(written: str, run: str) -> None:
    query, expected = parse(f'{{job="x"}} {written}'), parse(f'{{job="x"}} {run}')
    assert isinstance(query, LogQuery)
    assert isinstance(expected, LogQuery)
    assert in_order(query.stages) == expected.stages
