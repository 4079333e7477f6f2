"""Ordinary lines are read by the engine to the last one; that it reads them right is in test_in_engine.py."""

import pytest

from kit.column_bench import ORDINARY_JSON, ColumnBench


@pytest.mark.parametrize(
    "query",
    [
        'sum by (level) (count_over_time({job="one"} | json [20s]))',
        'sum by (level) (count_over_time({job="one"} | json | level="INFO" | status>=500 | __error__="" [20s]))',
        'sum by (job, level, ctx) (count_over_time({job="one"} | json | __error__="" [20s]))',
        'quantile_over_time(0.5, {job="one"} | json | unwrap ms | __error__="" [20s]) by (level)',
    ],
)
def test_ordinary_lines_are_in_no_doubt(query: str) -> None:
    assert ColumnBench(ORDINARY_JSON).doubtful(query) == 0


@pytest.mark.parametrize(
    "line",
    [
        '{" level": "x", "level": "y"}', '{"a": {"level": "x"}, "level": "y"}', '{"": {"level": "x"}, "level": "y"}',
        '{"level" : "x", "level": "y"}', '{"lev\\u0065l": "x", "level": "y"}',
        '{"level": "x"', '{"a": tru, "level": "x"}',
        '{"a\\"level": "x"}', '{"level": null, "level": "y"}', '{"level": {"a": "\\\\"}, "level": "y"}',
        '{"level": [1], "lev\\u0065l": "y"}',
    ],
)  # fmt: skip
def test_what_may_be_another_spelling_is_left_to_python(line: str) -> None:
    assert ColumnBench([line]).doubtful('sum by (level) (count_over_time({job="one"} | json | level!="" | a="" [20s]))')


@pytest.mark.parametrize("value", ["null", "[1]", '{"x": 1}'])
def test_a_value_that_is_no_label_is_no_doubt_unless_the_name_comes_again(value: str) -> None:
    bench = ColumnBench([f'{{"level": {value}, "level_id": 5}}'])
    assert bench.doubtful('sum by (level) (count_over_time({job="one"} | json | level!="" [20s]))') == 0
