"""Engine and Python give the same answer to every query of columns/queries.txt, whatever the lines hold."""

from pathlib import Path
from typing import Any

import pytest

from kit.column_bench import (
    ORDINARY_JSON,
    ColumnBench,
    json_bench,
    kept_objects_bench,
    logfmt_bench,
    objects_bench,
    text_bench,
)

BENCHES = {
    "json": json_bench,
    "objects": objects_bench,
    "kept objects": kept_objects_bench,
    "logfmt": logfmt_bench,
    "text": text_bench,
}
QUERIES = [
    tuple(line.split(" ", 1))
    for line in (Path(__file__).parent / "columns" / "queries.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
QUERIES += [(lines, query) for name, query in QUERIES if name == "json" for lines in ("objects", "kept objects")]


@pytest.mark.parametrize(("lines", "query"), QUERIES)
def test_engine_and_python_agree(lines: str, query: str) -> None:
    bench = BENCHES[lines]()
    assert bench.plans(query) is not None, "the engine is not asked"
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
    assert ColumnBench([]).plans(query) is None


@pytest.mark.parametrize(
    ("stages", "narrowed"),
    [
        ('| regexp "took (?P<ms>[0-9]+) ms" | ms!=""', 1),
        ('| regexp "took (?P<ms>[0-9]+) ms" | ms="5" | ms!=""', 1),
        ('| regexp "took (?P<ms>[0-9]+) ms" | ms=""', 0),
        ('| regexp "took (?P<ms>[0-9]+) ms" | pattern "<ms> <_>" | ms!=""', 0),  # the other may have found it
        ('| regexp "(?P<ms>[0-9]+) ms" | ms!=""', 0),
    ],
)
def test_lines_without_the_text_before_a_label_are_left_out_where_it_must_be_there(stages: str, narrowed: int) -> None:
    plans = ColumnBench([]).plans(f'sum by (job) (count_over_time({{job="one"}} {stages} [20s]))')
    assert plans is not None
    assert len(plans.text.lines) == narrowed


def test_a_row_that_comes_to_be_known_while_a_query_runs_is_counted_once() -> None:
    bench = ColumnBench(ORDINARY_JSON * 30)
    query = 'sum by (level) (count_over_time({job="one"} | json [20s]))'
    expected, _ = bench.answers(query)
    store, filled = bench.bench.store, 0

    class Filling:
        async def select(self, sql: str, **options: Any) -> Any:
            nonlocal filled
            table = await store.select(sql, **options)
            if not filled and "json_fields" in sql:
                filled = await bench.keep(["level"])
            return table

    bench.bench.engine._reader = Filling()
    assert bench.answers(query)[0] == expected
    assert filled > 20
