"""The table of stages is complete: every node has a file, every file is in the table."""

from pathlib import Path
from typing import get_args

from whodid.logql import ast
from whodid.query import stages
from whodid.query.stages import STAGES, Scope
from whodid.query.stages.stage import unsaid


def test_every_node_has_a_meaning_and_every_file_is_one() -> None:
    assert set(STAGES) == set(get_args(ast.Stage))
    files = {path.stem for path in Path(stages.__path__[0]).glob("*.py")} - {"__init__", "stage"}
    assert files == {meaning.apply.__module__.rpartition(".")[2] for meaning in STAGES.values()}


def test_unsaid_says_nothing() -> None:
    assert unsaid(ast.Unpack(), Scope({})) is None
