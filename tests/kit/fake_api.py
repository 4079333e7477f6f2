"""A stand-in for the server behind the dashboard: the built page, canned answers, and a tail a test can feed.

It speaks the shapes the real API speaks and remembers what it was asked. It does not filter: which lines a query
means is the query engine's business, and is tested there. Used by tests/web; `python -m kit.fake_api` plays it alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

Json = dict[str, Any]
CANNED = Path(__file__).parents[1] / "web" / "canned"
STATIC = Path(__file__).parents[2] / "src" / "whodid" / "api" / "static"


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]


def load(name: str, now_s: float) -> list[Json]:
    """A canned file; `ago_s` becomes an instant before now."""
    items: list[Json] = json.loads((CANNED / f"{name}.json").read_text())
    for item in items:
        at_s = now_s - item.pop("ago_s")
        item["ns"] = str(int(at_s * 1e9))
        item["at"] = item["activeAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))
        person = item.get("person") or {"because": [], "alternatives": []}
        for named in (person, *person["alternatives"]):
            for reason in named["because"]:
                reason["at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s - reason.pop("ago_s")))
    return items


def stream_of(lines: list[Json]) -> list[Json]:
    return [
        {"stream": line["stream"], "values": [[line["ns"], line["line"], {"structuredMetadata": line["metadata"]}]]}
        for line in lines
    ]


@dataclass
class FakeApi:
    """What the page is told, and what it asked."""

    lines: list[Json] = field(default_factory=list)
    findings: list[Json] = field(default_factory=list)
    alerts: list[Json] = field(default_factory=list)
    query_error: str = ""
    asked: list[Asked] = field(default_factory=list)
    _tails: list[asyncio.Queue[str | None]] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def canned(cls) -> FakeApi:
        now_s = time.time()
        return cls(load("lines", now_s), load("findings", now_s), load("alerts", now_s))

    def requests(self, ending: str) -> list[Asked]:
        return [asked for asked in list(self.asked) if asked.path.endswith(ending)]

    @property
    def tails(self) -> int:
        return len(self._tails)

    def push(self, frame: Json) -> None:
        """Sends one frame to every open tail; from any thread."""
        assert self._loop is not None
        text = json.dumps(frame)
        for queue in list(self._tails):
            self._loop.call_soon_threadsafe(queue.put_nowait, text)

    def push_lines(self, count: int, text: str = "line {i}", level: str = "info") -> None:
        """Sends `count` numbered lines, stamped now, in one frame."""
        now_ns = time.time_ns()
        extras = {"structuredMetadata": {"detected_level": level}}
        values = [[str(now_ns + i), text.format(i=i), extras] for i in range(count)]
        self.push({"streams": [{"stream": {"job": "load", "host": "web1"}, "values": values}]})

    def hang_up(self) -> None:
        """Closes every tail, as a restarting server does."""
        assert self._loop is not None
        for queue in list(self._tails):
            self._loop.call_soon_threadsafe(queue.put_nowait, None)

    # -- routes ---------------------------------------------------------------------------------------------

    def _note(self, request: Request | WebSocket) -> None:
        self.asked.append(Asked(request.url.path, dict(request.query_params), dict(request.headers)))

    async def _query_range(self, request: Request) -> Response:
        self._note(request)
        if self.query_error:
            return PlainTextResponse(self.query_error, status_code=400)
        params = request.query_params
        wanted = [line for line in self.lines if int(params["start"]) <= int(line["ns"]) < int(params["end"])]
        newest = sorted(wanted, key=lambda line: int(line["ns"]))[-int(params["limit"]) :]
        data = {"resultType": "streams", "result": stream_of(newest), "encodingFlags": ["categorize-labels"]}
        return JSONResponse({"status": "success", "data": data})

    async def _labels(self, request: Request) -> Response:
        self._note(request)
        names = sorted({name for line in self.lines for name in line["stream"]})
        return JSONResponse({"status": "success", "data": names})

    async def _values(self, request: Request) -> Response:
        self._note(request)
        name = request.path_params["name"]
        values = sorted({line["stream"][name] for line in self.lines if name in line["stream"]})
        return JSONResponse({"status": "success", "data": values})

    async def _findings(self, request: Request) -> Response:
        self._note(request)
        return JSONResponse({"findings": self.findings})

    async def _alerts(self, request: Request) -> Response:
        self._note(request)
        return JSONResponse({"status": "success", "data": {"alerts": self.alerts}})

    async def _tail(self, socket: WebSocket) -> None:
        self._note(socket)
        self._loop = asyncio.get_running_loop()
        await socket.accept()
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._tails.append(queue)
        gone = asyncio.create_task(self._until_gone(socket, queue))
        try:
            while (text := await queue.get()) is not None:
                await socket.send_text(text)
            await socket.close(1001)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page went away in the middle of a frame: nobody is left to tell
        finally:
            self._tails.remove(queue)
            gone.cancel()

    @staticmethod
    async def _until_gone(socket: WebSocket, queue: asyncio.Queue[str | None]) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                await socket.receive_text()
        queue.put_nowait(None)

    def app(self, base: str = "/logs") -> Starlette:
        routes = [
            Route("/loki/api/v1/query_range", self._query_range),
            Route("/loki/api/v1/labels", self._labels),
            Route("/loki/api/v1/label/{name}/values", self._values),
            WebSocketRoute("/loki/api/v1/tail", self._tail),
            Route("/whodid/api/v1/findings", self._findings),
            Route("/prometheus/api/v1/alerts", self._alerts),
            Mount("/", StaticFiles(directory=STATIC, html=True)),
        ]
        home = Route("/", lambda _: RedirectResponse(f"{base}/"))
        return Starlette(routes=[home, Mount(base, routes=routes)])


@contextlib.contextmanager
def serving(api: FakeApi, base: str = "/logs", port: int = 0) -> Iterator[str]:
    """Serves the fake on a free loopback port for as long as the block runs; gives the page's address."""
    config = uvicorn.Config(api.app(base), host="127.0.0.1", port=port, log_level="error", ws="websockets-sansio")
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the fake API did not start")
        time.sleep(0.01)
    actual = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{actual}{base}/"
    finally:
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    fake = FakeApi.canned()
    with serving(fake, port=7799) as address:
        print(address)
        while True:
            time.sleep(1)
            if fake.tails:
                fake.push_lines(3)
