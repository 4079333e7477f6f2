"""Ordinary lines are read by the engine to the last one; that it reads them right is in test_in_engine.py."""

import pytest

from kit.column_bench import ORDINARY_LOGFMT, ColumnBench


def test_ordinary_lines_are_in_no_doubt() -> None:
    query = 'sum by (level, ms, absent) (count_over_time({job="one"} | logfmt [20s]))'
    assert ColumnBench(ORDINARY_LOGFMT).doubtful(query) == 0


@pytest.mark.parametrize(
    "line", ['msg=" level=x "', 'a"b level=x', "level= level=x", "\u00a0level=y level=x", 'level="a\\"b"']
)
def test_what_may_be_no_pair_is_left_to_python(line: str) -> None:
    assert ColumnBench([line]).doubtful('sum by (level) (count_over_time({job="one"} | logfmt [20s]))') == 1
