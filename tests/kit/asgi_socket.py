"""A WebSocket client of an ASGI application in the same event loop: no port, and a test can make it stop reading."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message

PATIENCE_S = 20.0


class AsgiSocket:
    """`async with AsgiSocket(…) as socket`. Without `accepted`, the server refused the handshake."""

    def __init__(self, app: ASGIApp, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> None:
        self.closed: tuple[int, str] | None = None
        """Code and reason with which the server closed."""
        self.accepted = False
        self.refused: tuple[int, str] | None = None
        """Status and text with which the server refused the handshake."""
        self.reading = asyncio.Event()
        """Cleared: the server's sends block, as if the client's buffers were full."""
        self.reading.set()
        self.deaf = False
        """With `reading` cleared: not even the server's goodbye is taken."""
        self._app = app
        self._scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": urlencode(parameters).encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 3100),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()

    async def __aenter__(self) -> "AsgiSocket":
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._running = asyncio.ensure_future(self._app(self._scope, self._to_app.get, self._send))
        first = await self._next()
        if first["type"] == "websocket.close":
            self.closed = first["code"], first.get("reason", "")
        elif first["type"] == "websocket.http.response.start":
            self.refused = first["status"], (await self._next())["body"].decode()
        else:
            assert first["type"] == "websocket.accept", first
            self.accepted = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.leave()

    async def _send(self, message: Message) -> None:
        if message["type"] == "websocket.send" or self.deaf:
            await self.reading.wait()
        self._from_app.put_nowait(message)

    async def _next(self) -> Message:
        """The next message of the server; an exception of the application is raised here."""
        getting = asyncio.ensure_future(self._from_app.get())
        try:
            await asyncio.wait({getting, self._running}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            assert self._running.done(), f"nothing came within {PATIENCE_S:.0f} s"
            self._running.result()
            await asyncio.sleep(0)
            assert getting.done(), "the server ended without a word"
            return getting.result()
        finally:
            getting.cancel()

    async def frame(self) -> dict[str, Any]:
        """The next frame."""
        message = await self._next()
        assert message["type"] == "websocket.send", message
        return dict(json.loads(message["text"]))

    async def close_said(self) -> tuple[int, str]:
        """Waits for the server to close."""
        if self.closed is None:
            message = await self._next()
            assert message["type"] == "websocket.close", message
            self.closed = message["code"], message.get("reason", "")
        return self.closed

    async def ended(self) -> None:
        """Waits until the application has done with this connection."""
        await asyncio.wait({self._running})

    async def leave(self) -> None:
        """The client goes away; returns when the server has noticed."""
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(asyncio.gather(self._running, return_exceptions=True), PATIENCE_S)


def lines_of(frame: Mapping[str, Any]) -> list[str]:
    """The lines of a frame, oldest first."""
    values = [tuple(value) for stream in frame["streams"] for value in stream["values"]]
    return [line for _, line, *_ in sorted(values, key=lambda value: int(value[0]))]
