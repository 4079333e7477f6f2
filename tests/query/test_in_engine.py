"""Engine and Python give the same answer to every query of columns/queries.txt, whatever the lines hold."""

from pathlib import Path

import pytest

from kit.column_bench import ColumnBench, json_bench, logfmt_bench, text_bench

BENCHES = {"json": json_bench, "logfmt": logfmt_bench, "text": text_bench}
QUERIES = [
    tuple(line.split(" ", 1))
    for line in (Path(__file__).parent / "columns" / "queries.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("lines", "query"), QUERIES)
def test_engine_and_python_agree(lines: str, query: str) -> None:
    bench = BENCHES[lines]()
    assert bench.plan(query) is not None, "the engine is not asked"
    said, expected = bench.answers(query)
    assert said == expected


@pytest.mark.parametrize(
    "query",
    [
        'sum by (level) (count_over_time({job="one"} | line_format "{{.level}}" | json [20s]))',
        'sum by (level_extracted) (count_over_time({job="one"} | json [20s]))',
        'sum(count_over_time({job="one"} | json | client=ip("10.0.0.0/8") [20s]))',
        'sum by (level) (count_over_time({job="one"} | json level="a.b" [20s]))',
        'sum by (level) (count_over_time({job="one"} | logfmt --strict [20s]))',
        'sum by (level) (count_over_time({job="one"} | regexp "(?P<a>.)" | json [20s]))',
        'sum by (level) (count_over_time({job="one"} | json | drop level="x" [20s]))',
        'count_over_time({job="one"} | json [20s])',
    ],
)
def test_what_sql_cannot_say_is_left_to_python(query: str) -> None:
    assert ColumnBench([]).plan(query) is None
