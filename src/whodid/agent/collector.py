"""All followed files of this host: makes a reader for each, gives every path its turn, lets go of what has ended.

Rotations of one path are read strictly one after the other, so that a path's lines keep their order.
"""

import logging
from collections.abc import Callable, Sequence

from whodid.agent.batch import BatchBuilder
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.positions import Position, Positions
from whodid.agent.reader import FileReader
from whodid.agent.recipe import FormatMaker, Recipe
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.model.clock import Clock
from whodid.sources.files import FileSource
from whodid.sources.source import Feed, Source

_log = logging.getLogger(__name__)
Found = Callable[[], Sequence[SourceSettings]]
"""Sources that come and go: containers, inboxes. The very same object while nothing has changed."""


class _Job:
    """One source of the settings, at work."""

    def __init__(self, recipe: Recipe, source: Source) -> None:
        self.recipe = recipe
        self.source = source
        self.readers: dict[str, FileReader] = {}  # by the feed's id, oldest first
        self.instants: dict[str, Instants] = {}  # by path
        self.leaving = False
        """Not wanted any more: gone as soon as it is read to its end."""

    @property
    def settings(self) -> SourceSettings:
        return self.recipe.settings


class Collector:
    """Fills batches from the followed files."""

    def __init__(
        self,
        settings: AgentSettings,
        positions: Positions,
        make_format: FormatMaker,
        clock: Clock,
        health: Health,
        found: Sequence[Found] = (),
    ) -> None:
        self._settings = settings
        self._positions = positions
        self._make_format = make_format
        self._clock = clock
        self._health = health
        self._ended: dict[str, int] = {}  # fully read files by id, and where they end: gone once acknowledged
        self._turn = 0
        self._jobs = [self._start(source) for source in settings.sources if source.paths]
        self._found: list[tuple[Found, Sequence[SourceSettings], dict[tuple[str, ...], _Job]]] = [
            (find, (), {}) for find in found
        ]

    def refresh(self) -> bool:
        """Looks for new, rotated and ended files; True when there is something to write down at once."""
        self._look_for_sources()
        news = False
        for job in self._jobs:
            feeds = job.source.refresh(self._clock.monotonic_s())
            if any(feed.id not in job.readers for feed in feeds):
                self._follow(job, feeds)
                news = True
            for feed in feeds:
                news |= self._positions.recognise(feed)
        for id, end in tuple(self._ended.items()):
            position = self._positions.get(id)
            if position is not None and position.place.offset >= end:
                self._positions.bury(id, self._clock.now_ns())
                del self._ended[id]
        return news

    def pass_over(self) -> None:
        """Acknowledges what was read and left out at the end of files. Only while nothing is on its way."""
        for job in self._jobs:
            for reader in job.readers.values():
                if reader.left_out:
                    self._positions.pass_over(job.settings.job, reader.feed.place(reader.pass_over()))

    def fill(self, batch: BatchBuilder) -> bool:
        """Fills the batch; True when it is full, so that there may be more to read."""
        paths = self._by_path()
        busy = list(paths)
        # Another path comes first each time: one that never rests must not starve the others.
        self._turn += 1
        first = self._turn % len(busy) if busy else 0
        busy = busy[first:] + busy[:first]
        while busy:
            for path in tuple(busy):
                if batch.full:
                    return True
                if not self._fill_path(paths[path], batch):
                    busy.remove(path)
        return batch.full

    def wait_s(self) -> float | None:
        """In how many seconds the next waiting record is due; None when none waits."""
        waits = [w for job in self._jobs for r in job.readers.values() if (w := r.wait_s()) is not None]
        return min(waits, default=None)

    def directories(self) -> frozenset[str]:
        return frozenset[str]().union(*(job.source.directories() for job in self._jobs))

    def measure_lag(self) -> None:
        """Writes every file's unacknowledged bytes into the health record."""
        lag: dict[str, int] = {}
        for job in self._jobs:
            for reader in job.readers.values():
                position = self._positions.get(reader.feed.id)
                acknowledged = position.place.offset if position else 0
                lag[reader.feed.path] = lag.get(reader.feed.path, 0) + max(0, reader.feed.size_bytes() - acknowledged)
        self._health.lag_bytes = lag

    def close(self) -> None:
        for job in self._jobs:
            job.source.close()

    def _look_for_sources(self) -> None:
        """Takes up sources that have come, and lets go of those that are gone. Where only the settings of one have
        changed they hold for its next file: what was read already must not be read again."""
        for at, (find, last, jobs) in enumerate(self._found):
            wanted = find()
            if wanted is last:
                continue
            self._found[at] = (find, wanted, jobs)
            for settings in wanted:
                if settings.paths not in jobs:
                    jobs[settings.paths] = self._start(settings)
                    self._jobs.append(jobs[settings.paths])
                elif jobs[settings.paths].settings != settings:
                    jobs[settings.paths].recipe = self._recipe(settings)
            for paths, job in jobs.items():
                job.leaving = all(paths != settings.paths for settings in wanted)
        for _, _, jobs in self._found:
            for paths, job in list(jobs.items()):
                if job.leaving and all(self._is_acknowledged(reader) for reader in job.readers.values()):
                    job.source.close()
                    self._jobs.remove(job)
                    del jobs[paths]

    def _is_acknowledged(self, reader: FileReader) -> bool:
        """Whether all that there is of a file has arrived, but for a record that is not complete."""
        position = self._positions.get(reader.feed.id)
        return reader.at_end and position is not None and position.place.offset >= reader.end

    def _by_path(self) -> dict[tuple[str, str], list[tuple[_Job, FileReader]]]:
        paths: dict[tuple[str, str], list[tuple[_Job, FileReader]]] = {}
        for job in self._jobs:
            for reader in job.readers.values():
                paths.setdefault((job.settings.job, reader.feed.path), []).append((job, reader))
        return paths

    def _fill_path(self, readers: Sequence[tuple[_Job, FileReader]], batch: BatchBuilder) -> bool:
        """One turn of a path: its oldest file that has something. False when none has."""
        for index, (job, reader) in enumerate(readers):
            if reader.fill(batch, hurry=index < len(readers) - 1):
                return True
            if reader.done and reader.feed.id in job.readers:
                self._ended[reader.feed.id] = reader.end
                reader.feed.close()
                del job.readers[reader.feed.id]
        return False

    def _start(self, settings: SourceSettings) -> _Job:
        known = self._positions.to_read_on(settings.job)
        source = FileSource(
            settings.paths,
            settings.exclude,
            known=[p.place for p in known if p.gone_at_ns is None],
            gone=[p.place for p in known if p.gone_at_ns is not None],
        )
        job = _Job(self._recipe(settings), source)
        for position in known:
            _remember(job.instants.setdefault(position.place.path, Instants()), position)
        return job

    def _recipe(self, settings: SourceSettings) -> Recipe:
        return Recipe(self._settings, settings, self._make_format, self._clock, self._health)

    def _follow(self, job: _Job, feeds: Sequence[Feed]) -> None:
        """Makes readers for new feeds. A rotated file found late may stand before one that is followed already."""
        for feed in feeds:
            self._positions.follow(job.settings.job, feed.place(feed.offset))
        job.readers = {feed.id: job.readers.get(feed.id) or self._reader(job, feed) for feed in feeds}

    def _reader(self, job: _Job, feed: Feed) -> FileReader:
        """A reader for a new feed."""
        _log.info("following %s (job %s) from byte %d", feed.path, job.settings.job, feed.offset)
        return job.recipe.reader(feed, job.instants.setdefault(feed.path, Instants()))


def _remember(instants: Instants, position: Position) -> None:
    instants.last_ns = max(instants.last_ns, position.last_ns)
    instants.stated |= position.stated
