"""A listener for pushes: what Promtail, Alloy, Docker's Loki driver … send to Loki, they can send to the agent.

`POST /loki/api/v1/push` (protobuf or JSON) and `/promtail/api/v1/raw` (one entry a line). 204 is the answer when the
inbox has written it: the agent's own machinery brings it on from there, also when the server is away. When the inbox is
full the answer is 429, and nothing is taken. Reading a body comes in as a parameter. Source: Promtail, `loki_push_api`.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from whodid.errors import WhodidError
from whodid.model.clock import Clock
from whodid.model.entry import Entry
from whodid.sources.gathering import Gathering
from whodid.sources.http_request import HEAD_BYTES, BadRequest, Head, answer, read_body, read_head
from whodid.sources.listening import HANDSHAKE_S, Counted, TlsSettings, is_loopback, read_address
from whodid.sources.receiver import Inboxes, Origin, Received

MOST_CONNECTIONS: Final = 200
BODIES_BYTES: Final = 64 << 20
"""So much of bodies is in memory at a time."""
_AT_ONCE: Final = 2
_SMALL_BYTES: Final = 64 << 10
RETRY_AFTER_S: Final = 5
_RETRY_S: Final = 5.0
_PUSH: Final = ("/loki/api/v1/push", "/api/prom/push")
_RAW: Final = "/promtail/api/v1/raw"
_log = logging.getLogger(__name__)

ReadPush = Callable[[bytes, str, str, int], Iterable[tuple[Mapping[str, str], Entry]]]
"""Entries with their labels, of body, media type, content coding and the most bytes it may unpack to. Raises
WhodidError for what is no push."""
ReadLines = Callable[[bytes, str, int], Iterable[str]]
"""Lines, of body, content coding and the most bytes."""


@dataclass(frozen=True, slots=True)
class PushSettings:
    """A listener for pushes; names as in Promtail's `loki_push_api`, without its nested `server`."""

    listen_address: str = "127.0.0.1:3500"
    """Where to listen. Whoever can reach it can write into the log: name another address than the loopback's only for a
    network that you trust, or with a `tls_config` with `ca_file`."""
    use_incoming_timestamp: bool = False
    """Whether entries keep the sender's instant; otherwise it is when they came in."""
    max_body_bytes: int = 4 << 20
    """A body may have so many bytes, packed."""
    max_unpacked_bytes: int = 32 << 20
    """And so many unpacked."""
    timeout_s: float = 30.0
    """How long one request may take to come in."""
    tls_config: TlsSettings = field(default_factory=TlsSettings)
    """Certificates, for TLS."""


class PushReceiver:
    """One listener."""

    def __init__(self, settings: PushSettings, clock: Clock, read_push: ReadPush, read_lines: ReadLines) -> None:
        """Raises CannotListen for settings that cannot work."""
        self._settings = settings
        self._clock = clock
        self._read_push = read_push
        self._read_lines = read_lines
        self._host, self._port = read_address(settings.listen_address, "push: listen_address")
        self._tls = settings.tls_config.context()
        self._name = f"pushes on {settings.listen_address}"
        self._refused = Counted(clock, lambda n: f"{self._name}: {n} connections too many were closed at once")
        self._malformed = Counted(clock, lambda n: f"{self._name}: {n} requests were refused: {self._why}")
        self._why = ""
        self._reading = asyncio.Semaphore(_AT_ONCE)
        self._bodies_bytes = 0
        self._connections: set[asyncio.Task[None]] = set()
        self.address: tuple[str, int] | None = None
        """Where it listens, while it does."""

    async def run(self, inbox_for: Inboxes) -> None:
        key = f"push-{self._host or 'any'}-{self._port}".replace(":", "_")
        gathering = Gathering(inbox_for(Origin(key, format="plain")))
        told = False
        try:
            while True:
                try:
                    await self._serve(gathering)
                except OSError as e:
                    if not told:
                        _log.error("cannot listen for %s: %s; it is tried again", self._name, e)
                    told = True
                    await self._clock.sleep(_RETRY_S)
        finally:
            self.address = None
            self._refused.flush()
            self._malformed.flush()
            await gathering.close()

    async def _serve(self, gathering: Gathering) -> None:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            if len(self._connections) >= MOST_CONNECTIONS:
                self._refused.add()
                writer.transport.abort()
                return
            self._connections.add(task)
            try:
                await self._converse(reader, writer, gathering)
            except (OSError, EOFError, asyncio.CancelledError):
                pass  # the client is gone, or the listener ends; nothing was acknowledged
            finally:
                self._connections.discard(task)
                writer.close()

        server = await asyncio.start_server(
            accept,
            self._host or None,
            self._port,
            limit=HEAD_BYTES,
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE_S if self._tls else None,
        )
        host, port = server.sockets[0].getsockname()[:2]
        self.address = (host, port)
        _log.info("listening for %s", self._name)
        if not is_loopback(host) and not (self._tls and self._settings.tls_config.ca_file):
            _log.warning("%s: whoever can reach %s can write into the log", self._name, host)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for task in tuple(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gathering: Gathering) -> None:
        """The requests of one connection."""
        while True:
            try:
                async with asyncio.timeout(self._settings.timeout_s):
                    head = await read_head(reader)
                if head is None:
                    return
                out = await self._handle(head, reader, writer, gathering)
            except TimeoutError:
                return  # it says nothing more, or too slowly
            except BadRequest as e:
                self._refuse(str(e))
                retry = {"Retry-After": str(RETRY_AFTER_S)} if e.status == 429 else {}
                writer.write(answer(e.status, str(e), retry, keep_alive=False))
                await writer.drain()
                return
            writer.write(out)
            async with asyncio.timeout(self._settings.timeout_s):
                await writer.drain()
            if not head.keep_alive:
                return

    async def _handle(
        self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gathering: Gathering
    ) -> bytes:
        """The answer to one request."""
        if head.path in ("/ready", "/-/ready"):
            await self._body(head, reader, writer)
            return answer(200, "ready", keep_alive=head.keep_alive)
        if head.path not in (*_PUSH, _RAW):
            raise BadRequest(404, f"there is nothing at {head.path[:200]}: push to {_PUSH[0]} or {_RAW}")
        if head.method != "POST":
            raise BadRequest(405, f"{head.path} takes POST only")
        size = self._settings.max_body_bytes if head.length is None else head.length
        if self._bodies_bytes + size > BODIES_BYTES:
            raise BadRequest(429, "too much comes in at the same time; try again later")
        self._bodies_bytes += size
        try:
            body = await self._body(head, reader, writer)
            if gathering.full():
                why = "the agent has no room for more until the server takes what it has; try again later"
                return answer(429, why, {"Retry-After": str(RETRY_AFTER_S)}, keep_alive=head.keep_alive)
            try:
                records = await self._records(head, body)
            except WhodidError as e:
                self._refuse(str(e))
                return answer(400, str(e), keep_alive=head.keep_alive)
            await gathering.put(records)
        finally:
            self._bodies_bytes -= size
        return answer(204, keep_alive=head.keep_alive)

    async def _body(self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        if head.expects_continue:
            writer.write(answer(100))
        async with asyncio.timeout(self._settings.timeout_s):
            return await read_body(reader, head, self._settings.max_body_bytes)

    async def _records(self, head: Head, body: bytes) -> list[Received]:
        if len(body) <= _SMALL_BYTES:
            return self._read(head, body)
        async with self._reading:
            return await asyncio.to_thread(self._read, head, body)

    def _read(self, head: Head, body: bytes) -> list[Received]:
        settings, now_ns = self._settings, self._clock.now_ns()
        encoding = head.headers.get("content-encoding", "").strip().lower()
        if head.path == _RAW:
            return [Received(line, now_ns) for line in self._read_lines(body, encoding, settings.max_unpacked_bytes)]
        media_type = head.headers.get("content-type", "").split(";")[0].strip().lower()
        entries = self._read_push(body, media_type, encoding, settings.max_unpacked_bytes)
        return [
            Received(entry.line, entry.ns if settings.use_incoming_timestamp else now_ns, labels, entry.metadata)
            for labels, entry in entries
        ]

    def _refuse(self, why: str) -> None:
        self._why = why[:300]
        self._malformed.add()
