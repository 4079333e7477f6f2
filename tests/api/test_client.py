"""What happens when the client goes away: the work stops, and nobody calls it an error."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message

from kit.api_house import QUERY_RANGE, House

QUERY, FINDINGS = "/loki/api/v1/query", "/whodid/api/v1/findings"
WORK = {QUERY_RANGE: "range", QUERY: "instant", FINDINGS: "find"}
"""What does the work of each route."""


def scope(method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> dict[str, object]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 3100),
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", QUERY_RANGE), ("POST", QUERY_RANGE), ("GET", QUERY), ("POST", QUERY), ("GET", FINDINGS)],
)
async def test_a_query_is_cancelled_when_its_client_goes_away(
    house: House, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    begun, cancelled, answered = asyncio.Event(), asyncio.Event(), []

    async def works_for_ever(*asked: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    owner = house.services if path == FINDINGS else house.services.engine
    monkeypatch.setattr(owner, WORK[path], works_for_ever)
    messages: asyncio.Queue[Message] = asyncio.Queue()
    query = b"query=%7Bjob%3D%22a%22%7D"
    form = [(b"content-type", b"application/x-www-form-urlencoded")] if method == "POST" else []
    messages.put_nowait({"type": "http.request", "body": query if form else b"", "more_body": False})

    async def send(message: Message) -> None:
        answered.append(message)

    asked = scope(method, path, b"" if form else query, form)
    running = asyncio.ensure_future(house.api(asked, messages.get, send))
    await asyncio.wait_for(begun.wait(), 10)
    assert not running.done()
    messages.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(running, 10)
    assert cancelled.is_set()
    assert [message["status"] for message in answered if message["type"] == "http.response.start"] == [499]


ENDLESS = "SELECT sum(sipHash64(number)) AS n FROM numbers(987654321987654)"


@pytest.mark.parametrize("path", [QUERY_RANGE, "/loki/api/v1/index/stats", "/loki/api/v1/labels"])
async def test_the_engine_stops_too(house: House, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    await house.store({"job": "a"}, "x")
    select = house.services.store.select
    monkeypatch.setattr(
        house.services.store, "select", lambda sql, **options: select(ENDLESS, timeout_s=120) if sql else None
    )
    messages: asyncio.Queue[Message] = asyncio.Queue()
    messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def send(message: Message) -> None:
        pass

    asked = scope("GET", path, b"query=%7Bjob%3D%22a%22%7D", [])
    running = asyncio.ensure_future(house.api(asked, messages.get, send))
    while not await _endless_statements(house):
        assert not running.done()
    messages.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(running, 10)
    deadline = asyncio.get_running_loop().time() + 30
    while await _endless_statements(house):
        assert asyncio.get_running_loop().time() < deadline


async def _endless_statements(house: House) -> int:
    sql = (
        "SELECT count() AS n FROM system.processes WHERE query LIKE '%9876543219876%' AND query NOT LIKE '%processes%'"
    )
    table = await house.services.store.appending(lambda connection: connection.select(sql))
    return int(table["n"][0].as_py())


async def test_a_push_that_is_broken_off_stores_nothing_and_is_no_bug(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    parts: list[Message] = [
        {"type": "http.request", "body": b'{"streams": [{"stream"', "more_body": True},
        {"type": "http.disconnect"},
    ]
    receive: Callable[[], Awaitable[Message]] = lambda: _next(parts)  # noqa: E731
    statuses = []

    async def send(message: Message) -> None:
        statuses.append(message.get("status"))

    with caplog.at_level(logging.WARNING):
        await house.api(scope("POST", "/loki/api/v1/push", b"", []), receive, send)
    assert statuses[0] == 499
    assert caplog.records == []
    assert house.services.ingest.totals.commits == 0


async def _next(parts: list[Message]) -> Message:
    return parts.pop(0)
