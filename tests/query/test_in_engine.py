"""Engine and Python give the same answer to every query of columns/queries.txt, whatever the lines hold."""

from pathlib import Path

import pytest

from kit.column_bench import ColumnBench, json_bench, kept_objects_bench, logfmt_bench, objects_bench, text_bench

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
    assert bench.plans(query), "the engine is not asked"
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
    assert not ColumnBench([]).plans(query)


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
    (plan,) = ColumnBench([]).plans(f'sum by (job) (count_over_time({{job="one"}} {stages} [20s]))')
    assert len(plan.lines) == narrowed
