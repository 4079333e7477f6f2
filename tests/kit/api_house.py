"""The two web applications on the shared chDB store, in the event loop of the test: asked in-process, without a port.

Each house has a tenant of its own, so that tests in one process do not meet each other's streams.
"""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from kit.asgi_socket import AsgiSocket
from kit.chdb_store import shared_store
from whodid.api.app import api_app, dashboard_app
from whodid.api.metrics import register
from whodid.api.services import Services
from whodid.ingest.deletes import Deletes
from whodid.ingest.limits import Limits as IngestLimits
from whodid.ingest.pipeline import Ingest
from whodid.ingest.trail import Trail
from whodid.investigate.finding import Finding
from whodid.model.clock import SystemClock
from whodid.model.entry import Entry, Stream
from whodid.query.deletion import Chooser
from whodid.query.engine import Engine
from whodid.query.limits import Limits
from whodid.store.state import read_state
from whodid.store.streams import StreamIndex
from whodid.wire.push_protobuf import encode_push

HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
PUSH = "/loki/api/v1/push"
QUERY_RANGE = "/loki/api/v1/query_range"
_numbers = itertools.count(1)


class Hurried(SystemClock):
    """The real time, but nobody waits for more pushes to come together."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class House:
    """The services and a client of each door."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.api, self.pages = api_app(services, HOSTS), dashboard_app(services, HOSTS)
        self.asked: list[tuple[int, int, Sequence[str]]] = []
        """What `find` was asked."""
        self.found: list[Finding] = []
        """What `find` answers."""
        self.deeds = True
        """What `has_deeds` answers."""
        services.find, services.has_deeds = self._find, self._has_deeds
        self.client, self.page = _client(self.api), _client(self.pages)

    async def _find(self, start_ns: int, end_ns: int, words: Sequence[str]) -> list[Finding]:
        self.asked.append((start_ns, end_ns, words))
        return self.found

    async def _has_deeds(self, start_ns: int, end_ns: int) -> bool:
        self.asked.append((start_ns, end_ns, ["deeds"]))
        return self.deeds

    async def push_json(self, streams: Iterable[Mapping[str, Any]], **headers: str) -> httpx2.Response:
        body = json.dumps({"streams": list(streams)}).encode()
        return await self.client.post(PUSH, content=body, headers={"content-type": "application/json", **headers})

    async def store(self, labels: Mapping[str, str], *lines: str, ns: int | None = None, **metadata: str) -> int:
        """Commits lines a millisecond apart, the last of them about now; the last sequence number."""
        first_ns = ns if ns is not None else time.time_ns() - len(lines) * 10**6
        entries = [Entry(first_ns + n * 10**6, line, metadata) for n, line in enumerate(lines)]
        refused = await self.services.ingest.push(encode_push([Stream(dict(labels), entries)]), _tenant())
        assert refused == []
        return self.services.ingest.bus.last_seq

    async def lines(self, query: str, **parameters: str) -> list[str]:
        """The lines of a log query, oldest first."""
        asked = {"query": query, "direction": "forward", **parameters}
        answer = await self.client.get(QUERY_RANGE, params=asked)
        assert answer.status_code == 200, answer.text
        found = [tuple(value) for stream in answer.json()["data"]["result"] for value in stream["values"]]
        return [line for _, line, *_ in sorted(found)]

    def tail(self, query: str, *, headers: Mapping[str, str] | None = None, **parameters: str) -> AsgiSocket:
        asked = {"query": query, **parameters}
        return AsgiSocket(self.api, "/loki/api/v1/tail", asked, {"host": "127.0.0.1:3100", **(headers or {})})


def _client(app: ASGIApp) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:3100")


def _tenant() -> str:
    from whodid.api import services

    return services.DEFAULT_TENANT


@asynccontextmanager
async def open_house(
    directory: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits | None = None, ingest: IngestLimits | None = None
) -> AsyncIterator[House]:
    monkeypatch.setattr("whodid.api.services.DEFAULT_TENANT", f"api-{next(_numbers)}")
    store, clock = shared_store(), Hurried()
    index = StreamIndex(store)
    await index.load()
    writer = await Ingest.start(store, index, clock, ingest or IngestLimits(), directory)
    committing = asyncio.create_task(writer.run())
    await asyncio.sleep(0)  # a task that has not begun is cancelled without closing its files
    settled = writer.settled, writer.bus.reached
    engine, live = (Engine(store, when, index, clock, limits or Limits()) for when in settled)

    def forget() -> None:
        engine.forget()
        live.forget()

    trail = Trail(writer, clock)
    choose = Chooser(store, index, engine.limits).choose
    house = House(
        Services(
            clock=clock,
            store=store,
            index=index,
            ingest=writer,
            engine=engine,
            live=live,
            deletes=Deletes(store, writer, trail, clock, directory, choose=choose, forget=forget),
            trail=trail,
            registry=CollectorRegistry(),
            store_state=lambda: read_state(store),
            find=_nobody,
            has_deeds=_nobody,
            alerts=lambda: {"status": "success", "data": {"alerts": []}},
            rules=lambda **chosen: {"status": "success", "data": {"groups": []}},
            rule_files=dict,
            version="7.7.7",
        )
    )
    register(house.services)
    try:
        yield house
    finally:
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)
        await house.client.aclose()
        await house.page.aclose()


async def _nobody(*asked: object) -> Any:
    raise AssertionError("the house has its own")
