"""The composition root of the agent: builds the parts, drives the pump, stops gracefully. Called by cli/.

One event loop reads and encodes; a single thread talks to the server, so that both go on at once.
"""

import asyncio
import contextlib
import gc
import logging
import os
import random
import resource
from pathlib import Path

from whodid.agent.collector import Collector, FormatMaker
from whodid.agent.health import Health
from whodid.agent.positions import Positions, StateUnwritable
from whodid.agent.pump import Pump
from whodid.agent.refused import RefusedSpool
from whodid.agent.settings import AgentSettings
from whodid.agent.ship import HttpTransport, Refusal, Shipper, Transport
from whodid.errors import WhodidError
from whodid.formats import make_format
from whodid.model.clock import Clock
from whodid.sources.wake import Waker

TOKEN_VARIABLE = "WHODID_AGENT_TOKEN"  # noqa: S105  (the name of a variable, not a token)
STOP_GRACE_S = 3.0
"""How long a push on its way may still take when the agent is told to stop; after that it is repeated."""
SAVE_AFTER_S = 1.0
DISK_RETRY_S = 2.0
LOOK_EVERY_S = 0.1
_log = logging.getLogger(__name__)


class TokenUnreadable(WhodidError):
    """The file with the agent's token cannot be read."""


async def run_agent(
    settings: AgentSettings,
    clock: Clock,
    stop: asyncio.Event,
    make_format: FormatMaker = make_format,
    transport: Transport | None = None,
) -> None:
    """Follows and ships until `stop` is set. Everything acknowledged by then is written down."""
    _raise_file_limit()
    # Entries hold no cycles and die at once: looking through them for garbage was a tenth of the work under load.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    read_token(settings.token_file)  # a wrong path is an error now
    agent = _Agent(settings, clock, stop, make_format, transport or HttpTransport(settings.server, settings.timeout_s))
    try:
        await agent.run()
    finally:
        await agent.close()


def read_token(file: Path | None) -> str | None:
    """The bearer token, read anew at each attempt so that it can be changed without a restart."""
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        return file.read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as e:
        raise TokenUnreadable(f"cannot read the agent's token from {file}: {e}") from e


class _Agent:
    """The running agent."""

    def __init__(
        self,
        settings: AgentSettings,
        clock: Clock,
        stop: asyncio.Event,
        make_format: FormatMaker,
        transport: Transport,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self.health = Health()
        self._positions = Positions(settings.state_dir, clock.now_ns())
        self._collector = Collector(settings, self._positions, make_format, clock, self.health)
        self._pump = Pump(
            self._collector, self._positions, self.health, settings.max_batch_entries, settings.max_batch_bytes
        )
        self._refused = RefusedSpool(settings.state_dir / "refused", settings.refused_max_bytes)
        self._shipper = Shipper(transport, self._token, clock, self.health, random.Random())
        self._changed = asyncio.Event()
        self._waker = Waker(self._changed)
        self._delivery: asyncio.Task[Refusal | None] | None = None
        self._next_look_s = self._next_health_s = self._save_at_s = float("-inf")

    async def run(self) -> None:
        self._next_health_s = self._clock.monotonic_s() + self._settings.health_every_s
        if batch := self._pump.in_flight:
            _log.info("sending again what was on its way before the restart: %d entries", batch.entries)
            self._delivery = asyncio.create_task(self._shipper.deliver(batch, repeated=True))
        while not self._stop.is_set():
            try:
                if not await self._turn():
                    await self._wait()
            except StateUnwritable as e:
                _log.error("%s. Nothing is sent until then; the log files wait", e)
                await self._clock.sleep(DISK_RETRY_S)

    async def _turn(self) -> bool:
        """Looks, reads, sends; True when there is more to read at once."""
        await self._look()
        more = self._pump.fill()
        self._settle()
        launched = False
        if self._delivery is None and (batch := self._pump.launch()):
            launched = True
            self._save_at_s = self._clock.monotonic_s() + SAVE_AFTER_S
            self._delivery = asyncio.create_task(self._shipper.deliver(batch))
            await asyncio.sleep(0)  # hands the batch to its thread before the next one is encoded
        self._keep_house()
        return launched and more

    async def close(self) -> None:
        """Gives the push on its way a last chance, and writes down what is acknowledged."""
        if self._delivery is not None:
            await asyncio.wait({self._delivery}, timeout=STOP_GRACE_S)
            self._settle()
            if self._delivery is not None:
                self._delivery.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._delivery
        self._shipper.close()
        await self._waker.close()
        self._collector.measure_lag()
        self._collector.close()
        self._positions.save()
        _log.info("stopped: %s", self.health.summary())

    async def _look(self) -> None:
        """Looks at the file system, but not for every batch of a backlog."""
        now_s = self._clock.monotonic_s()
        if self._changed.is_set() or now_s >= self._next_look_s:
            self._changed.clear()
            self._next_look_s = now_s + LOOK_EVERY_S
            self._pump.look()
            await self._waker.watch(self._collector.directories())

    def _settle(self) -> None:
        """Takes the result of a finished delivery."""
        if self._delivery is None or not self._delivery.done():
            return
        refusal = self._delivery.result()
        batch = self._pump.in_flight
        if refusal is not None and batch is not None:
            self._refused.keep(batch, refusal, self._clock.now_ns())
        self._delivery = None
        self._pump.settle(refused=refusal is not None)

    async def _wait(self) -> None:
        """Waits for a change, an acknowledgement, a waiting record's time, the next poll, or the end."""
        waiting: set[asyncio.Task[object]] = {asyncio.create_task(self._stop.wait())}
        timeout_s = self._settings.poll_s
        if not self._pump.full:
            waiting.add(asyncio.create_task(self._changed.wait()))
            if (due_s := self._collector.wait_s()) is not None:
                timeout_s = min(timeout_s, due_s)
        try:
            await asyncio.wait(
                waiting | ({self._delivery} if self._delivery else set()),
                timeout=timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for task in waiting:
                task.cancel()

    def _keep_house(self) -> None:
        """What has its own rhythm: saving acknowledgements when idle, tombstones, the line about oneself."""
        now_s = self._clock.monotonic_s()
        if self._positions.unsaved and self._delivery is None and now_s >= self._save_at_s:
            self._positions.save()
            self._save_at_s = now_s + SAVE_AFTER_S
        if now_s >= self._next_health_s:
            self._next_health_s = now_s + self._settings.health_every_s
            self._positions.forget_old(self._clock.now_ns())
            self._collector.measure_lag()
            _log.info("%s", self.health.summary())

    def _token(self) -> str | None:
        try:
            return read_token(self._settings.token_file)
        except TokenUnreadable as e:
            _log.warning("%s; tried without it", e)  # the server will say 401, and it is tried again
            return None


def _raise_file_limit() -> None:
    """A followed file is an open one, so that rotation cannot take it away; the usual soft limit is only 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # refused in some containers: the soft limit stays
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
