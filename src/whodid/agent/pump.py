"""The order of things that makes "nothing lost, nothing twice": prepare, write down, send, acknowledge, write down.

No I/O to the network and no waiting here: `run.py` drives it with a server, the simulation with a scripted one that
crashes it between any two steps. One batch is in flight, one more is being prepared; reading stops when that is full.
"""

from whodid.agent.batch import Batch, BatchBuilder
from whodid.agent.collector import Collector
from whodid.agent.health import Health
from whodid.agent.positions import Positions


class Pump:
    """Moves lines from the collector into batches, one in flight at a time."""

    def __init__(
        self, collector: Collector, positions: Positions, health: Health, max_entries: int, max_bytes: int
    ) -> None:
        self._collector = collector
        self._positions = positions
        self._health = health
        self._limits = (max_entries, max_bytes)
        self._prepared = BatchBuilder(*self._limits)
        self._sealed: Batch | None = None  # what is prepared, once nothing more goes in

    @property
    def in_flight(self) -> Batch | None:
        """The batch to be sent, again and again until settled. After a restart it is the one from before."""
        return self._positions.in_flight

    @property
    def full(self) -> bool:
        """Whether nothing more is read until the batch in flight is settled."""
        return self._prepared.full

    def look(self) -> None:
        """Looks at the files. A new one is written down at once, so that it is sought if rotated while we are away."""
        if self._collector.refresh():
            self._positions.save()

    def fill(self) -> bool:
        """Reads what fits into the batch being prepared; True when that is full.

        A full one is sealed here, while the one before it is on its way: the server need not wait for that then.
        """
        full = self._collector.fill(self._prepared)
        if full and self._sealed is None and self._prepared.entries:
            self._sealed = self._prepared.seal(self._positions.agent_id)
        return full

    def launch(self) -> Batch | None:
        """Seals what is prepared and writes it down; from now on it is in flight. None when there is nothing to do."""
        if self._positions.in_flight is not None or self._prepared.entries == 0:
            return None
        batch = self._sealed or self._prepared.seal(self._positions.agent_id)
        self._positions.begin(batch)
        self._prepared, self._sealed = BatchBuilder(*self._limits), None
        return batch

    def settle(self, *, refused: bool) -> None:
        """The batch in flight is the server's now, or was refused for good and put into the spool."""
        batch = self._positions.in_flight
        if batch is None:
            return
        self._positions.acknowledge()
        self._health.batches_sent += 1
        if refused:
            self._health.entries_refused += batch.entries
        else:
            self._health.entries_sent += batch.entries
