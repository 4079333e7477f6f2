"""POST /otlp/v1/logs: stored like a push, answered in OTLP's shapes."""

import gzip
import json
import time
import zlib
from typing import Any

import cramjam
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from kit.api_house import QUERY_RANGE, House
from kit.otlp_requests import as_protobuf, request_of
from whodid.api.routes import otlp
from whodid.ingest.pipeline import TooMuchPending
from whodid.store.store import StoreError

LOGS = "/otlp/v1/logs"
PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
SERVICE = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}


def request(*lines: str, ns: int | None = None) -> dict[str, Any]:
    at = str(ns if ns is not None else time.time_ns())
    return request_of(*({"timeUnixNano": at, "body": {"stringValue": line}} for line in lines), resource=SERVICE)


PACKED = {
    "none": lambda body: body,
    "": lambda body: body,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": lambda body: bytes(cramjam.zstd.compress(body)),
    "lz4": lambda body: bytes(cramjam.lz4.compress(body)),
}


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("as_json", [True, False], ids=["json", "protobuf"])
async def test_every_encoding_is_stored(house: House, encoding: str, as_json: bool) -> None:
    body = json.dumps(request("hello")).encode() if as_json else as_protobuf(request("hello"))
    headers = {**(JSON if as_json else PROTOBUF), "content-encoding": encoding}
    answer = await house.client.post(LOGS, content=PACKED[encoding](body), headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await house.lines('{service_name="shop"}') == ["hello"]


async def test_a_large_request_is_stored_too(house: House) -> None:
    lines = [f"line {n:05} {'x' * 50}" for n in range(2000)]
    assert (await house.client.post(LOGS, content=as_protobuf(request(*lines)), headers=PROTOBUF)).status_code == 204
    assert len(await house.lines('{service_name="shop"}', limit="5000")) == 2000


async def test_levels_and_metadata_can_be_asked_for(house: House) -> None:
    record = {"timeUnixNano": str(time.time_ns()), "severityNumber": 17, "body": {"stringValue": "x"}}
    record["attributes"] = [{"key": "user.id", "value": {"stringValue": "noa"}}]
    await house.client.post(LOGS, json=request_of(record, resource=SERVICE))
    query = '{service_name="shop"} | user_id="noa" | detected_level="error"'
    answer = (await house.client.get(QUERY_RANGE, params={"query": query})).json()
    assert answer["data"]["result"][0]["stream"]["severity_number"] == "17"


async def test_nothing_to_store_is_no_mistake(house: House) -> None:
    for content in (b"", as_protobuf(request_of())):
        assert (await house.client.post(LOGS, content=content, headers=PROTOBUF)).status_code == 204


async def test_what_is_refused_is_a_partial_success(house: House) -> None:
    both = request("good")
    both["resourceLogs"].append(request("old", ns=1)["resourceLogs"][0])
    answer = await house.client.post(LOGS, content=as_protobuf(both), headers=PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    said = ExportLogsServiceResponse.FromString(answer.content).partial_success
    assert (said.rejected_log_records, "has timestamp too old" in said.error_message) == (1, True)
    answer = await house.client.post(LOGS, json=request("old", ns=1))
    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
    long = [{"key": "service.name", "value": {"stringValue": "s" * 3000}}]
    record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "x"}}
    answer = await house.client.post(LOGS, json=request_of(record, record, record, resource={"attributes": long}))
    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "3", "records, not streams"
    assert await house.lines('{service_name="shop"}') == ["good"]


REFUSED = {
    "no protobuf": (b"\xff\xff\xff", PROTOBUF, 400, 3, "the body is no OTLP ExportLogsServiceRequest"),
    "another type": (b"", {"content-type": "text/plain"}, 415, 3, 'content type "text/plain" is not supported'),
    "another encoding": (b"", {**PROTOBUF, "content-encoding": "br"}, 400, 3, 'Content-Encoding "br" not supported'),
    "no zstd": (b"nothing", {**PROTOBUF, "content-encoding": "zstd"}, 400, 3, "the body is no zstd frame"),
    "no gzip": (b"nothing", {**PROTOBUF, "content-encoding": "gzip"}, 400, 3, "is no gzip stream"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_errors_are_rpc_statuses(house: House, case: str) -> None:
    body, headers, http, code, words = REFUSED[case]
    answer = await house.client.post(LOGS, content=body, headers=headers)
    status = Status.FromString(answer.content)
    assert (answer.status_code, status.code, words in status.message) == (http, code, True), status.message


async def test_errors_in_json_for_a_client_of_json(house: House) -> None:
    answer = await house.client.post(LOGS, content=b"{", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("encoding", [encoding for encoding in PACKED if encoding not in ("", "none")])
async def test_a_bomb_is_refused(house: House, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setattr(otlp, "MAX_BYTES", 1000)
    body = PACKED[encoding](b" " * 100_000)
    answer = await house.client.post(LOGS, content=body, headers={**JSON, "content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (413, 8)
    assert "unpacks to more than 1000 bytes" in answer.json()["message"]


@pytest.mark.parametrize(
    ("error", "http", "code"), [(TooMuchPending("later"), 429, 8), (StoreError("the disk burns"), 503, 14)]
)
async def test_what_may_pass_is_to_be_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception, http: int, code: int
) -> None:
    """A 500 would make exporters throw the lines away."""

    async def fails(*body: object, **more: object) -> list[str]:
        raise error

    monkeypatch.setattr(house.services.ingest, "push", fails)
    answer = await house.client.post(LOGS, content=as_protobuf(request("x")), headers=PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (http, "1")
    assert Status.FromString(answer.content).code == code
