"""OTLP's JSON: what other writers of it do, and where a mistake is."""

import json

import pytest

from whodid.wire.otlp_json import read_json
from whodid.wire.push_protobuf import MalformedPush


def test_unknown_fields_are_ignored() -> None:
    body = {"resourceLogs": [{"schemaUrl": "x", "scopeLogs": [{"logRecords": [{"newField": {"a": 1}, "flags": 1}]}]}]}
    assert read_json(json.dumps(body).encode()).resource_logs[0].scope_logs[0].log_records[0].flags == 1


def test_integers_as_text_or_number() -> None:
    values = [{"intValue": 5}, {"intValue": "5"}, {"doubleValue": "5"}, {"doubleValue": "NaN"}]
    body = {"resourceLogs": [{"resource": {"attributes": [{"key": "k", "value": value} for value in values]}}]}
    read = [attribute.value for attribute in read_json(json.dumps(body).encode()).resource_logs[0].resource.attributes]
    assert [value.int_value for value in read[:2]] == [5, 5]
    assert read[2].double_value == 5.0
    assert read[3].double_value != read[3].double_value


def test_a_mistake_is_told_with_its_place() -> None:
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"intValue": "seven"}}]}]}]}
    with pytest.raises(MalformedPush, match=r"seven.*\$\.resourceLogs\[0\]\.scopeLogs") as told:
        read_json(json.dumps(body).encode())
    assert str(told.value).startswith("the body is no OTLP request in JSON: ")
