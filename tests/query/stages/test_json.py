"""`| json`: spelling, nesting, faults, paths."""

import pytest

from whodid.logql.ast import Extraction, JsonParser
from whodid.query.line import Line
from whodid.query.stages import json


def parsed(text: str, *paths: str) -> tuple[dict[str, str], str]:
    line = Line(0, text, {"job": "stored"}, {"meta": "m"})
    extractions = tuple(Extraction(*path.split("=", 1)) for path in paths)
    assert json.apply(JsonParser(extractions))(line)
    return line.parsed, line.error


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('{"a": 1.50, "b": -0, "c": 1e3, "d": 12345678901234567890}',
         {"a": "1.50", "b": "-0", "c": "1e3", "d": "12345678901234567890"}),
        ('{"a": {"b": {"1c": true}}, "x": false, "y": null, "z": [1]}', {"a_b_1c": "true", "x": "false"}),
        ('{"a": "1", "a": "2"}', {"a": "1"}),
        ('{"job": "x", "meta": "y", "a-b": "z", "": "nameless"}',
         {"job_extracted": "x", "meta_extracted": "y", "a_b": "z"}),
        ('  {"a": "tab\tin a string"} and more', {"a": "tab\tin a string"}),
        ('{"a": "\\u05e9\\ud83d\\ude80", "half": "\\ud83d"}', {"a": "ש🚀", "half": ""}),
        ("{}", {}),
        ('{"ok": "a\ufffdb"}', {"ok": "a b"}),
    ],
)  # fmt: skip
def test_leaves(text: str, labels: dict[str, str]) -> None:
    assert parsed(text) == (labels, "")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", {}),
        ("  ", {}),
        ("plain", {}),
        ("[1]", {}),
        ('{"a": 1, "b": ', {"a": "1"}),
        ('{"a": 1 "b": 2}', {"a": "1"}),
        ('{"a": NaN}', {}),
        ('{"a": ' + "[" * 100_000, {}),
    ],
)
def test_a_broken_line_keeps_what_came_before_the_fault(text: str, labels: dict[str, str]) -> None:
    assert parsed(text) == (labels, "JSONParserErr")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("x=a.b", "1.0"),
        ('x=["odd key"]', "v"),
        ("x=list[1].c", "deep"),
        ("x=list", '[0, {"c" : "deep"}]'),
        ("x=a", '{"b": 1.0}'),
        ("x=none", ""),
        ("x=gone.b[0]", ""),
        ("x=a.b.c", ""),
    ],
)
def test_paths(path: str, value: str) -> None:
    text = '{"a": {"b": 1.0}, "odd key": "v", "list": [0, {"c" : "deep"}], "none": null}'
    assert parsed(text, path) == ({"x": value}, "")


def test_a_path_that_is_missing_leaves_the_stored_label() -> None:
    assert parsed("{}", "job=a") == ({}, "")
    assert parsed('{"a": "b"}', "job=a") == ({"job_extracted": "b"}, "")


def test_paths_of_what_is_no_json() -> None:
    assert parsed("plain", "x=a") == ({}, "JSONParserErr")
