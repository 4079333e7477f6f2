"""The order of things that makes "nothing lost, nothing twice": prepare, write down, send, acknowledge, write down.

No I/O to the network and no waiting here: `run.py` drives it with a server, the simulation with a scripted one that
crashes it between any two steps. At most WINDOW batches are on their way and one more is being prepared; reading stops
when that is full, which bounds memory.
"""

from whodid.agent.batch import Batch, BatchBuilder
from whodid.agent.collector import Collector
from whodid.agent.flights import Flight
from whodid.agent.health import Health
from whodid.agent.positions import Positions
from whodid.sources.source import News

WINDOW = 2
"""So that the server has the next batch when it is done with one. Docs/design/0005 has what more of them gave."""


class Pump:
    """Moves lines from the collector into batches, and keeps their order.

    The server numbers lines in the order in which their commits begin; a tail shows them by that number. So a second
    batch goes out only when lines come faster than they are sent: it was filled while the first was on its way, which
    is then long at the server. Stored lines are in the order of their instants, whatever overtakes what.
    """

    def __init__(
        self, collector: Collector, positions: Positions, health: Health, max_entries: int, max_bytes: int
    ) -> None:
        self._collector = collector
        self._positions = positions
        self._health = health
        self._limits = (max_entries, max_bytes)
        self._prepared = BatchBuilder(*self._limits)
        self._owed = False  # a look has found something that is not written down yet
        self._sealed: Batch | None = None  # what is prepared, once nothing more goes in

    @property
    def in_flight(self) -> list[Flight]:
        """What is to be sent, again and again until settled, oldest first. After a restart it is what was before."""
        return self._positions.in_flight

    @property
    def full(self) -> bool:
        """Whether nothing more is read until a batch in flight is settled."""
        return self._prepared.full

    def look(self, news: News | None = None) -> None:
        """Looks at the files, or at what there is news of.

        A new one is written down at once, so that it is sought if rotated while we are away.
        """
        self._owed |= self._collector.refresh(news)
        if self._owed:
            self._positions.save()
            self._owed = False
        if not self._prepared.entries and not self._positions.outstanding:
            self._collector.pass_over()

    def fill(self) -> bool:
        """Reads what fits into the batch being prepared; True when that is full.

        A full one is sealed here, while those before it are on their way: the server need not wait for that then.
        """
        full = self._collector.fill(self._prepared)
        if full and self._sealed is None and self._prepared.entries:
            self._sealed = self._prepared.seal(self._positions.agent_id)
        return full

    def launch(self, *, one_by_one: bool = False) -> Flight | None:
        """Seals what is prepared: from now on it is in flight, to be written down and sent. None: nothing to do now.

        `one_by_one`: nothing shall overtake anything, for the server has trouble.
        """
        window = WINDOW if self._sealed and not one_by_one else 1
        if self._prepared.entries == 0 or self._positions.outstanding >= window:
            return None
        if not self._positions.all_written:
            return None  # they are written down in their order: what is found after a crash must have no gap
        batch = self._sealed or self._prepared.seal(self._positions.agent_id)
        self._prepared, self._sealed = BatchBuilder(*self._limits), None
        return self._positions.begin(batch)

    def settle(self, flight: Flight, *, refused: bool) -> None:
        """The batch is the server's now, or was refused for good and put into the spool."""
        self._positions.acknowledge(flight)
        self._health.batches_sent += 1
        if refused:
            self._health.entries_refused += flight.batch.entries
        else:
            self._health.entries_sent += flight.batch.entries
