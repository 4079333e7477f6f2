"""The composition root of the agent: builds the parts, drives the pump, stops gracefully. Called by cli/.

One event loop reads and encodes; a thread for each push writes it down and talks to the server, so that all goes on at
once.
"""

import asyncio
import contextlib
import gc
import logging
import os
import random
import sys
from pathlib import Path

from whodid.agent.collector import Collector
from whodid.agent.flights import StateUnwritable
from whodid.agent.health import Health
from whodid.agent.outbound import DISK_RETRY_S, Outbound
from whodid.agent.positions import Positions
from whodid.agent.pump import WINDOW, Pump
from whodid.agent.receivers import Begins, make_inlets
from whodid.agent.receiving import Receiving
from whodid.agent.recipe import FormatMaker
from whodid.agent.redaction import make_redactor
from whodid.agent.refused import RefusedSpool
from whodid.agent.settings import AgentSettings
from whodid.agent.ship import HttpTransport, Shipper, Transport
from whodid.agent.status import take_status, write_status
from whodid.agent.takeover import take_over
from whodid.errors import WhodidError
from whodid.formats import make_format
from whodid.model.clock import Clock
from whodid.sources.wake import Waker

TOKEN_VARIABLE = "WHODID_AGENT_TOKEN"  # noqa: S105  (the name of a variable, not a token)
STOP_GRACE_S = 3.0
"""How long a push on its way may still take when the agent is told to stop; after that it is repeated."""
SAVE_AFTER_S = 1.0
SAVE_AFTER_PUSHES = 8
"""So many acknowledged pushes are repeated after a crash at most, and so many of their files are kept."""
SWITCH_S = 0.0005
"""How long a thread that has to do with a push waits for the one that reads: each push needs several turns."""
LOOK_EVERY_S = 0.1
STATUS_EVERY_S = 5.0
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
    # Entries hold no cycles and die at once: looking through them for garbage was a tenth of the work under load.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    sys.setswitchinterval(SWITCH_S)
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
        self._changed = asyncio.Event()
        taken = take_over(settings, self._positions, clock)
        begins = Begins(taken.journals, taken.containers)
        inlets, found = make_inlets(settings, clock, self._changed.set, begins)
        self._receiving = Receiving(inlets, clock, self.health)
        redactor = make_redactor(settings.redact, settings.state_dir)
        self._collector = Collector(
            settings, self._positions, make_format, clock, self.health, [*self._receiving.found, *found], redactor
        )
        self._pump = Pump(
            self._collector, self._positions, self.health, settings.max_batch_entries, settings.max_batch_bytes
        )
        self._refused = RefusedSpool(settings.state_dir / "refused", settings.refused_max_bytes)
        shipper = Shipper(transport, self._token, clock, self.health, random.Random(), WINDOW, settings.tenant)
        self._outbound = Outbound(shipper, self._positions, clock)
        self._waker = Waker(self._changed)
        self._has_looked = False
        self._started_ns = clock.now_ns()
        self._next_look_s = self._next_health_s = self._save_at_s = self._next_status_s = float("-inf")

    async def run(self) -> None:
        self._next_health_s = self._clock.monotonic_s() + self._settings.health_every_s
        for flight in self._pump.in_flight:
            _log.info("sending again what was on its way before the restart: %d entries", flight.batch.entries)
            self._outbound.send(flight, repeated=True)
        self._receiving.start()
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
        if flight := self._pump.launch(one_by_one=self._outbound.troubled):
            launched = True
            self._outbound.send(flight)
            await asyncio.sleep(0)  # hands the batch to its thread before the next one is encoded
        self._keep_house()
        return launched and more

    async def close(self) -> None:
        """Gives what is on its way a last chance, and writes down what is acknowledged."""
        await self._receiving.close()
        await self._outbound.finish(STOP_GRACE_S)
        self._settle()
        await self._outbound.cancel()
        self._waker.close()
        self._collector.measure_lag()
        self._collector.close()
        self._positions.save()
        self._tell_status()
        _log.info("stopped: %s", self.health.summary())

    async def _look(self) -> None:
        """Looks at the file system, but not for every batch of a backlog."""
        now_s = self._clock.monotonic_s()
        if self._changed.is_set() or now_s >= self._next_look_s:
            self._changed.clear()
            self._next_look_s = now_s + LOOK_EVERY_S
            if self._has_looked:
                self._pump.look(self._waker.take())
            else:  # the first may unpack a gigabyte of what rotation has compressed; pushes under way go on meanwhile
                await asyncio.to_thread(self._pump.look)
                self._has_looked = True
            self._waker.watch(self._collector.directories())

    def _settle(self) -> None:
        """Takes the results of finished deliveries."""
        for flight, refusal in self._outbound.ended():
            if refusal is not None:
                self._refused.keep(flight.batch, refusal, self._clock.now_ns())
            self._pump.settle(flight, refused=refusal is not None)

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
                waiting.union(self._outbound.tasks),
                timeout=timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for task in waiting:
                task.cancel()

    def _keep_house(self) -> None:
        """What has its own rhythm: saving acknowledgements when idle, tombstones, the line about oneself."""
        now_s = self._clock.monotonic_s()
        if self._positions.unsaved and (
            now_s >= self._save_at_s or self._positions.settled_unsaved >= SAVE_AFTER_PUSHES
        ):
            self._positions.save()
            self._save_at_s = now_s + SAVE_AFTER_S
        if now_s >= self._next_status_s:
            self._next_status_s = now_s + STATUS_EVERY_S
            self._tell_status()
            self._receiving.sweep(self._positions)
        if now_s >= self._next_health_s:
            self._next_health_s = now_s + self._settings.health_every_s
            self._positions.forget_old(self._clock.now_ns())
            self._collector.measure_lag()
            _log.info("%s", self.health.summary())

    def _tell_status(self) -> None:
        """For whoever asks from outside. Not worth stopping for."""
        with contextlib.suppress(OSError):  # a full disk, which is told of elsewhere
            write_status(self._settings.state_dir, take_status(self.health, self._started_ns, self._clock.now_ns()))

    def _token(self) -> str | None:
        try:
            return read_token(self._settings.token_file)
        except TokenUnreadable as e:
            _log.warning("%s; tried without it", e)  # the server will say 401, and it is tried again
            return None
