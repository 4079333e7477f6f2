"""The grammar of pipelines, read on its own. Meanings are in grammar.cases."""

import pytest
from hypothesis import given

from kit.logql_trees import patient, pipelines
from whodid.logql import LogQLError, ast
from whodid.logql.cursor import Cursor
from whodid.logql.pipeline import pipeline
from whodid.logql.print_stages import print_stage


@patient()
@given(pipelines)
def test_every_stage_survives_the_text(trees: list[ast.Stage]) -> None:
    assert pipeline(Cursor(" ".join(map(print_stage, trees)))) == (tuple(trees), None)


def test_an_unwrap_ends_the_pipeline() -> None:
    cursor = Cursor('| json | unwrap bytes(x) | y="1" | z=2 [5m]')
    found, unwrap = pipeline(cursor, unwrap_allowed=True)
    assert found == (ast.JsonParser(),)
    assert unwrap is not None
    assert (unwrap.label, unwrap.conversion, len(unwrap.filters)) == ("x", "bytes", 2)
    assert cursor.kind == "RANGE"


@pytest.mark.parametrize("text", ["| unwrap x", "| json | nonsense(", "| |", "| 5", "|= x", "| drop 5", "| json a,"])
def test_what_is_no_stage(text: str) -> None:
    with pytest.raises(LogQLError, match="syntax error: unexpected"):
        pipeline(Cursor(text))
