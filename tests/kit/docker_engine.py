"""A Docker engine on a unix socket: containers that are scripted, answers cut anywhere, connections that break.

Answers look like moby's: chunked, frames of eight bytes before each message, instants of nine digits, long lines in
parts of 16 KiB, `since` inclusive. It remembers 256 events, and none over a restart.
"""

import asyncio
import json
import random
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whodid.model.clock import SECOND, format_rfc3339

PART = 16 << 10
BEGIN_NS = 1_795_415_555 * SECOND


def stamp(ns: int) -> bytes:
    """RFC 3339 with all nine digits and a blank."""
    whole, _, rest = format_rfc3339(ns).rstrip("Z").partition(".")
    return f"{whole}.{rest:0<9}Z ".encode()


@dataclass
class Message:
    ns: int
    stream: str
    data: bytes
    """With its newline, unless it is a part of a longer line."""


@dataclass
class FakeContainer:
    id: str
    name: str
    image: str = "shop:1"
    labels: dict[str, str] = field(default_factory=dict)
    terminal: bool = False
    driver: str = "json-file"
    log: list[Message] = field(default_factory=list)
    running: bool = False
    readable: bool = True

    def inspect(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "Name": f"/{self.name}",
            "LogPath": f"/nowhere/{self.id}-json.log",
            "Config": {"Image": self.image, "Labels": self.labels, "Tty": self.terminal},
            "HostConfig": {"NetworkMode": "bridge", "LogConfig": {"Type": self.driver}},
            "State": {"Running": self.running, "Status": "running" if self.running else "exited"},
            "NetworkSettings": {"Networks": {"shop_default": {"NetworkID": "n1", "IPAddress": "172.18.0.2"}}},
        }


class FakeEngine:
    """`async with FakeEngine(path) as engine`."""

    def __init__(self, socket: Path, seed: int = 0, most_chunk: int = 7000) -> None:
        self.socket = socket
        self.containers: dict[str, FakeContainer] = {}
        self.events: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.filters_by_clock = False
        """As engines did until version 23: what is older than `since` is left out wherever it stands."""
        self.cut_after: list[int] = []
        """After how many bytes each of the next answers breaks off."""
        self._random = random.Random(seed)
        self._most_chunk = most_chunk
        self._ns = BEGIN_NS
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "FakeEngine":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self.socket))

    async def stop(self) -> None:
        """As when the daemon is restarted: the socket goes, connections break, events are forgotten."""
        assert self._server is not None
        self._server.close()
        self.socket.unlink(missing_ok=True)
        self.drop_connections()
        self.events.clear()
        await asyncio.sleep(0)

    def drop_connections(self) -> None:
        for writer in tuple(self._open):
            writer.transport.abort()

    def tick(self, step_ns: int = 1_000_000) -> int:
        self._ns += step_ns
        return self._ns

    def make(self, name: str, **more: Any) -> FakeContainer:
        id = (name.encode().hex() + "0" * 64)[:64]
        container = self.containers[id] = FakeContainer(id, name, **more)
        return container

    def start_container(self, container: FakeContainer) -> None:
        container.running = True
        self.happen(container, "start")

    def end_container(self, container: FakeContainer, code: int = 0) -> None:
        container.running = False
        self.happen(container, "die", exitCode=str(code))

    def remove(self, container: FakeContainer) -> None:
        del self.containers[container.id]
        self.happen(container, "destroy")

    def happen(self, container: FakeContainer, action: str, **attributes: str) -> None:
        ns = self.tick()
        known = {"name": container.name, "image": container.image, **container.labels, **attributes}
        self.events.append(
            {
                "status": action,
                "id": container.id,
                "Type": "container",
                "Action": action,
                "Actor": {"ID": container.id, "Attributes": known},
                "scope": "local",
                "time": ns // SECOND,
                "timeNano": ns,
            }
        )
        self._wake()

    def say(self, container: FakeContainer, text: str, stream: str = "stdout", ns: int | None = None) -> None:
        """A line of a container; a long one in parts."""
        ns = self.tick() if ns is None else ns
        data = text.encode() + (b"\r\n" if container.terminal else b"\n")
        while len(data) > PART:
            container.log.append(Message(ns, stream, data[:PART]))
            data = data[PART:]
        container.log.append(Message(ns, stream, data))
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                target = head.split(b" ", 2)[1].decode()
                self.requests.append(target)
                path, _, query = target.partition("?")
                await self._answer(writer, path, dict(urllib.parse.parse_qsl(query)))
        except (OSError, EOFError, asyncio.CancelledError, _Broken):
            pass
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _answer(self, writer: asyncio.StreamWriter, path: str, asked: dict[str, str]) -> None:
        words = path.strip("/").split("/")
        if path == "/containers/json":
            rows = [
                {"Id": c.id, "Created": at, "State": "running" if c.running else "exited"}
                for at, c in enumerate(self.containers.values())
                if _fits(c, json.loads(asked.get("filters", "{}")))
            ]
            await self._json(writer, 200, rows)
        elif path == "/events":
            await self._follow_events(writer, _instant(asked.get("since", "")))
        elif len(words) == 3 and words[1] not in self.containers:
            await self._json(writer, 404, {"message": f"No such container: {words[1]}"})
        elif words[-1] == "json":
            await self._json(writer, 200, self.containers[words[1]].inspect())
        elif not self.containers[words[1]].readable:
            await self._json(writer, 501, {"message": "configured logging driver does not support reading"})
        else:
            await self._follow_log(writer, self.containers[words[1]], _instant(asked["since"]), asked["follow"] == "1")

    async def _json(self, writer: asyncio.StreamWriter, status: int, found: Any) -> None:
        data = json.dumps(found).encode()
        writer.write(
            b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(data))
        )
        writer.write(data)
        await writer.drain()

    async def _follow_events(self, writer: asyncio.StreamWriter, since_ns: int) -> None:
        out = _Chunks(writer, self)
        await out.begin()
        sent = [] if since_ns else list(self.events)
        while True:
            changed = self._changed
            for event in self.events[-256:]:
                if event["timeNano"] >= since_ns and not any(event is one for one in sent):
                    sent.append(event)
                    await out.write(json.dumps(event).encode() + b"\n")
            await changed.wait()

    async def _follow_log(self, writer: asyncio.StreamWriter, box: FakeContainer, since: int, follow: bool) -> None:
        out = _Chunks(writer, self)
        await out.begin()
        at, reached = 0, False
        while True:
            changed = self._changed
            while at < len(box.log):
                message = box.log[at]
                at += 1
                reached = reached or message.ns >= since
                if reached and (message.ns >= since or not self.filters_by_clock):
                    await out.write(_framed(box, message))
            if not follow or not box.running:
                await out.end()
                return
            await changed.wait()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Cut anywhere."""
        at = 0
        while at < len(data):
            size = self._random.randint(1, self._most_chunk)
            yield data[at : at + size]
            at += size


class _Broken(Exception):
    """The engine breaks off."""


class _Chunks:
    """One chunked answer. Every message is written as it comes, in pieces that respect nothing."""

    def __init__(self, writer: asyncio.StreamWriter, engine: FakeEngine) -> None:
        self._writer = writer
        self._engine = engine
        self._left = engine.cut_after.pop(0) if engine.cut_after else None

    async def begin(self) -> None:
        self._writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await self._writer.drain()

    async def write(self, data: bytes) -> None:
        for piece in self._engine.pieces(data):
            if self._left is not None:
                piece = piece[: self._left]
                self._left -= len(piece)
            if piece:
                self._writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if self._left == 0:
                await self._writer.drain()
                raise _Broken
        await self._writer.drain()

    async def end(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()


def _framed(container: FakeContainer, message: Message) -> bytes:
    data = stamp(message.ns) + message.data
    if container.terminal:
        return data
    return bytes([1 if message.stream == "stdout" else 2, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def _fits(container: FakeContainer, filters: dict[str, list[str]]) -> bool:
    return container.id in filters.get("id", [container.id]) and (
        "name" not in filters or any(name in container.name for name in filters["name"])
    )


def _instant(text: str) -> int:
    seconds, _, nanos = text.partition(".")
    return int(seconds or 0) * SECOND + int((nanos or "0").ljust(9, "0"))
