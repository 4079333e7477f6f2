"""Loki's JSON push body becomes protobuf; what is not that shape is told where."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.entry import Entry
from whodid.model.labels import LABEL_NAME
from whodid.wire.label_text import BadLabels, parse_label_text
from whodid.wire.push_json import json_to_protobuf
from whodid.wire.push_protobuf import MalformedPush, iter_entries, scan_streams

NS = "1700000000000000001"


def one(values: object, stream: object | None = None) -> bytes:
    return json.dumps({"streams": [{"stream": {"job": "a"} if stream is None else stream, "values": values}]}).encode()


def read(body: bytes) -> list[tuple[str, Entry]]:
    return list(iter_entries(json_to_protobuf(body)))


def test_a_line_with_metadata() -> None:
    assert read(one([[NS, "hello", {"user": "raz"}]])) == [('{job="a"}', Entry(int(NS), "hello", {"user": "raz"}))]


@pytest.mark.parametrize("values", [[[NS, "x"]], [[NS, "x", {}]]])
def test_metadata_may_be_missing_or_empty(values: object) -> None:
    assert read(one(values)) == [('{job="a"}', Entry(int(NS), "x", {}))]


def test_an_instant_without_a_line_is_an_empty_line() -> None:
    assert read(one([[NS]])) == [('{job="a"}', Entry(int(NS), "", {}))]


def test_an_instant_before_1970_is_held_at_1970_and_then_too_old_for_anybody() -> None:
    assert read(one([["-5", "x"]])) == [('{job="a"}', Entry(0, "x", {}))]


def test_what_loki_passes_over_is_passed_over() -> None:
    assert read(one([None, [NS, "x", {}, {}, 7]])) == [('{job="a"}', Entry(int(NS), "x", {}))]
    assert read(one(None)) == []


def test_labels_that_are_no_texts_are_taken_as_they_stand() -> None:
    body = b'{"streams": [{"stream": {"a": 5, "b": true , "c": null, "d": 1.50, "e": "\\u00e9"}, "values": [["%s"]]}]}'
    [(text, _)] = read(body % NS.encode())
    assert parse_label_text(text) == {"a": "5", "b": "true", "c": "null", "d": "1.50", "e": "é"}


def test_the_first_api_s_shape() -> None:
    entries = [{"ts": "2023-11-14T22:13:20.000000001Z", "line": "x"}, {"ts": "2023-11-15T00:13:20+02:00", "line": "y"}]
    body = {"streams": [{"labels": '{job="a"}', "entries": entries}]}
    read_back = read(json.dumps(body).encode())
    assert read_back == [('{job="a"}', Entry(int(NS), "x", {})), ('{job="a"}', Entry(int(NS) - 1, "y", {}))]
    for ts in ("soon", "", "9999-01-01T00:00:00Z"):
        with pytest.raises(MalformedPush, match=r"streams\[0\].entries\[0\]: '.*' is no instant"):
            read(json.dumps({"streams": [{"labels": "{}", "entries": [{"ts": ts, "line": "x"}]}]}).encode())


def test_a_stream_without_labels_is_a_stream() -> None:
    assert scan_streams(json_to_protobuf(one([[NS, "x"]], {})))[0][0] == "{}"


@pytest.mark.parametrize("body", [b"{}", b'{"streams": []}', b'{"streams": null}', b'{"other": 1}'])
def test_a_body_without_streams_is_empty_and_not_malformed(body: bytes) -> None:
    assert json_to_protobuf(body) == b""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json", id="no JSON"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"streams": {}}', id="streams is no list"),
        pytest.param(b'{"streams": [1]}', id="stream is a number"),
        pytest.param(b'{"streams": [{"stream": {"a": "b"}, "values": [["1", "cut', id="cut off"),
        pytest.param(b'\xff\xfe{"streams": []}', id="no UTF-8"),
        pytest.param(b'{"streams": [{"stream": {"a": "\xff"}}]}', id="no UTF-8 inside"),
        pytest.param(b'{"streams": [{"stream": {"a": "\\ud800"}}]}', id="half a surrogate pair"),
        pytest.param(b'{"x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", id="nested 200000 deep"),
        pytest.param(one([[1700000000000000001, "x"]]), id="number as instant"),
        pytest.param(one([["soon", "x"]]), id="word as instant"),
        pytest.param(one([["", "x"]]), id="empty instant"),
        pytest.param(one([["-", "x"]]), id="a sign as instant"),
        pytest.param(one([["--5", "x"]]), id="two signs"),
        pytest.param(one([["1.5", "x"]]), id="fraction as instant"),
        pytest.param(one([["²", "x"]]), id="a digit of another kind"),
        pytest.param(one([["9223372036854775808", "x"]]), id="instant beyond 64 bits"),
        pytest.param(one([["9" * 40, "x"]]), id="instant of 40 digits"),
        pytest.param(one([[]]), id="empty entry"),
        pytest.param(one([[NS, 5]]), id="number as line"),
        pytest.param(one([[NS, {"a": "b"}]]), id="map as line"),
        pytest.param(one([[{"a": "b"}, "x"]]), id="map as instant"),
        pytest.param(one([[NS, "x", "y"]]), id="text as metadata"),
        pytest.param(one([[NS, "x", {"a": 5}]]), id="number in metadata"),
        pytest.param(one([[NS, "x", {"a": {"b": "c"}}]]), id="nested metadata"),
        pytest.param(one([[NS, "x", None]]), id="no metadata where metadata belong"),
        pytest.param(one([[NS, None]]), id="no line where a line belongs"),
        pytest.param(one("x"), id="values is text"),
        pytest.param(one([[NS, "x"]], ["a"]), id="a list as labels"),
    ],
)
def test_what_is_not_lokis_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedPush) as caught:
        json_to_protobuf(body)
    assert len(str(caught.value)) < 500


def test_the_error_names_the_place() -> None:
    with pytest.raises(MalformedPush, match=r"streams\[0\]\.values\[1\]"):
        json_to_protobuf(one([[NS, "x"], ["soon", "y"]]))


@pytest.mark.parametrize("name", ["a-b", "9a", "", "ä", "a b"])
def test_a_label_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadLabels, match="couldn't parse labels"):
        json_to_protobuf(one([[NS, "x"]], {name: "c"}))


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ENTRIES = st.lists(st.tuples(st.integers(0, (1 << 63) - 1), TEXT, st.dictionaries(TEXT, TEXT, max_size=3)), max_size=4)


@given(st.dictionaries(st.text("aZ_9", min_size=1, max_size=4).filter(LABEL_NAME.fullmatch), TEXT, max_size=4), ENTRIES)
def test_every_entry_arrives_as_it_was_sent(
    labels: dict[str, str], entries: list[tuple[int, str, dict[str, str]]]
) -> None:
    body = json_to_protobuf(one([[str(ns), line, metadata] for ns, line, metadata in entries], labels))
    assert [entry for _, entry in iter_entries(body)] == [Entry(*entry) for entry in entries]
    assert parse_label_text(scan_streams(body)[0][0]) == {name: value for name, value in labels.items() if value}
