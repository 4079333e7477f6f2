"""Syslog from the network: a listener for UDP, TCP or TLS. What a message says is the parser's, which comes in.

A connection is read only while the inbox takes what it brought: then the sender waits, as TCP lets it. UDP knows no
waiting; what finds no room is counted and told. Messages are written together (gathering.py). Called by the agent.
Sources: RFC 5426 (UDP), 6587 (TCP), 5425 (TLS); Promtail's `syslog`.
"""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from whodid.model.clock import SECOND, Clock
from whodid.sources.gathering import Gathering
from whodid.sources.listening import HANDSHAKE_S, CannotListen, Counted, TlsSettings, is_loopback, read_address
from whodid.sources.receiver import Inboxes, Origin, Received
from whodid.sources.syslog_frames import FrameSplitter

READ_BYTES: Final = 64 << 10
MOST_CONNECTIONS: Final = 1000
_UDP_MESSAGES: Final = 20_000
_UDP_BYTES: Final = 16 << 20
_UDP_BUFFER_BYTES: Final = 8 << 20
_AT_ONCE: Final = 2_000
_RETRY_S: Final = 5.0
_log = logging.getLogger(__name__)


class Message(Protocol):
    """What a parser reads out of one message; empty where the message does not say it."""

    @property
    def message(self) -> str: ...
    @property
    def facility(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def ns(self) -> int | None: ...
    @property
    def hostname(self) -> str: ...
    @property
    def app(self) -> str: ...
    @property
    def pid(self) -> str: ...
    @property
    def msgid(self) -> str: ...
    @property
    def sd(self) -> Mapping[str, Mapping[str, str]]: ...


@dataclass(frozen=True, slots=True)
class SyslogSettings:
    """A listener for syslog; names as in Promtail's `syslog`."""

    listen_address: str = "127.0.0.1:1514"
    """Where to listen. Whoever can reach it can write into the log: name another address than the loopback's only for a
    network that you trust, or with TLS and `ca_file`."""
    listen_protocol: str = "tcp"
    """`tcp` or `udp`; TLS is TCP with a `tls_config`."""
    idle_timeout_ns: int = 120 * SECOND
    """A connection that completes no message for so long is closed."""
    label_structured_data: bool = False
    """Whether RFC 5424's structured data is there for relabelling, as `__syslog_message_sd_<id>_<name>`."""
    use_incoming_timestamp: bool = False
    """Whether the instant of a record is the sender's; otherwise it is when the message came in."""
    use_rfc5424_message: bool = True
    """Whether the line is the message as it came, with its head, as the formats `auth` and `syslog` read it; otherwise
    only what it says. (In Promtail the default is the other.)"""
    max_message_length: int = 8192
    """Bytes of a message; of longer ones the rest is left out."""
    tls_config: TlsSettings = field(default_factory=TlsSettings)
    """Certificates, for TLS."""


class SyslogReceiver:
    """One listener. `parse` reads one message."""

    def __init__(self, settings: SyslogSettings, clock: Clock, parse: Callable[[str], Message]) -> None:
        """Raises CannotListen for settings that cannot work."""
        self._settings = settings
        self._clock = clock
        self._parse = parse
        self._host, self._port = read_address(settings.listen_address, "syslog: listen_address")
        self._tls = settings.tls_config.context()
        if settings.listen_protocol not in ("tcp", "udp") or (settings.listen_protocol == "udp" and self._tls):
            raise CannotListen(
                f"syslog: listen_protocol: {settings.listen_protocol!r} is tcp or udp, and tcp with a tls_config"
            )
        self._idle_s = settings.idle_timeout_ns / SECOND
        self._name = f"syslog on {settings.listen_address} ({settings.listen_protocol})"
        self._cut = Counted(clock, lambda n: f"{self._name}: {n} messages were longer than max_message_length, cut")
        self.dropped = Counted(
            clock, lambda n: f"{self._name}: {n} messages came faster than they could be written, and are lost: use tcp"
        )
        """What UDP has lost here; the kernel may have lost more before."""
        self._refused = Counted(clock, lambda n: f"{self._name}: {n} connections too many were closed at once")
        self._broken = Counted(clock, lambda n: f"{self._name}: {n} connections were closed or broke: {self._why}")
        self._why = ""
        self._connections: set[asyncio.Task[None]] = set()
        self.address: tuple[str, int] | None = None
        """Where it listens, while it does."""

    async def run(self, inbox_for: Inboxes) -> None:
        key = f"syslog-{self._settings.listen_protocol}-{self._host or 'any'}-{self._port}".replace(":", "_")
        gathering = Gathering(inbox_for(Origin(key, format="syslog" if self._settings.use_rfc5424_message else "")))
        serve = self._serve_udp if self._settings.listen_protocol == "udp" else self._serve_tcp
        told = False
        try:
            while True:
                try:
                    await serve(gathering)
                except OSError as e:
                    if not told:
                        _log.error("cannot listen for %s: %s; it is tried again", self._name, e)
                    told = True
                    await self._clock.sleep(_RETRY_S)
        finally:
            self.address = None
            for count in (self._cut, self.dropped, self._refused, self._broken):
                count.flush()
            await gathering.close()

    def _says(self, sockets: tuple[socket.socket, ...] | list[socket.socket]) -> None:
        host, port = sockets[0].getsockname()[:2]
        self.address = (host, port)
        _log.info("listening for %s", self._name)
        if not is_loopback(host) and not (self._tls and self._settings.tls_config.ca_file):
            _log.warning("%s: whoever can reach %s can write into the log", self._name, host)

    async def _serve_tcp(self, gathering: Gathering) -> None:
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
            except (OSError, EOFError) as e:
                self._why = str(e)
                self._broken.add()
            except asyncio.CancelledError:
                pass  # the receiver ends: asyncio's own callback would log it as an error
            finally:
                self._connections.discard(task)
                writer.transport.abort()

        server = await asyncio.start_server(
            accept,
            self._host or None,
            self._port,
            limit=READ_BYTES,
            backlog=MOST_CONNECTIONS,
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE_S if self._tls else None,
        )
        self._says(server.sockets)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for task in tuple(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gathering: Gathering) -> None:
        """One connection, to its end."""
        peer = str(writer.get_extra_info("peername", ("",))[0]).removeprefix("::ffff:")
        frames = FrameSplitter(self._settings.max_message_length)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._idle_s
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    data = await reader.read(READ_BYTES)
            except TimeoutError:
                if frames.unfinished:
                    self._why = f"{peer} did not complete a message within idle_timeout"
                    self._broken.add()
                    await gathering.put(self._records(frames.finish(), peer))
                return
            cut = frames.cut
            messages = frames.feed(data) if data else frames.finish()
            if frames.cut > cut:
                self._cut.add(frames.cut - cut)
            if messages:
                await gathering.put(self._records(messages, peer))
                deadline = loop.time() + self._idle_s
            if frames.broken:
                self._why = f"{peer}: {frames.broken}"
                self._broken.add()
                return
            if not data:
                return

    async def _serve_udp(self, gathering: Gathering) -> None:
        loop = asyncio.get_running_loop()
        waiting = _Datagrams(self.dropped)
        transport, _ = await loop.create_datagram_endpoint(lambda: waiting, local_addr=(self._host or "::", self._port))
        try:
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_BUFFER_BYTES)
            self._says([sock])
            while True:
                await waiting.arrived.wait()
                records: list[Received] = []
                for data, peer in waiting.take(_AT_ONCE):
                    if len(data) > self._settings.max_message_length:
                        self._cut.add()
                    records += self._records([data[: self._settings.max_message_length]], peer)
                await gathering.put(records)
                self.dropped.flush(due=False)
        finally:
            transport.close()

    def _records(self, messages: list[bytes], peer: str) -> list[Received]:
        now_ns = self._clock.now_ns()
        texts = (data.decode("utf-8", "replace").rstrip("\r\n\0") for data in messages)
        return [self._record(text, peer, now_ns) for text in texts if text]

    def _record(self, text: str, peer: str, now_ns: int) -> Received:
        settings, said = self._settings, self._parse(text)
        attributes = {
            "hostname": said.hostname,
            "program": said.app,
            "pid": said.pid,
            "severity": said.severity,
            "facility": said.facility,
            "sender": peer,
        }
        discovered = {
            "__syslog_connection_ip_address": peer,
            "__syslog_message_severity": said.severity,
            "__syslog_message_facility": said.facility,
            "__syslog_message_hostname": said.hostname,
            "__syslog_message_app_name": said.app,
            "__syslog_message_proc_id": said.pid,
            "__syslog_message_msg_id": said.msgid,
        }
        if settings.label_structured_data:
            for element, parameters in said.sd.items():
                for name, value in parameters.items():
                    discovered[f"__syslog_message_sd_{_label(element)}_{_label(name)}"] = value
        return Received(
            text if settings.use_rfc5424_message else said.message,
            said.ns if settings.use_incoming_timestamp and said.ns is not None else now_ns,
            attributes={name: value for name, value in attributes.items() if value},
            discovered={name: value for name, value in discovered.items() if value},
        )


class _Datagrams(asyncio.DatagramProtocol):
    """What has come and is not taken yet, within bounds."""

    def __init__(self, dropped: Counted) -> None:
        self._messages: deque[tuple[bytes, str]] = deque()
        self._bytes = 0
        self._dropped = dropped
        self.arrived = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        if len(self._messages) >= _UDP_MESSAGES or self._bytes + len(data) > _UDP_BYTES:
            self._dropped.add()
            return
        self._messages.append((data, str(addr[0]).removeprefix("::ffff:")))
        self._bytes += len(data)
        self.arrived.set()

    def take(self, most: int) -> list[tuple[bytes, str]]:
        """The oldest messages."""
        out = [self._messages.popleft() for _ in range(min(most, len(self._messages)))]
        self._bytes -= sum(len(data) for data, _ in out)
        if not self._messages:
            self.arrived.clear()
        return out


def _label(text: str) -> str:
    """A name as a label may have it."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in text)
