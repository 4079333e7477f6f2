"""The syslog listener: raw sockets, hostile and honest, and Debian's rsyslog over every transport it has."""

import asyncio
import logging
import shutil
import socket
import ssl
import subprocess
from collections.abc import Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kit.certificates import make_certificates
from kit.inboxes import Inboxes, MemoryInbox, wait_for
from whodid.model.clock import SECOND, SystemClock
from whodid.sources import syslog
from whodid.sources.listening import CannotListen, TlsSettings
from whodid.sources.syslog import SyslogReceiver, SyslogSettings

LINE = "<38>Nov 23 06:30:12 shop sshd[4711]: Accepted publickey for deploy"


@dataclass
class Said:
    """What a parser may say."""

    message: str
    facility: str = "auth"
    severity: str = "informational"
    ns: int | None = 5
    hostname: str = "shop"
    app: str = "sshd"
    pid: str = "4711"
    msgid: str = ""
    sd: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {"origin@1": {"ip-a": "192.0.2.7"}})


def parse(text: str) -> Said:
    return Said(text.partition(": ")[2])


@asynccontextmanager
async def listening(inboxes: Inboxes, **settings: Any) -> Any:
    source = SyslogReceiver(SyslogSettings(**{"listen_address": "127.0.0.1:0"} | settings), SystemClock(), parse)
    task = asyncio.create_task(source.run(inboxes))
    try:
        await wait_for(lambda: source.address or task.done(), "the listener")
        yield source
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def only(inboxes: Inboxes) -> MemoryInbox:
    [inbox] = inboxes.by_key.values()
    return inbox


async def send(source: SyslogReceiver, *data: bytes, tls: ssl.SSLContext | None = None) -> None:
    _, writer = await asyncio.open_connection(*source.address, ssl=tls)
    for part in data:
        writer.write(part)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_a_message_with_all_that_is_known_of_it() -> None:
    inboxes = Inboxes()
    async with listening(inboxes, label_structured_data=True) as source:
        await send(source, LINE.encode() + b"\n")
        await wait_for(lambda: only(inboxes).records, "the message")
    [record] = only(inboxes).records
    assert record.line == LINE
    assert record.ns is not None
    assert record.ns > 10**18
    assert record.attributes == {
        "hostname": "shop",
        "program": "sshd",
        "pid": "4711",
        "severity": "informational",
        "facility": "auth",
        "sender": "127.0.0.1",
    }
    assert record.discovered == {
        "__syslog_connection_ip_address": "127.0.0.1",
        "__syslog_message_severity": "informational",
        "__syslog_message_facility": "auth",
        "__syslog_message_hostname": "shop",
        "__syslog_message_app_name": "sshd",
        "__syslog_message_proc_id": "4711",
        "__syslog_message_sd_origin_1_ip_a": "192.0.2.7",
    }
    [origin] = inboxes.origins.values()
    assert origin.key == "syslog-tcp-127.0.0.1-0"
    assert origin.format == "syslog"


async def test_as_promtail_does() -> None:
    inboxes = Inboxes()
    async with listening(inboxes, use_rfc5424_message=False, use_incoming_timestamp=True) as source:
        await send(source, LINE.encode() + b"\n")
        await wait_for(lambda: only(inboxes).records, "the message")
    [record] = only(inboxes).records
    assert (record.line, record.ns) == ("Accepted publickey for deploy", 5)
    assert "__syslog_message_sd_origin_1_ip_a" not in record.discovered


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
async def test_udp(address: str) -> None:
    inboxes = Inboxes()
    async with listening(inboxes, listen_protocol="udp", listen_address=address) as source:
        host, port = source.address
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for n in range(100):
                sock.sendto(b"<38>n: %d\n" % n, (host, port))
        await wait_for(lambda: len(only(inboxes).records) == 100, "all datagrams")
    assert only(inboxes).lines == [f"<38>n: {n}" for n in range(100)]
    assert only(inboxes).records[0].attributes["sender"] == host


async def test_what_udp_loses_is_counted_and_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(syslog, "_UDP_MESSAGES", 50)
    inboxes = Inboxes()
    async with listening(inboxes, listen_protocol="udp") as source:
        only(inboxes).room.clear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for n in range(200):
                sock.sendto(b"<38>n: %d" % n, source.address)
                await asyncio.sleep(0)
        await wait_for(lambda: source.dropped.total, "the loss")
        await wait_for(lambda: only(inboxes).busy, "a write that waits")
        only(inboxes).room.set()
        await wait_for(lambda: len(only(inboxes).records) + source.dropped.total == 200, "the rest")
    assert "came faster than they could be written" in caplog.text


async def test_a_full_inbox_holds_the_sender_back() -> None:
    inboxes = Inboxes()
    async with listening(inboxes) as source:
        only(inboxes).room.clear()
        _, writer = await asyncio.open_connection(*source.address)
        block = (LINE.encode() + b"\n") * 1000
        sent = 0
        try:
            async with asyncio.timeout(1.0):
                while True:
                    writer.write(block)
                    await writer.drain()
                    sent += 1000
        except TimeoutError:
            pass
        assert only(inboxes).records == []
        only(inboxes).room.set()
        await wait_for(lambda: len(only(inboxes).records) >= sent, "what was held back")
        writer.close()
        await writer.wait_closed()


async def test_who_says_nothing_or_never_ends_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    inboxes = Inboxes()
    async with listening(inboxes, idle_timeout_ns=SECOND // 5) as source:
        reader, silent = await asyncio.open_connection(*source.address)
        slow_reader, slow = await asyncio.open_connection(*source.address)

        async def drip() -> None:
            for byte in b"<13>" + b"x" * 100:
                slow.write(bytes([byte]))
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        for side in (reader, slow_reader):
            try:
                async with asyncio.timeout(20):
                    assert await side.read() == b""
            except ConnectionError:
                pass
        dripping.cancel()
        silent.close()
        slow.close()
    assert "did not complete a message within idle_timeout" in caplog.text
    assert "".join(only(inboxes).lines)[:2] == "<1", "what came of it is kept"


async def test_connections_are_limited(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(syslog, "MOST_CONNECTIONS", 3)
    inboxes = Inboxes()
    async with listening(inboxes) as source:
        pairs = [await asyncio.open_connection(*source.address) for _ in range(3)]
        for _, writer in pairs:
            writer.write(b"<13>a: x\n")
        await wait_for(lambda: len(only(inboxes).records) == 3, "three connections")
        reader, writer = await asyncio.open_connection(*source.address)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        for _, other in [*pairs, (None, writer)]:
            other.close()
    assert "1 connections too many" in caplog.text


async def test_a_broken_frame_ends_the_connection_and_keeps_what_was_before(caplog: pytest.LogCaptureFixture) -> None:
    inboxes = Inboxes()
    async with listening(inboxes) as source:
        await send(source, b"5 <13>a5 <13>bnonsense")
        await wait_for(lambda: len(only(inboxes).records) == 2, "two messages")
        await wait_for(lambda: "is no count" in caplog.text, "the reason")


async def test_long_messages_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    inboxes = Inboxes()
    async with listening(inboxes, max_message_length=100) as source:
        await send(source, b"<13>" + b"x" * 100_000 + b"\n<13>short\n")
        await wait_for(lambda: len(only(inboxes).records) == 2, "two messages")
    assert [len(line) for line in only(inboxes).lines] == [100, 9]
    assert "longer than max_message_length" in caplog.text


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    directory = tmp_path_factory.mktemp("certificates")
    make_certificates(directory)
    return directory


def tls_settings(certificates: Path, *, mutual: bool) -> TlsSettings:
    names = {"cert_file": str(certificates / "server.pem"), "key_file": str(certificates / "server.key")}
    return TlsSettings(**names, ca_file=str(certificates / "ca.pem") if mutual else "")


@pytest.mark.parametrize("mutual", [False, True])
async def test_tls(certificates: Path, mutual: bool, caplog: pytest.LogCaptureFixture) -> None:
    inboxes = Inboxes()
    client = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    known = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    known.load_cert_chain(str(certificates / "client.pem"), str(certificates / "client.key"))
    async with listening(inboxes, tls_config=tls_settings(certificates, mutual=mutual)) as source:
        await send(source, b"9 <13>hello", tls=known)
        await wait_for(lambda: len(only(inboxes).records) == 1, "the message")
        if mutual:
            try:
                reader, writer = await asyncio.open_connection(*source.address, ssl=client)
                writer.write(b"<13>stranger\n")
                assert await reader.read() == b""
                writer.close()
            except OSError:
                pass  # with TLS 1.3 the client learns of it when it reads or writes
        else:
            await send(source, b"<13>also\n", tls=client)
            await wait_for(lambda: len(only(inboxes).records) == 2, "the second")
    assert "stranger" not in "".join(only(inboxes).lines)


async def test_who_does_not_speak_tls_is_no_harm(certificates: Path) -> None:
    inboxes = Inboxes()
    async with listening(inboxes, tls_config=tls_settings(certificates, mutual=False)) as source:
        reader, writer = await asyncio.open_connection(*source.address)
        writer.write(b"<13>plain text\n")
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
    assert only(inboxes).lines == []


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"listen_address": "nowhere"}, "is no address"),
        ({"listen_address": "127.0.0.1:99999"}, "is no address"),
        ({"listen_protocol": "sctp"}, "is tcp or udp"),
        ({"tls_config": TlsSettings(cert_file="/nowhere.pem")}, "key_file are needed"),
        ({"tls_config": TlsSettings("/nowhere.pem", "/nowhere.key")}, "cannot be used"),
    ],
)
def test_settings_that_cannot_work(settings: Any, why: str) -> None:
    with pytest.raises(CannotListen, match=why):
        SyslogReceiver(SyslogSettings(**settings), SystemClock(), parse)


async def test_a_port_that_is_taken_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        source = SyslogReceiver(
            SyslogSettings(listen_address=f"127.0.0.1:{sock.getsockname()[1]}"), SystemClock(), parse
        )
        task = asyncio.create_task(source.run(Inboxes()))
        await wait_for(lambda: "cannot listen" in caplog.text, "the message")
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_address_that_others_reach_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with listening(Inboxes(), listen_address="0.0.0.0:0"):
            pass
    assert "whoever can reach 0.0.0.0 can write into the log" in caplog.text


RSYSLOG_PLUGINS = Path("/usr/lib/x86_64-linux-gnu/rsyslog")
TRANSPORTS = {
    "udp": 'protocol="udp"',
    "tcp": 'protocol="tcp"',
    "counted": 'protocol="tcp" TCP_Framing="octet-counted"',
    "tls": 'protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name"'
    ' StreamDriverPermittedPeers="server"',
    "tls-counted": 'protocol="tcp" TCP_Framing="octet-counted" StreamDriver="gtls" StreamDriverMode="1"'
    ' StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="server"',
}


@pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="needs rsyslogd")
@pytest.mark.parametrize(
    ("transport", "template"),
    [(name, "SyslogProtocol23" if number % 2 else "TraditionalForward") for number, name in enumerate(TRANSPORTS)],
)
async def test_rsyslog_of_debian(transport: str, template: str, certificates: Path, tmp_path: Path) -> None:
    tls = transport.startswith("tls")
    if tls and not (RSYSLOG_PLUGINS / "lmnsd_gtls.so").exists():
        pytest.skip("needs rsyslog-gnutls")
    inboxes = Inboxes()
    settings: dict[str, Any] = {"listen_protocol": "udp" if transport == "udp" else "tcp"}
    if tls:
        settings["tls_config"] = tls_settings(certificates, mutual=True)
    async with listening(inboxes, **settings) as source:
        host, port = source.address
        (tmp_path / "in.log").write_text("".join(f"line {n} ünder\n" for n in range(200)))
        (tmp_path / "rsyslog.conf").write_text(
            f'global(workDirectory="{tmp_path}"'
            f' DefaultNetstreamDriverCAFile="{certificates}/ca.pem"'
            f' DefaultNetstreamDriverCertFile="{certificates}/client.pem"'
            f' DefaultNetstreamDriverKeyFile="{certificates}/client.key")\n'
            'module(load="imfile" mode="polling" PollingInterval="1")\n'
            f'input(type="imfile" File="{tmp_path}/in.log" Tag="shop:" Severity="notice" Facility="local3")\n'
            f'action(type="omfwd" target="{host}" port="{port}" {TRANSPORTS[transport]}'
            f' template="RSYSLOG_{template}Format")\n'
        )
        with (tmp_path / "out").open("wb") as out:
            command = ["rsyslogd", "-n", "-f", str(tmp_path / "rsyslog.conf"), "-i", str(tmp_path / "pid")]
            daemon = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: ASYNC220
        try:
            await wait_for(lambda: len(only(inboxes).records) >= 200, "200 lines")
        finally:
            daemon.terminate()
            daemon.wait(timeout=20)
    lines = [line for line in only(inboxes).lines if "line " in line]
    assert [line.rpartition("line ")[2] for line in lines] == [f"{n} ünder" for n in range(200)]
    assert all(line.startswith("<157>1 " if "23" in template else "<157>Nov") for line in lines)
