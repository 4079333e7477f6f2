"""Keeps the receivers at work: those sources that are no files (journal, syslog, Docker, pushes), and their inboxes.

A receiver that ends or fails is begun again, with a growing wait; what it has put into its inboxes is durable and is
shipped by the collector, which gets every inbox as a source. Which receivers there are is decided in `receivers.py`.
Called by `run.py`.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from whodid.agent.collector import Found
from whodid.agent.health import Health
from whodid.agent.inboxes import Inboxes
from whodid.agent.positions import Positions
from whodid.errors import WhodidError
from whodid.model.clock import Clock
from whodid.sources.receiver import Receiver

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inlet:
    """One receiver and where its records go."""

    name: str
    """Job and kind, in messages: `journal (journalctl)`."""
    receiver: Receiver
    inboxes: Inboxes


class Receiving:
    """All inlets of this agent."""

    def __init__(self, inlets: Sequence[Inlet], clock: Clock, health: Health) -> None:
        self._inlets = tuple(inlets)
        self._clock = clock
        self._health = health
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def found(self) -> list[Found]:
        """The inboxes, as sources for the collector."""
        return [inlet.inboxes.sources for inlet in self._inlets]

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._keep_running(inlet)) for inlet in self._inlets]

    def sweep(self, positions: Positions) -> None:
        """Removes what is sent from the inboxes."""
        if self._inlets:
            sent = positions.acknowledged_sizes()
            for inlet in self._inlets:
                inlet.inboxes.sweep(lambda device, inode, size: sent.get((device, inode), 0) >= size)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for inlet in self._inlets:
            inlet.inboxes.close()

    async def _keep_running(self, inlet: Inlet) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            began_s = self._clock.monotonic_s()
            self._health.receivers[inlet.name] = "receiving"
            try:
                await inlet.receiver.run(inlet.inboxes)
                problem = "it ended"
            except (WhodidError, OSError) as e:
                problem = str(e)
                _log.error("%s: %s; tried again in %.0f s", inlet.name, problem, wait_s)
            except Exception as e:  # a bug of one receiver must not stop the others
                problem = f"{type(e).__name__}: {e}"
                _log.exception("%s failed; tried again in %.0f s", inlet.name, wait_s)
            self._health.receivers[inlet.name] = f"waiting: {problem}"
            await self._clock.sleep(wait_s)
            lasted_s = self._clock.monotonic_s() - began_s
            wait_s = FIRST_WAIT_S if lasted_s > LONGEST_WAIT_S else min(LONGEST_WAIT_S, wait_s * 2)
