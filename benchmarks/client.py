"""The other end of the wire: keep-alive connections to one server, and three ways of using them.

`flood` sends bodies as fast as they are taken; `paced` does each deed at its time, whatever became of those before, and
counts from that time on, so that a server that stalls is not spared the questions it kept from being asked; `Client`
asks one by one. Answers are checked, not read: the client must stay cheap beside the server on the same machine.
"""

import http.client
import queue
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

SWITCH_S = 0.0005
"""A thread whose answer is here must not wait for others of the client: by default Python lets each have 5 ms."""
TIMEOUT_S = 120.0
IDLE_S = 3.0
"""A connection that was quiet for longer is opened anew: servers close such ones, and it would look like a failure."""


class Refused(Exception):
    """An answer that is none: says what was asked and what came."""


class Client:
    """One connection. A failure is raised, never repeated."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self._used_s = time.monotonic()

    def push(self, body: bytes) -> None:
        """A snappy protobuf body; durable when this returns."""
        self._answer("POST", "/loki/api/v1/push", 204, body, {"Content-Type": "application/x-protobuf"})

    def get(self, path: str, *, cached: bool = True, **asked: str) -> bytes:
        """The body of the answer; without `cached`, nothing of it may have been computed before."""
        headers = {} if cached else {"Cache-Control": "no-cache"}
        return self._answer("GET", f"{path}?{urllib.parse.urlencode(asked)}", 200, headers=headers)

    def close(self) -> None:
        self._connection.close()

    def _answer(
        self, method: str, path: str, expected: int, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        if time.monotonic() - self._used_s > IDLE_S:
            self._connection.close()
        try:
            self._connection.request(method, path, body, dict(headers or {}))
            answer = self._connection.getresponse()
            data = answer.read()
            self._used_s = time.monotonic()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # what is left of the answer must not be read as the next one
            raise
        if answer.status != expected:
            raise Refused(f"{method} {path[:300]}: {answer.status} {data[:300]!r}")
        return data


def flood(port: int, bodies: Iterable[bytes], connections: int) -> tuple[float, list[float]]:
    """Pushes all bodies; seconds for all of them, and for each."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)
    waits: list[float] = []

    def work(client: Client) -> None:
        while True:
            try:
                body = waiting.get_nowait()
            except queue.Empty:
                return
            begin = time.perf_counter()
            client.push(body)
            waits.append(time.perf_counter() - begin)

    return _crew(port, [work] * connections), waits


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to be done at a time."""

    due_s: float
    """From the beginning on."""
    kind: str
    do: Callable[[Client], object]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it."""

    kind: str
    due_s: float
    late_s: float
    """It began so much after its time, since all connections were taken."""
    took_s: float
    """From its time on to the whole answer."""
    problem: str = ""


def paced(port: int, deeds: Sequence[Deed], connections: int, begin_s: float) -> list[Done]:
    """Each deed at `begin_s` (of time.monotonic) + due_s, on the connection that is free first. In order of time."""
    waiting: queue.SimpleQueue[Deed] = queue.SimpleQueue()
    for deed in sorted(deeds, key=lambda deed: deed.due_s):
        waiting.put(deed)
    done: list[Done] = []

    def work(client: Client) -> None:
        while True:
            try:
                deed = waiting.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0.0, begin_s + deed.due_s - time.monotonic()))
            done.append(do(deed, client, begin_s))

    _crew(port, [work] * connections)
    return sorted(done, key=lambda one: one.due_s)


def do(deed: Deed, client: Client, begin_s: float) -> Done:
    """Does it now; a failure is kept."""
    begun, problem = time.monotonic(), ""
    try:
        deed.do(client)
    except (Refused, OSError, http.client.HTTPException) as e:
        problem = f"{deed.kind}: {e!r}"
    took_s = time.monotonic() - begin_s - deed.due_s
    return Done(deed.kind, deed.due_s, begun - begin_s - deed.due_s, took_s, problem)


def _crew(port: int, works: Sequence[Callable[[Client], None]]) -> float:
    """Runs each work in a thread with a connection of its own; seconds. Raises the first failure of any."""
    failures: list[BaseException] = []

    def run(work: Callable[[Client], None]) -> None:
        client = Client(port)
        try:
            work(client)
        except BaseException as e:  # the thread that waits tells it
            failures.append(e)
        finally:
            client.close()

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    begin = time.perf_counter()
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    if failures:
        raise failures[0]
    return time.perf_counter() - begin
