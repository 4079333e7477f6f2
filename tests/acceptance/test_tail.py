"""The live tail over a real WebSocket while lines are being written: nothing is missed, nothing comes twice."""

import asyncio
import base64
import json
import os
import re
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlencode

import cramjam
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from kit.processes import Installation
from whodid.model.entry import Entry, Stream
from whodid.wire.push_protobuf import encode_push

PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def whodid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("whodid"))
    try:
        installation.start("server")
        yield installation
    finally:
        installation.stop()


class Writer:
    """Pushes numbered lines of one job, one push after the other, each acknowledged before the next."""

    def __init__(self, whodid: Installation, job: str, padding: int = 0) -> None:
        self.written = 0
        self.progress = asyncio.Condition()
        self._whodid, self._job, self._padding = whodid, job, "x" * padding

    async def push(self, lines: int) -> None:
        numbers = range(self.written, self.written + lines)
        begun_ns = time.time_ns()
        entries = [Entry(begun_ns + n, f"{n} {self._padding}", {}) for n in numbers]
        body = bytes(cramjam.snappy.compress_raw(encode_push([Stream({"job": self._job}, entries)])))
        assert await asyncio.to_thread(self._whodid.post, "/loki/api/v1/push", body, {}) == (204, "")
        async with self.progress:
            self.written += lines
            self.progress.notify_all()


class Reader:
    """A client of the tail as the protocol means it: it counts a line as seen when `seq` has moved beyond it."""

    def __init__(self, whodid: Installation, job: str, **parameters: str) -> None:
        self.seen: list[int] = []
        self.frames = 0
        self._unsettled: list[int] = []
        self._seq = ""
        self._parameters = {"query": f'{{job="{job}"}}', "limit": "5000", **parameters}
        self._url = whodid.url.replace("http", "ws")

    def open(self) -> connect:
        """Connects, or connects again where it was."""
        self._unsettled.clear()
        resume = {"resume": self._seq} if self._seq else {}
        return connect(f"{self._url}/loki/api/v1/tail?{urlencode({**self._parameters, **resume})}", max_size=None)

    async def read(self, tail: ClientConnection, until: int) -> None:
        """Takes frames until so many lines are seen."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.seen) < until:
                await self.take(tail)

    async def take(self, tail: ClientConnection) -> None:
        """Takes one frame."""
        frame = json.loads(await tail.recv())
        self.frames += 1
        values = [value for stream in frame["streams"] for value in stream["values"]]
        self._unsettled += [int(value[1].split()[0]) for value in values]
        if "seq" in frame and frame["seq"] != self._seq:
            self._seq = frame["seq"]
            self.seen += self._unsettled
            self._unsettled = []


def assert_whole(reader: Reader, lines: int) -> None:
    repeated = [number for number, count in Counter(reader.seen).items() if count > 1]
    missing = sorted(set(range(lines)) - set(reader.seen))
    assert (repeated[:10], missing[:10]) == ([], [])
    assert reader.seen == list(range(lines)), "the order is the order of writing"


async def test_history_goes_over_into_live_without_gap_or_repeat(whodid: Installation) -> None:
    """Several tails begin at different points of the same writing; each sees every line."""
    pushes, size = 16, 250
    writer = Writer(whodid, "seam")
    readers = [Reader(whodid, "seam") for _ in range(4)]

    async def follow(reader: Reader, from_line: int) -> None:
        async with writer.progress:
            await writer.progress.wait_for(lambda: writer.written >= from_line)
        async with reader.open() as tail:
            await reader.read(tail, pushes * size)

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as all_at_once:
        for number, reader in enumerate(readers):
            all_at_once.create_task(follow(reader, from_line=number * pushes * size // 5))
        for _ in range(pushes):
            await writer.push(size)
    for reader in readers:
        assert_whole(reader, pushes * size)


async def test_a_tail_goes_on_exactly_where_it_was(whodid: Installation) -> None:
    """The connection is cut again and again, in the middle of what one commit brought too."""
    writer, reader = Writer(whodid, "resumed"), Reader(whodid, "resumed")
    await writer.push(300)
    sizes = [2500, 10, 1700, 250, 3100]  # above 1000 lines a commit takes several frames
    for size in sizes:
        async with reader.open() as tail:
            await reader.take(tail)
        await writer.push(size)
    async with reader.open() as tail:
        await reader.read(tail, writer.written)
    assert writer.written == 300 + sum(sizes)
    assert_whole(reader, writer.written)


async def test_resume_brings_no_history(whodid: Installation) -> None:
    writer, reader = Writer(whodid, "quiet"), Reader(whodid, "quiet")
    await writer.push(5)
    async with reader.open() as tail:
        await reader.read(tail, 5)
    async with reader.open() as tail:
        await writer.push(1)
        await reader.take(tail)
    assert (reader.seen, reader.frames) == ([0, 1, 2, 3, 4, 5], 2)


async def test_a_client_that_does_not_read_slows_nobody_and_is_sent_away(whodid: Installation) -> None:
    pushes, size = 12, 400
    writer, reader = Writer(whodid, "slow", padding=5000), Reader(whodid, "slow")
    with _deaf_client(whodid, "slow") as deaf:
        late_s = []
        async with reader.open() as tail:
            for _ in range(pushes):  # 24 MB in all, several times what the buffers between two sockets hold
                await writer.push(size)
                begun_s = time.perf_counter()
                await reader.read(tail, writer.written)
                late_s.append(time.perf_counter() - begun_s)
        assert_whole(reader, pushes * size)
        assert max(late_s) < 2.0, late_s
        heard = await asyncio.to_thread(_all_that_was_sent, deaf, until=b"reconnect with resume=<seq> to go on")
    assert len(heard) < pushes * size * 5000 / 2, "the server did not keep for it what it would not take"
    assert b"\x03\xf5the client reads too slowly" in heard[-100:]  # 1013: try again later


def _all_that_was_sent(deaf: socket.socket, until: bytes) -> bytes:
    """What the server had sent when it lost its patience."""
    # Not a byte is taken before that, else it would have hope: the close frame is not sent but ten seconds later.
    deadline_s = time.monotonic() + PATIENCE_S
    while _open_tails(deaf.getpeername()) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    heard = b""
    while not heard.endswith(until):
        heard += deaf.recv(1 << 20)
    return heard


def _open_tails(address: tuple[str, int]) -> int:
    with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/metrics", timeout=PATIENCE_S) as answer:
        return int(float(re.findall(r"^whodid_tails (.*)$", answer.read().decode(), re.MULTILINE)[0]))


def _deaf_client(whodid: Installation, job: str) -> socket.socket:
    """Opens a tail by hand, and never reads after the handshake."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.settimeout(PATIENCE_S)
    deaf.connect(("127.0.0.1", whodid.port))
    target = "/loki/api/v1/tail?" + urlencode({"query": f'{{job="{job}"}}'})
    key = base64.b64encode(os.urandom(16)).decode()
    deaf.sendall(
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert deaf.recv(12) == b"HTTP/1.1 101"
    return deaf


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"query": 'rate({job="seam"}[1m])'}, "tail takes a log query, not a metric query"),
        ({"query": '{job="seam"'}, "parse error at line 1, col "),
        ({"query": ""}, "parse error"),
        ({"query": '{job="seam"}', "limit": "0"}, "limit must be a positive value"),
        ({"query": '{job="seam"}', "delay_for": "9"}, "delay_for can't be greater than 5"),
        ({"query": '{job="seam"}', "start": "שלום" * 20}, "could not parse 'start' parameter: "),
    ],
    ids=["metric query", "bad query", "no query", "limit", "delay_for", "a long reason"],
)
async def test_a_bad_question_is_refused_as_any_other(
    whodid: Installation, parameters: dict[str, str], reason: str
) -> None:
    """As in Loki: before there is a tail, with a status and the reason as text."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{whodid.port}/loki/api/v1/tail?{urlencode(parameters)}")
    response = refused.value.response
    assert (response.status_code, reason in (response.body or b"").decode()) == (400, True), response
