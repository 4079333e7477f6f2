"""Log queries find the same lines whether labels are kept beside these or not."""

import asyncio
from unittest import mock

import pytest

from kit.column_bench import kept_objects_bench
from whodid.errors import WhodidError
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.query import planner
from whodid.query.beside import narrowed


@pytest.mark.parametrize(
    ("stages", "asked"),
    [
        ('| json | level="ERROR"', 1),
        ('| json | level="ERROR" | status=5', 2),
        ('| json | level="" or ms>1', 1),
        ('| json | level!="INFO" | ms>=1e2', 2),
        ('| json | a_b=~"(?i)info|5" | __error__=""', 1),
        ('|= "level" | job="one" | json | status=5s | level="true"', 2),
        ('| json | nowhere="5" | level="5"', 2),
        ('| json | said_0=~".+"', 1),
        ('| json | level="ERROR" | line_format "{{.ms}}" | status=5', 1),
        ('| json | level="ERROR" | label_format level=ms | level="5"', 1),
        ('| json | level="ERROR" | client=ip("10.0.0.1")', 1),
        ('| json | level_extracted="ERROR"', 0),
        ('| json level="a.b" | level="ERROR"', 0),
        ('| logfmt | json | level="ERROR"', 0),
        ('| level="ERROR"', 0),
    ],
)
def test_the_same_lines_are_found(stages: str, asked: int) -> None:
    bench = kept_objects_bench().bench
    query = f'{{job=~".+"}} {stages}'
    tree = parse(query)
    assert isinstance(tree, LogQuery)
    plan = planner.plan(tree, bench.index.streams(bench.tenant))
    assert len(narrowed(tree, plan).conditions) - len(plan.conditions) == asked

    def found() -> list[object]:
        try:
            return list(asyncio.run(bench.rows(query, limit=5000)))
        except WhodidError as e:
            return [str(e)]

    with_it = found()
    with mock.patch("whodid.query.engine.narrowed", side_effect=lambda _, plan: plan):
        assert with_it == found()
