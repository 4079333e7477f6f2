"""Nothing is left to Python of a pattern but series with an empty label, nor where a stored label has the name."""

from kit.column_bench import text_bench


def test_no_line_is_in_doubt() -> None:
    query = 'sum by (level) (count_over_time({job=~".+"} | pattern `<_>"<level>"` | level!="5", level!="" [20s]))'
    assert text_bench().doubtful(query) == 0
