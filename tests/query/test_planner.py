"""What is left to Python. Whole plans are in cases/; here the flags that decide how rows are fetched."""

import pytest

from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.query.errors import QueryError
from whodid.query.line import Line
from whodid.query.planner import plan, steps

STREAMS = {1: {"job": "db"}, 2: {"job": "web"}}


@pytest.mark.parametrize(
    ("text", "conditions", "python", "drops", "in_engine"),
    [
        ('{job="db"}', 0, 0, False, True),
        ('{job="db"} |= "a" | user="ana"', 2, 0, False, True),
        ('{job="db"} | json', 0, 1, False, False),
        ('{job="db"} | json |= "a"', 1, 1, False, False),
        ('{job="db"} | ms > 5', 1, 1, True, True),
        ('{job="db"} | took > 5s', 1, 1, True, False),
        ('{job="db"} | ms > 5 | client=ip("::1")', 1, 2, True, False),
        ('{job="db"} | line_format "x" |= "a"', 0, 2, True, False),
        ('{job="db"} | drop user | user="a"', 0, 2, True, False),
        ('{job="db"} | label_format a=b |= "x"', 1, 1, False, False),
    ],
)
def test_plans(text: str, conditions: int, python: int, drops: bool, in_engine: bool) -> None:
    query = parse(text)
    assert isinstance(query, LogQuery)
    made = plan(query, STREAMS)
    assert (len(made.conditions), len(made.steps), made.drops, made.in_engine) == (conditions, python, drops, in_engine)
    assert set(made.streams) == {1}
    assert len(steps(query)) == len(query.stages)


def test_a_stage_that_cannot_run_is_refused_whatever_the_data() -> None:
    query = parse('{job="nothing"} | line_format "{{ .a | nosuch }}"')
    assert isinstance(query, LogQuery)
    with pytest.raises(QueryError, match="not defined"):
        plan(query, STREAMS)


def test_keeps_runs_the_steps_in_turn() -> None:
    query = parse('{job="db"} | logfmt | line_format "{{.a}}" |= "1"')
    assert isinstance(query, LogQuery)
    made = plan(query, STREAMS)
    assert made.keeps(Line(0, "a=1", {}, {})) and not made.keeps(Line(0, "a=2", {}, {}))
