"""Nothing is left to Python of a regular expression, nor where a stored label has the name."""

from kit.column_bench import text_bench


def test_no_line_is_in_doubt() -> None:
    query = 'sum by (level) (count_over_time({job=~".+"} | regexp "(?P<level>[0-9]+)" | level!="5" [20s]))'
    assert text_bench().doubtful(query) == 0
