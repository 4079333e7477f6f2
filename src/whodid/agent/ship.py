"""Brings a sealed batch to the server: retries what may pass, and tells apart what never will. Loki's push protocol.

Which answers mean what: Loki pkg/loghttp/push and its clients (Promtail gave up after ten tries; this never does). A
closed door (401, 403, 404 …) says nothing about the lines, so it is knocked at until somebody opens; only an answer
about the body itself (400, 413, 422 …) is final.
"""

import asyncio
import email.utils
import logging
import random
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import httpx2

from whodid import __version__
from whodid.agent.batch import Batch
from whodid.agent.health import Health
from whodid.model.clock import SECOND, Clock
from whodid.wire.push_headers import ATTEMPT_HEADER, KEY_HEADER

TENANT_HEADER = "X-Scope-OrgID"
PUSH_PATH = "/loki/api/v1/push"
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 30.0
LONGEST_RETRY_AFTER_S = 300.0
REASON_CHARS = 500
_CLOSED_DOORS = frozenset({401, 402, 403, 404, 405, 407, 408, 421, 423, 425, 429})
_LOKI_BLOCKED = 260
"""Loki's "ingestion is blocked": a success by its number, but nothing was stored."""
_SAY_AGAIN_S = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said, or that it said nothing (status 0)."""

    status: int
    text: str = ""
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server will never take this batch as it is."""

    status: int
    reason: str


class Transport(Protocol):
    """Sends one body once. Blocks; called from threads, so that parsing goes on meanwhile."""

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply: ...
    def close(self) -> None: ...


class HttpTransport:
    """The real transport, a kept-alive connection for each push on its way."""

    def __init__(self, server: str, timeout_s: float) -> None:
        self._url = server.rstrip("/") + PUSH_PATH
        local = httpx2.URL(self._url).host in ("127.0.0.1", "localhost", "::1")
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log a line per push
        # A proxy from the environment is for the world outside, never for this machine's own server.
        self._client = httpx2.Client(timeout=timeout_s, trust_env=not local)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            response = self._client.post(self._url, content=body, headers=dict(headers))
        except (httpx2.HTTPError, RuntimeError) as e:  # RuntimeError: closed while stopping
            return Reply(0, f"{type(e).__name__}: {e}")
        return Reply(response.status_code, response.text[:REASON_CHARS], response.headers.get("Retry-After", ""))

    def close(self) -> None:
        self._client.close()


def is_accepted(status: int) -> bool:
    return 200 <= status < 300 and status != _LOKI_BLOCKED


def is_final(status: int) -> bool:
    """Whether the same body would get the same answer for ever."""
    return 400 <= status < 500 and status not in _CLOSED_DOORS


def wait_before_retry_s(failures: int, retry_after: str, now_ns: int, rng: random.Random) -> float:
    """Exponential back-off with full jitter; what the server asks for goes before it (RFC 9110, 10.2.3)."""
    asked = _retry_after_s(retry_after, now_ns)
    if asked is not None:
        return min(asked, LONGEST_RETRY_AFTER_S)
    return rng.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures, 16)))


def _retry_after_s(text: str, now_ns: int) -> float | None:
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - now_ns / SECOND)


class Shipper:
    """Delivers batches, several at a time."""

    def __init__(
        self,
        transport: Transport,
        token: Callable[[], str | None],
        clock: Clock,
        health: Health,
        rng: random.Random,
        at_once: int = 1,
        tenant: str = "",
    ) -> None:
        self._transport = transport
        self._token = token
        self._clock = clock
        self._health = health
        self._rng = rng
        self._tenant = tenant
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="whodid-ship")
        self._said_at_s = float("-inf")
        self._failures = 0  # since the server last took something

    @property
    def down(self) -> bool:
        """Whether the last answer was a failure that may pass."""
        return self._failures > 0

    async def deliver(
        self,
        batch: Batch,
        before: Callable[[], None] | None = None,
        *,
        repeated: bool = False,
        older: Collection["asyncio.Task[Refusal | None]"] = (),
    ) -> Refusal | None:
        """Returns when the server has the batch (None) or has refused it for good; tries as long as that takes.

        `before` is called in the thread that sends, before the first attempt; what it raises is raised here. `older`:
        deliveries that go first where this one has to be repeated, so that lines keep their order. `repeated`: an agent
        before a restart may have sent this batch already.
        """
        failures = 0
        while True:
            if older and (failures or repeated):
                await asyncio.wait(older)
            reply = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._post, batch, 1 + failures + repeated, before if not failures else None
            )
            if is_accepted(reply.status):
                self._say_up()
                return None
            if is_final(reply.status):
                return Refusal(reply.status, reply.text)
            wait_s = wait_before_retry_s(failures, reply.retry_after, self._clock.now_ns(), self._rng)
            failures += 1
            self._say_down(reply)
            await self._clock.sleep(wait_s)

    def close(self) -> None:
        self._transport.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _post(self, batch: Batch, attempt: int, before: Callable[[], None] | None) -> Reply:
        if before is not None:
            before()
        headers = {
            "Content-Type": "application/x-protobuf",
            "User-Agent": f"whodid/{__version__}",
            KEY_HEADER: batch.key,
            ATTEMPT_HEADER: str(attempt),
        }
        if tenant := batch.tenant or self._tenant:
            headers[TENANT_HEADER] = tenant
        if token := self._token():
            headers["Authorization"] = f"Bearer {token}"
        return self._transport.post(batch.body, headers)

    def _say_down(self, reply: Reply) -> None:
        """Says why it does not get through, at most once a minute."""
        now_s = self._clock.monotonic_s()
        self._health.attempts_failed += 1
        self._failures += 1
        if now_s - self._said_at_s < _SAY_AGAIN_S:
            return
        self._said_at_s = now_s
        what = f"answers {reply.status}: {reply.text.strip()}" if reply.status else f"is not reached: {reply.text}"
        hint = "; check the agent's token" if reply.status in (401, 403) else ""
        _log.warning("the server %s%s. Nothing is lost: the log files wait, and it is tried until it works", what, hint)

    def _say_up(self) -> None:
        if self._failures:
            _log.info("the server takes lines again, after %d failed attempts", self._failures)
            self._failures = 0
            self._said_at_s = float("-inf")
