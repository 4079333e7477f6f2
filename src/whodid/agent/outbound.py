"""The deliveries under way: starts each, hands out those that have ended, and gives them a last chance at the end.

A batch is written down and sent by one thread in one go, so that it does not wait for the event loop, which reads
meanwhile. What goes out when is decided in `pump.py`, what an answer means in `ship.py`. Called by `run.py`.
"""

import asyncio
import logging
from collections.abc import Iterator
from functools import partial

from whodid.agent.flights import Flight, StateUnwritable
from whodid.agent.positions import Positions
from whodid.agent.ship import Refusal, Shipper
from whodid.model.clock import Clock

DISK_RETRY_S = 2.0
_log = logging.getLogger(__name__)


class Outbound:
    """Flights and their deliveries, oldest first."""

    def __init__(self, shipper: Shipper, positions: Positions, clock: Clock) -> None:
        self._shipper = shipper
        self._positions = positions
        self._clock = clock
        self._under_way: list[tuple[Flight, asyncio.Task[Refusal | None]]] = []

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def tasks(self) -> list[asyncio.Task[Refusal | None]]:
        """To wait for."""
        return [task for _, task in self._under_way]

    @property
    def troubled(self) -> bool:
        """Whether the server did not take what it was last given."""
        return self._shipper.down

    def send(self, flight: Flight, *, repeated: bool = False) -> None:
        """Begins a delivery. `repeated`: the flight is from before a restart, and may have arrived."""
        older = tuple(self.tasks)
        self._under_way.append((flight, asyncio.create_task(self._deliver(flight, older, repeated))))

    def ended(self) -> Iterator[tuple[Flight, Refusal | None]]:
        """Those that the server has taken or refused since the last call, in the order they were sent."""
        for pair in tuple(self._under_way):
            flight, task = pair
            if task.done():
                self._under_way.remove(pair)
                yield flight, task.result()

    async def finish(self, grace_s: float) -> None:
        """Waits so long for what is under way. What has not ended then has to be cancelled."""
        if self._under_way:
            await asyncio.wait(self.tasks, timeout=grace_s)

    async def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self._shipper.close()

    async def _deliver(
        self, flight: Flight, older: tuple[asyncio.Task[Refusal | None], ...], repeated: bool
    ) -> Refusal | None:
        before = None if repeated else partial(self._positions.write_down, flight)
        while True:
            try:
                return await self._shipper.deliver(flight.batch, before, repeated=repeated, older=older)
            except StateUnwritable as e:
                _log.error("%s. Nothing is sent until then; the log files wait", e)
                await self._clock.sleep(DISK_RETRY_S)
