"""POST /loki/api/v1/push: every encoding that Loki's clients use is stored, and every broken body is told so."""

import gzip
import json
import time
import zlib

import cramjam
import pytest

from kit.api_house import PUSH, House
from whodid.api.routes import push
from whodid.model.entry import Entry, Stream
from whodid.wire.push_headers import ATTEMPT_HEADER, KEY_HEADER
from whodid.wire.push_protobuf import encode_push

JSON = {"content-type": "application/json"}


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


def as_json(line: str) -> bytes:
    return json.dumps({"streams": [{"stream": {"job": "a"}, "values": [[str(time.time_ns()), line]]}]}).encode()


def as_protobuf(line: str) -> bytes:
    return encode_push([Stream({"job": "a"}, [Entry(time.time_ns(), line, {})])])


WAYS = {
    "snappy protobuf": (lambda line: snappy(as_protobuf(line)), {"content-type": "application/x-protobuf"}),
    "no content type": (lambda line: snappy(as_protobuf(line)), {}),
    "snappy, said twice": (lambda line: snappy(as_protobuf(line)), {"content-encoding": "snappy"}),
    "gzip around snappy": (lambda line: gzip.compress(snappy(as_protobuf(line))), {"content-encoding": "gzip"}),
    "json": (as_json, {"content-type": "application/json; charset=utf-8"}),
    "json, identity": (as_json, {**JSON, "content-encoding": "identity"}),
    "gzipped json": (lambda line: gzip.compress(as_json(line)), {**JSON, "content-encoding": "GZIP"}),
    "gzip of two members": (
        lambda line: gzip.compress(as_json(line)[:20]) + gzip.compress(as_json(line)[20:]),
        {**JSON, "content-encoding": "gzip"},
    ),
    "raw deflate, as Go means it": (lambda line: raw_deflate(as_json(line)), {**JSON, "content-encoding": "deflate"}),
    "zlib deflate, as the RFC means it": (
        lambda line: zlib.compress(as_json(line)),
        {**JSON, "content-encoding": "deflate"},
    ),
    "snappy json": (lambda line: snappy(as_json(line)), {**JSON, "content-encoding": "snappy"}),
}


@pytest.mark.parametrize("way", WAYS)
async def test_each_encoding_is_stored(house: House, way: str) -> None:
    encode, headers = WAYS[way]
    answer = await house.client.post(PUSH, content=encode(f"by {way}"), headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await house.lines('{job="a"}') == [f"by {way}"]


async def test_the_old_address_works_and_the_dashboard_takes_nothing(house: House) -> None:
    body = as_json("by the old address")
    assert (await house.client.post("/api/prom/push", content=body, headers=JSON)).status_code == 204
    assert (await house.page.post(f"/logs{PUSH}", content=body, headers=JSON)).status_code in (404, 405)
    assert (await house.client.get(PUSH)).status_code == 405
    assert await house.lines('{job="a"}') == ["by the old address"]


BROKEN = {
    "unknown encoding": (b"x", {"content-encoding": "br"}, 400, 'Content-Encoding "br" not supported'),
    "no snappy": (b"\xff\xff\xff", {}, 400, "snappy: corrupt input"),
    "empty": (b"", {}, 400, "snappy: corrupt input"),
    "cut-off gzip": (
        gzip.compress(b'{"streams": []}')[:-9],
        {**JSON, "content-encoding": "gzip"},
        400,
        "the push body is no gzip stream: it ends early",
    ),
    "empty gzip": (b"", {**JSON, "content-encoding": "gzip"}, 400, "the push body is no gzip stream: it ends early"),
    "rubbish behind the gzip": (
        gzip.compress(b'{"streams": []}') + b"rubbish",
        {**JSON, "content-encoding": "gzip"},
        400,
        "the push body is no gzip stream: ",
    ),
    "no deflate": (b"\x07\x07", {**JSON, "content-encoding": "deflate"}, 400, "the push body is no deflate stream: "),
    "no JSON": (b"{", JSON, 400, "the push body is not Loki's JSON: "),
    "no streams": (b'{"streams": []}', JSON, 422, "error at least one valid stream is required for ingestion"),
    "bad labels": (
        b'{"streams": [{"stream": {"a b": "c"}, "values": []}]}',
        JSON,
        400,
        "'a b' in stream 0 is not a label",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_body_is_told_so_in_one_line(house: House, case: str) -> None:
    body, headers, status, words = BROKEN[case]
    answer = await house.client.post(PUSH, content=body, headers=headers)
    assert (answer.status_code, words in answer.text, answer.text.count("\n")) == (status, True, 1), answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "MAX_BYTES", 1000)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_refused_and_what_just_fits_is_not(house: House, encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else raw_deflate
    headers = {**JSON, "content-encoding": encoding}
    fits, bomb = as_json("x").ljust(1000), as_json("x").ljust(1001)
    assert (await house.client.post(PUSH, content=pack(fits), headers=headers)).status_code == 204
    answer = await house.client.post(PUSH, content=pack(bomb), headers=headers)
    assert (answer.status_code, answer.text) == (
        413,
        "the push body unpacks to more than 1000 bytes; send smaller batches\n",
    )
    in_parts = b"".join(gzip.compress(b" " * 400) for _ in range(3))
    assert (
        await house.client.post(PUSH, content=in_parts, headers={**JSON, "content-encoding": "gzip"})
    ).status_code == 413


@pytest.mark.usefixtures("small")
async def test_a_snappy_bomb_is_refused_by_the_length_that_it_states(house: House) -> None:
    answer = await house.client.post(PUSH, content=b"\xe9\x07" + b"\x00" * 10)  # states 1001 bytes
    assert (answer.status_code, "unpacks to more than 1000 bytes" in answer.text) == (413, True)


@pytest.mark.usefixtures("small")
async def test_a_large_body_is_refused_whether_or_not_it_states_its_length(house: House) -> None:
    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(11):
            yield b" " * 100

    for content in (b" " * 1001, chunks()):
        answer = await house.client.post(PUSH, content=content, headers=JSON)
        assert (answer.status_code, answer.text) == (
            413,
            "the push body is larger than 1000 bytes; send smaller batches\n",
        )


async def test_what_is_refused_of_a_body_is_counted_and_the_rest_is_stored(house: House) -> None:
    now = time.time_ns()
    answer = await house.push_json(
        [{"stream": {"job": "a"}, "values": [[str(now), "good"], ["1", "old"], ["2", "old"]]}]
    )
    assert answer.status_code == 400
    assert answer.text.startswith("2 errors like: entry for stream ")
    answer = await house.push_json([{"stream": {"job": "a"}, "values": [["1", "old"]]}])
    told = 'entry for stream \'{job="a", service_name="a"}\' has timestamp too old: 1970-01-01T00:00:00Z, oldest'
    assert answer.text.startswith(told), "a single one is told as it is"
    twenty = {f"l{n}": "x" for n in range(20)}
    answer = await house.push_json([{"stream": twenty, "values": [[str(now), "a"], [str(now), "b"]]}])
    assert answer.text.endswith("' has 20 label names; limit 15\n"), "a stream is one mistake, however many its lines"
    answer = await house.push_json([{"stream": {"job": "a"}, "values": [["1", "old"], [str(now + 10**12), "new"]]}])
    assert answer.text.count("; 1 errors like: entry for stream ") == 1
    assert await house.lines('{job="a"}') == ["good"]


async def test_a_repeated_key_is_acknowledged_and_not_stored_again(house: House) -> None:
    """Keys that differ only at their end are different keys, however long they are."""
    stream = [{"stream": {"job": "a"}, "values": [[str(time.time_ns()), "once"]]}]
    other = [{"stream": {"job": "a"}, "values": [[str(time.time_ns()), "another"]]}]
    key = "k" * 200
    assert (await house.push_json(stream, **{KEY_HEADER: key + "1"})).status_code == 204
    assert (await house.push_json(stream, **{KEY_HEADER: key + "1", ATTEMPT_HEADER: "2"})).status_code == 204
    assert (await house.push_json(other, **{KEY_HEADER: key + "2"})).status_code == 204
    assert await house.lines('{job="a"}') == ["once", "another"]
    assert house.services.ingest.totals.repeated == 1


async def test_metadata_and_instants_arrive_unchanged(house: House) -> None:
    ns = time.time_ns()
    await house.push_json([{"stream": {"job": "a"}, "values": [[str(ns), "שלום\n\ttwo", {"user": "raz", "Ünï": "x"}]]}])
    answer = await house.client.get(
        "/loki/api/v1/query_range",
        params={"query": '{job="a"}'},
        headers={"x-loki-response-encoding-flags": "categorize-labels"},
    )
    (stream,) = answer.json()["data"]["result"]
    (value,) = stream["values"]
    assert value[:2] == [str(ns), "שלום\n\ttwo"]
    assert value[2]["structuredMetadata"]["user"] == "raz"
