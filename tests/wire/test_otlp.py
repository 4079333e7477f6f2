"""OTLP's export of logs becomes Loki's push: every case of cases/otlp.yaml, in JSON and in protobuf."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from kit.otlp_requests import as_protobuf, request_of
from whodid.wire.label_text import parse_label_text
from whodid.wire.otlp import UnfoldsTooLarge, encode_answer, read_request, to_push
from whodid.wire.otlp_values import MAX_ATTRIBUTES
from whodid.wire.push_protobuf import MalformedPush, iter_entries

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "otlp.yaml").read_text())
NOW_NS = 4242
MAX_BYTES = 1 << 20
ENCODE = {True: lambda request: json.dumps(request).encode(), False: as_protobuf}
BOTH = pytest.mark.parametrize("as_json", [True, False], ids=["json", "protobuf"])


def rewrite(request: dict[str, Any], as_json: bool, max_bytes: int = MAX_BYTES) -> Any:
    return to_push(read_request(ENCODE[as_json](request), as_json=as_json), NOW_NS, max_bytes)


@BOTH
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any], as_json: bool) -> None:
    done = rewrite(request_of(case["record"], resource=case.get("resource"), scope=case.get("scope")), as_json)
    [(labels, entry)] = iter_entries(done.body)
    assert parse_label_text(labels) == case["labels"]
    assert (entry.ns, entry.line, entry.metadata) == (case["ns"], case["line"], case["metadata"])
    assert (done.rejected, done.reason) == (0, "")


@BOTH
def test_records_of_one_label_set_are_one_stream(as_json: bool) -> None:
    first = request_of({"timeUnixNano": "1", "body": {"stringValue": "a"}})
    second = request_of({"timeUnixNano": "2", "body": {"stringValue": "b"}}, scope={"name": "other"})
    web = {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]}
    third = request_of({"timeUnixNano": "3", "body": {"stringValue": "c"}}, resource=web)
    whole = {"resourceLogs": [part["resourceLogs"][0] for part in (first, third, second)]}
    found = [(labels, entry.line) for labels, entry in iter_entries(rewrite(whole, as_json).body)]
    unknown = '{service_name="unknown_service"}'
    assert found == [(unknown, "a"), (unknown, "b"), ('{service_name="web"}', "c")]


@BOTH
@pytest.mark.parametrize("request_", [{"resourceLogs": []}, request_of()], ids=["no resource", "no record"])
def test_nothing_is_nothing(request_: dict[str, Any], as_json: bool) -> None:
    assert rewrite(request_, as_json).body == b""


@BOTH
def test_what_has_too_many_attributes_is_left_out_and_counted(as_json: bool) -> None:
    many = [{"key": f"k{n}", "value": {"stringValue": "v"}} for n in range(MAX_ATTRIBUTES + 1)]
    good = {"timeUnixNano": "1", "body": {"stringValue": "good"}}
    done = rewrite(request_of(good, {**good, "attributes": many}), as_json)
    assert [entry.line for _, entry in iter_entries(done.body)] == ["good"]
    assert (done.rejected, done.reason) == (1, "more than 1024 attributes")
    for part in ({"resource": {"attributes": many}}, {"scope": {"attributes": many}}):
        done = rewrite(request_of(good, good, **part), as_json)
        assert (done.body, done.rejected) == (b"", 2)


@BOTH
def test_names_that_grow_with_each_level_are_bounded(as_json: bool) -> None:
    value: dict[str, Any] = {"stringValue": "deep"}
    for _ in range(20):
        value = {"kvlistValue": {"values": [{"key": "k" * 100, "value": value}]}}
    done = rewrite(request_of({"timeUnixNano": "1", "attributes": [{"key": "a", "value": value}]}), as_json)
    assert (done.rejected, done.reason) == (1, "the name of an attribute has more than 1024 characters")


@BOTH
def test_what_records_share_must_not_fill_the_memory(as_json: bool) -> None:
    """A megabyte that stands once in the request would stand in each of its lines."""
    shared = {"attributes": [{"key": "a", "value": {"stringValue": "x" * 10_000}}]}
    records = [{"timeUnixNano": "1"}] * 200
    with pytest.raises(UnfoldsTooLarge, match="unfolds to more than 1048576 bytes"):
        rewrite(request_of(*records, resource=shared), as_json)


BROKEN = {
    "no JSON": b"{",
    "a list": b"[]",
    "a record that is none": json.dumps(request_of({"body": "x"})).encode(),
    "an instant that is none": json.dumps(request_of({"timeUnixNano": "yesterday"})).encode(),
    "an instant before time": json.dumps(request_of({"timeUnixNano": "-1"})).encode(),
    "an instant beyond 64 bits": json.dumps(request_of({"timeUnixNano": "9" * 30})).encode(),
    "a number that is none": json.dumps(request_of({"body": {"intValue": "seven"}})).encode(),
    "a tower": b'{"resourceLogs":[{"resource":{"attributes":[{"value":'
    + b'{"arrayValue":{"values":[' * 5000
    + b"]}}" * 5000
    + b"}]}}]}",
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_json_is_told(case: str) -> None:
    with pytest.raises(MalformedPush):
        to_push(read_request(BROKEN[case], as_json=True), NOW_NS, MAX_BYTES)


def test_a_severity_by_its_name() -> None:
    """Enums are numbers in OTLP, but protobuf's own JSON writes names."""
    for name, number in {"INFO2": "10", "FATAL4": "24", "UNSPECIFIED": None, "LOUD": None}.items():
        [(_, entry)] = iter_entries(rewrite(request_of({"severityNumber": f"SEVERITY_NUMBER_{name}"}), True).body)
        assert entry.metadata.get("severity_number") == number


@pytest.mark.parametrize("encoded", ["W47/95gDgQPSabYzgT/GDA==", "5B8EFFF798038103D269B633813FC60C"])
def test_ids_in_whatever_case_or_in_base64(encoded: str) -> None:
    [(_, entry)] = iter_entries(rewrite(request_of({"traceId": encoded}), True).body)
    assert entry.metadata["trace_id"] == "5b8efff798038103d269b633813fc60c"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_told_to_be_none(body: bytes) -> None:
    for as_json in (True, False):
        try:
            to_push(read_request(body, as_json=as_json), NOW_NS, MAX_BYTES)
        except MalformedPush as e:
            assert str(e).startswith("the body is no OTLP") or "instant" in str(e)


def test_answers() -> None:
    answer = ExportLogsServiceResponse.FromString(encode_answer(as_json=False, rejected=2, reason="too old"))
    assert (answer.partial_success.rejected_log_records, answer.partial_success.error_message) == (2, "too old")
    said = json.loads(encode_answer(as_json=True, rejected=2, reason="too old"))
    assert said == {"partialSuccess": {"rejectedLogRecords": "2", "errorMessage": "too old"}}
