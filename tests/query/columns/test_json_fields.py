"""What is written beside the lines; that queries find the same with it is in test_in_engine.py and test_beside.py."""

import asyncio

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.ast import Extraction, JsonParser
from whodid.query.columns import fields_of_line, kept_json_columns


def fields(line: str, *names: str) -> dict[str, str]:
    bench = QueryBench()
    asyncio.run(bench.load({"job": "x"}, [(BASE_NS, line, {})]))
    (stream,) = bench.index.streams(bench.tenant)
    table = asyncio.run(
        bench.store.select(f"SELECT {fields_of_line(names)} AS fields FROM lines WHERE stream_id = {stream}")
    )
    pairs = table["fields"][0].as_py()
    return dict(zip(pairs["names"], pairs["values"], strict=True))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"level": "INFO", "a": 1.50}', {"level": "INFO", "a": "1.50"}),
        ('{"a": true}', {"level": "", "a": "true"}),
        ('{"level": null, "a": [1]}', {"level": "", "a": ""}),
        ('{"level": "x\\n\\u05d0", "level": "y"}', {"level": "x\nא", "a": ""}),
        ('{"level": "said_0", "a": "\'"}', {"level": "said_0", "a": "'"}),
        ("{}", {"level": "", "a": ""}),
        # In doubt, or without a place here: '' is what is not found.
        ('{"level": ""}', {}),
        ('{"level": "x"', {}),
        ('{"x": {"a": 1}, "level": "y"}', {}),
        ('{" level": "x"}', {}),
        ("text", {}),
        ("", {}),
    ],
)
def test_a_line_has_all_the_names_or_none(line: str, found: dict[str, str]) -> None:
    assert fields(line, "level", "a") == found


def test_names_that_cannot_be_told_from_others_are_left_out() -> None:
    found = fields('{"level": 1, "_x": 2, "said_1": 3}', "_x", "it's", "", "level", "said_1")
    assert found == {"level": "1", "said_1": "3"}
    assert fields('{"level": 1}') == {}


def test_paths_and_no_name_at_all_are_not_kept() -> None:
    assert kept_json_columns(JsonParser((Extraction("level", "a.b"),)), ("level",)) is None
    assert kept_json_columns(JsonParser(), ()) is None
