"""Fields of lines: what finds them, their types, and that hostile lines end in no error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.result import Row
from whodid.query.detected_fields import Field, detected_fields, detected_values, type_of


def row(line: str, labels: dict[str, str] | None = None, ns: int = 0, **more: dict[str, str]) -> Row:
    return Row(ns, line, labels or {"job": "a"}, more.get("metadata", {}), more.get("parsed", {}))


def by_name(*rows: Row, limit: int = 100) -> dict[str, Field]:
    return {found.name: found for found in detected_fields(rows, limit)}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("7", "int"),
        ("-9223372036854775808", "int"),
        ("9223372036854775808", "float"),
        ("1.5", "float"),
        ("1e3", "float"),
        ("Inf", "float"),
        ("true", "boolean"),
        ("F", "boolean"),
        ("yes", "string"),
        ("250ms", "duration"),
        ("1h5m", "duration"),
        ("20MB", "bytes"),
        ("1.5 KiB", "bytes"),
        ("", "string"),
        ("x", "string"),
    ],
)
def test_types(value: str, kind: str) -> None:
    assert type_of(value) == kind


def test_json_first_then_logfmt() -> None:
    found = by_name(row('{"a": {"b c": 1}, "n": null, "l": [1]}'), row("level=info took=7ms"), row("no pairs at all"))
    assert {name: item.parsers for name, item in found.items()} == {
        "a_b_c": ["json"],
        "level": ["logfmt"],
        "took": ["logfmt"],
    }
    assert found["a_b_c"].json_path == ["a", "b c"]
    assert found["level"].json_path == []


def test_metadata_have_no_parser_unless_the_line_says_them_too() -> None:
    found = by_name(row("x", metadata={"trace": "t"}), row('{"user": 1}', metadata={"user": "noa"}))
    assert found["trace"].parsers == []
    assert (found["user"].parsers, found["user"].values) == (["json"], {"noa", "1"})


def test_labels_of_the_stream_are_no_fields_and_keep_their_name() -> None:
    found = by_name(row('{"job": "other"}'))
    assert list(found) == ["job_extracted"]
    assert found["job_extracted"].json_path == ["job"]


def test_what_the_query_parsed_counts_and_errors_do_not() -> None:
    parsed = {"ip": "10.0.0.1", "__error__": "JSONParserErr", "__error_details__": "x"}
    assert list(by_name(row("text", parsed=parsed))) == ["ip"]


def test_the_type_is_that_of_the_last_value_and_limits_hold() -> None:
    rows = [row("v=x", {"job": "b"}), row("v=7", {"job": "a"}), row("v=1.5", {"job": "b"})]
    assert by_name(*rows)["v"].type == "float"
    assert by_name(row("v=7", {"job": "z"}), *rows)["v"].type == "int"
    assert len(by_name(row(json.dumps({f"k{n}": n for n in range(50)})), limit=5)) == 5


def test_values() -> None:
    rows = [row("size=1500B level=warn"), row("size=20MB level=info"), row("level=info", metadata={"level": "meta"})]
    assert detected_values(rows, "level", 10) == ["info", "meta", "warn"]
    assert detected_values(rows, "size", 10) == ["1.5kB", "20MB"]
    assert detected_values(rows, "nothing", 10) == []
    assert len(detected_values(rows, "level", 1)) == 1


SCALARS = st.integers() | st.text(max_size=5)
TREES = st.recursive(
    SCALARS, lambda inner: st.dictionaries(st.text(max_size=4), inner, max_size=3) | st.lists(inner, max_size=2)
)


@given(st.lists(st.one_of(st.text(max_size=40), TREES.map(json.dumps)), max_size=6))
def test_any_lines_have_fields_within_the_limit(lines: list[str]) -> None:
    rows = [row(line, metadata={"m": line[:3]}) for line in lines]
    found = detected_fields(rows, 4)
    assert len(found) <= 4
    assert [item.name for item in found] == sorted({item.name for item in found})
    for item in found:
        assert item.values
        assert len(detected_values(rows, item.name, 1000)) <= 1000
