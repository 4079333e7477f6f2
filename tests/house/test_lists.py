"""Members are one file each and stand in an explicit list: nothing is forgotten, nothing is found by magic."""

import ast
from typing import get_args

from kit.house import SRC, TESTS, tree
from whodid.formats import FORMATS
from whodid.logql import ast as logql
from whodid.promtail.stages import STAGES as PROMTAIL_STAGES
from whodid.query.stages import STAGES

SAMPLES = TESTS / "formats" / "samples"
WITHOUT_SAMPLES = {"postgres_json": "whole recordings of it are in tests/formats/recorded"}


def test_every_format_class_is_in_the_list() -> None:
    classes = {
        node.name
        for path in (SRC / "formats").glob("*.py")
        for node in ast.walk(tree(f"formats/{path.name}"))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(m, ast.FunctionDef) and m.name == "parse" for m in node.body)
    }
    listed = {getattr(getattr(factory, "func", factory), "__name__", "") for factory in FORMATS.values()}
    assert classes - {"Format"} == listed


def test_every_format_has_samples_and_a_row_in_the_reference() -> None:
    samples = {path.stem for path in SAMPLES.iterdir()}
    page = (TESTS.parent / "docs" / "reference" / "formats.md").read_text()
    assert {name for name in FORMATS if name not in samples} - WITHOUT_SAMPLES.keys() == set()
    assert {name for name in WITHOUT_SAMPLES if name in samples} == set(), "these exceptions are no longer needed"
    assert samples - FORMATS.keys() == set(), "samples of no format"
    assert {name for name in FORMATS if f"`{name}`" not in page} == set()


def test_every_stage_file_is_in_the_table() -> None:
    files = {path.stem for path in (SRC / "query" / "stages").glob("*.py")} - {"__init__", "stage"}
    listed = {meaning.apply.__module__.rsplit(".", 1)[1] for meaning in STAGES.values()}
    assert files == listed


def test_every_stage_of_the_language_has_a_meaning() -> None:
    assert set(STAGES) == set(get_args(logql.Stage))


def test_every_stage_of_promtail_is_in_the_table_and_in_the_reference() -> None:
    files = {path.stem for path in (SRC / "promtail" / "stages").glob("*.py")} - {"__init__", "stage"}
    assert files == {made.__module__.rsplit(".", 1)[1] for made in PROMTAIL_STAGES.values()}
    page = (TESTS.parent / "docs" / "reference" / "pipeline.md").read_text()
    assert {name for name in PROMTAIL_STAGES if f"`{name}`" not in page} == set()
