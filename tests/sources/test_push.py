"""The listener for pushes: Loki's body in every encoding, durable before 204, bounded, and hostile requests."""

import asyncio
import gzip
import json
import logging
from contextlib import asynccontextmanager
from typing import Any

import cramjam
import httpx2
import pytest

from kit.inboxes import Inboxes, MemoryInbox, wait_for
from whodid.model.clock import SystemClock
from whodid.model.entry import Entry, Stream
from whodid.sources import push
from whodid.sources.push import PushReceiver, PushSettings
from whodid.wire.push_protobuf import encode_push
from whodid.wire.read_push import read_lines, read_push

PATH = "/loki/api/v1/push"
NS = 1_795_415_555_000_000_001
PROTOBUF = encode_push([Stream({"job": "app", "level": "info"}, [Entry(NS, "hello", {"user": "ana"})])])
JSON = json.dumps(
    {"streams": [{"stream": {"job": "app", "level": "info"}, "values": [[str(NS), "hello", {"user": "ana"}]]}]}
).encode()


@asynccontextmanager
async def listening(inboxes: Inboxes, **settings: Any) -> Any:
    source = PushReceiver(
        PushSettings(**{"listen_address": "127.0.0.1:0"} | settings), SystemClock(), read_push, read_lines
    )
    task = asyncio.create_task(source.run(inboxes))
    try:
        await wait_for(lambda: source.address, "the listener")
        host, port = source.address or ("", 0)
        async with httpx2.AsyncClient(base_url=f"http://{host}:{port}", timeout=30) as client:
            yield source, client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def only(inboxes: Inboxes) -> MemoryInbox:
    [inbox] = inboxes.by_key.values()
    return inbox


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (bytes(cramjam.snappy.compress_raw(PROTOBUF)), {"Content-Type": "application/x-protobuf"}),
        (bytes(cramjam.snappy.compress_raw(PROTOBUF)), {"Content-Encoding": "snappy"}),
        (gzip.compress(bytes(cramjam.snappy.compress_raw(PROTOBUF))), {"Content-Encoding": "gzip"}),
        (JSON, {"Content-Type": "application/json"}),
        (gzip.compress(JSON), {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"}),
    ],
)
async def test_a_push(body: bytes, headers: dict[str, str]) -> None:
    inboxes = Inboxes()
    async with listening(inboxes, use_incoming_timestamp=True) as (_, client):
        for _ in range(2):
            assert (await client.post(PATH, content=body, headers=headers)).status_code == 204
    assert len(only(inboxes).records) == 2
    record = only(inboxes).records[0]
    assert (record.line, record.ns, dict(record.labels), dict(record.attributes)) == (
        "hello",
        NS,
        {"job": "app", "level": "info"},
        {"user": "ana"},
    )


async def test_the_instant_is_that_of_arrival_unless_told_otherwise() -> None:
    inboxes = Inboxes()
    async with listening(inboxes) as (_, client):
        assert (await client.post(PATH, content=JSON, headers={"Content-Type": "application/json"})).status_code == 204
    assert only(inboxes).records[0].ns != NS


async def test_raw_lines_and_readiness() -> None:
    inboxes = Inboxes()
    async with listening(inboxes) as (_, client):
        assert (await client.post("/promtail/api/v1/raw", content=b'{"a":1}\r\nplain\n\nlast')).status_code == 204
        body = gzip.compress(b"packed\n")
        raw = await client.post("/promtail/api/v1/raw", content=body, headers={"Content-Encoding": "gzip"})
        assert raw.status_code == 204
        assert (await client.get("/ready")).text == "ready\n"
    assert only(inboxes).lines == ['{"a":1}', "plain", "last", "packed"]


async def test_204_only_when_it_is_written() -> None:
    inboxes = Inboxes()
    async with listening(inboxes) as (_, client):
        only(inboxes).room.clear()
        only(inboxes).full = lambda: False  # type: ignore[method-assign]
        sending = asyncio.create_task(client.post("/promtail/api/v1/raw", content=b"x"))
        await wait_for(lambda: only(inboxes).busy, "the write")
        assert not sending.done()
        only(inboxes).room.set()
        assert (await sending).status_code == 204
    assert only(inboxes).lines == ["x"]


async def test_a_full_inbox_takes_nothing() -> None:
    inboxes = Inboxes()
    async with listening(inboxes) as (_, client):
        only(inboxes).room.clear()
        refused = await client.post("/promtail/api/v1/raw", content=b"x")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        only(inboxes).room.set()
        assert (await client.post("/promtail/api/v1/raw", content=b"y")).status_code == 204
    assert only(inboxes).lines == ["y"]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "why"),
    [
        ("POST", PATH, b"\xff\xff", {}, 400, "snappy"),
        ("POST", PATH, b"{", {"Content-Type": "application/json"}, 400, "not Loki's JSON"),
        ("POST", PATH, b"", {"Content-Encoding": "br"}, 400, "not supported"),
        ("POST", PATH, JSON.replace(b'"job"', b'"1x"'), {"Content-Type": "application/json"}, 400, "label name"),
        ("POST", PATH, b"x" * 5000, {}, 413, "larger than 4000"),
        ("POST", PATH, gzip.compress(b"x" * 100_000), {"Content-Encoding": "gzip"}, 400, "unpacks to more than 50000"),
        ("GET", PATH, b"", {}, 405, "POST only"),
        ("POST", "/other", b"", {}, 404, "push to /loki/api/v1/push"),
    ],
)
async def test_what_is_refused(
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    inboxes = Inboxes()
    async with listening(inboxes, max_body_bytes=4000, max_unpacked_bytes=50_000) as (_, client):
        answer = await client.request(method, path, content=body, headers=headers)
        assert (answer.status_code, why in answer.text) == (status, True), answer.text
        assert (await client.post("/promtail/api/v1/raw", content=b"after")).status_code == 204
    assert only(inboxes).lines == ["after"]
    assert "1 requests were refused" in caplog.text


async def test_a_large_body_in_chunks() -> None:
    async def pieces() -> Any:
        for n in range(500):
            yield b"line %d %s\n" % (n, b"x" * 500)

    inboxes = Inboxes()
    async with listening(inboxes) as (_, client):
        assert (await client.post("/promtail/api/v1/raw", content=pieces())).status_code == 204
    assert len(only(inboxes).lines) == 500


async def test_bodies_at_the_same_time_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "BODIES_BYTES", 1000)
    inboxes = Inboxes()
    async with listening(inboxes) as (source, client):
        _, writer = await asyncio.open_connection(*source.address)
        writer.write(b"POST /promtail/api/v1/raw HTTP/1.1\r\nContent-Length: 900\r\n\r\n")
        await wait_for(lambda: source._bodies_bytes == 900, "a body that is awaited")
        refused = await client.post("/promtail/api/v1/raw", content=b"x" * 200)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        writer.close()
        await wait_for(lambda: source._bodies_bytes == 0, "the end of it")
        assert (await client.post("/promtail/api/v1/raw", content=b"x" * 200)).status_code == 204


async def test_who_sends_too_slowly_is_let_go() -> None:
    async with listening(Inboxes(), timeout_s=0.2) as (source, _):
        for head in (b"POST /prom", b"POST /promtail/api/v1/raw HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"):
            reader, writer = await asyncio.open_connection(*source.address)
            writer.write(head)
            async with asyncio.timeout(20):
                assert await reader.read() == b""
            writer.close()


async def test_what_is_no_http(caplog: pytest.LogCaptureFixture) -> None:
    async with listening(Inboxes()) as (source, _):
        reader, writer = await asyncio.open_connection(*source.address)
        writer.write(b"\x16\x03\x01\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 Bad Request")
        writer.close()


async def test_an_address_that_others_reach_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with listening(Inboxes(), listen_address="0.0.0.0:0"):
            pass
    assert "can write into the log" in caplog.text
