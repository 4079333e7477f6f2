"""GET /whodid/api/v1/export: whole, at the client's pace, broken off visibly when it fails."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kit.api_house import House
from whodid.api.routes import export
from whodid.ingest.trail import TRAIL_TENANT
from whodid.query import export as query_export
from whodid.query.engine import RangeRequest
from whodid.store.store import StoreError

EXPORT = "/whodid/api/v1/export"
DB = '{job="db"}'


def lines_of(body: bytes) -> list[str]:
    return [json.loads(line)["line"] for line in body.splitlines()]


async def test_more_lines_than_a_query_may_have(house: House) -> None:
    for begin in range(0, 6000, 2000):
        await house.store({"job": "db"}, *(f"line {n:05}" for n in range(begin, begin + 2000)))
    answer = await house.client.get(EXPORT, params={"query": DB})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert sorted(lines_of(answer.content)) == [f"line {n:05}" for n in range(6000)]
    assert house.services.exports == 0


async def test_labels_by_category(house: House) -> None:
    ns = time.time_ns()
    await house.store({"job": "db"}, "n=1", ns=ns, user="noa")
    answer = await house.client.post(EXPORT, data={"query": DB + " | logfmt", "format": "ndjson"})
    row = answer.json()
    assert row["timestamp"].endswith(f".{ns % 10**9:09d}Z")
    assert row["labels"] == {"job": "db", "service_name": "db"}
    assert (row["metadata"]["user"], row["parsed"]) == ("noa", {"n": "1"})


async def test_the_other_formats_are_named(house: House) -> None:
    await house.store({"job": "db"}, "x")
    answer = await house.page.get(f"/logs{EXPORT}", params={"query": DB, "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.startswith("timestamp,line,labels,metadata,parsed\r\n")
    answer = await house.client.get(EXPORT, params={"query": DB, "format": "parquet"})
    assert (answer.content[:4], answer.content[-4:]) == (b"PAR1", b"PAR1")


async def test_who_takes_what_is_in_the_trail(house: House) -> None:
    query = f'{{job="db"}} |= "{uuid.uuid4()}"'
    await house.client.get(EXPORT, params={"query": query}, headers={"user-agent": "curl/8"})
    now_ns = time.time_ns()
    asked = RangeRequest('{event="export"}', now_ns - 10**12, now_ns + 10**9, 10**9, 1000, "backward", 0, TRAIL_TENANT)
    rows = (await house.services.engine.range(asked)).rows  # type: ignore[union-attr]
    [row] = [row for row in rows if row.metadata["statement"] == query]
    assert (row.metadata["client"], row.metadata["app"]) == ("127.0.0.1", "curl/8")


async def test_nothing_found_is_an_empty_file(house: House) -> None:
    assert (await house.client.get(EXPORT, params={"query": DB})).content == b""


@pytest.mark.parametrize(
    ("parameters", "status", "words"),
    [
        ({"query": '{job="db"'}, 400, "parse error"),
        ({"query": "rate({job='db'}[1m])"}, 400, "parse error"),
        ({"query": 'rate({job="db"}[1m])'}, 400, "an export takes a log query"),
        ({"query": DB, "format": "xlsx"}, 400, "give one of ndjson, csv, parquet"),
        ({"query": DB, "start": "2", "end": "1"}, 400, "end timestamp must not be before"),
        ({"query": DB + ' |~ "("'}, 400, "error parsing regexp"),
    ],
)
async def test_mistakes_are_told_before_anything_is_sent(
    house: House, parameters: dict[str, str], status: int, words: str
) -> None:
    answer = await house.client.get(EXPORT, params=parameters)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert house.services.exports == 0


async def test_no_more_than_a_few_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MAX_EXPORTS", 0)
    answer = await house.client.get(EXPORT, params={"query": DB})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


class _Call:
    """The export route without a client library, so that a test can hold its bytes back."""

    def __init__(self, house: House, **parameters: str) -> None:
        from urllib.parse import urlencode

        self.sent: list[dict[str, Any]] = []
        self.flowing = asyncio.Event()
        self.gone = asyncio.Event()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": EXPORT,
            "raw_path": EXPORT.encode(),
            "root_path": "",
            "query_string": urlencode(parameters).encode(),
            "headers": [(b"host", b"127.0.0.1")],
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 3100),
        }
        self.task = asyncio.ensure_future(house.api(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body":
            await self.flowing.wait()

    @property
    def complete(self) -> bool:
        return any(m["type"] == "http.response.body" and not m.get("more_body") for m in self.sent)


@pytest.fixture
async def full(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Forty pages of lines."""
    monkeypatch.setattr(query_export, "PAGE_ROWS", (10, 10))
    await house.store({"job": "db"}, *(f"line {n:03}" for n in range(400)))
    yield house


async def sent_to(call: _Call, messages: int) -> None:
    async with asyncio.timeout(20):
        while len(call.sent) < messages:  # noqa: ASYNC110 – a list has no event
            await asyncio.sleep(0.005)


async def test_a_client_that_does_not_take_is_waited_for_and_not_read_ahead_of(full: House) -> None:
    selects = 0
    select = full.services.store.select

    async def counted(sql: str, **more: Any) -> Any:
        nonlocal selects
        selects += 1
        return await select(sql, **more)

    full.services.store.select = counted  # type: ignore[method-assign]
    try:
        call = _Call(full, query=DB)
        await sent_to(call, 2)
        await full.lines(DB)  # others are served meanwhile
        held = selects
        await asyncio.sleep(0.2)
        assert selects == held < 10
        call.flowing.set()
        await asyncio.wait_for(call.task, 20)
    finally:
        full.services.store.select = select  # type: ignore[method-assign]
    assert call.complete
    body = b"".join(m["body"] for m in call.sent if m["type"] == "http.response.body")
    assert lines_of(body) == [f"line {n:03}" for n in range(400)]


async def test_it_ends_when_the_client_leaves(full: House) -> None:
    call = _Call(full, query=DB)
    await sent_to(call, 2)
    assert full.services.exports == 1
    call.gone.set()
    await asyncio.wait_for(call.task, 20)
    assert (call.complete, full.services.exports) == (False, 0)


async def test_it_ends_when_the_client_takes_nothing(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "SEND_TIMEOUT_S", 0.05)
    call = _Call(full, query=DB)
    await asyncio.wait_for(call.task, 20)
    assert (call.complete, full.services.exports) == (False, 0)


async def test_a_failure_in_the_middle_does_not_look_like_the_end(
    full: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    call = _Call(full, query=DB)
    await sent_to(call, 2)

    async def fails(sql: str, **more: Any) -> Any:
        raise StoreError("the disk burns")

    monkeypatch.setattr(full.services.store, "select", fails)
    call.flowing.set()
    await asyncio.wait_for(call.task, 20)
    assert (call.complete, full.services.exports) == (False, 0)
    assert "an export was broken off: the disk burns" in caplog.text
