"""All followed files of this host: makes a reader for each, gives every path its turn, lets go of what has ended.

Rotations of one path are read strictly one after the other, so that a path's lines keep their order.
"""

import logging
from collections.abc import Callable, Collection, Sequence

from whodid.agent.batch import BatchBuilder
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.paths import Paths
from whodid.agent.positions import Position, Positions
from whodid.agent.reader import FileReader
from whodid.agent.recipe import FormatMaker, Recipe
from whodid.agent.rhythm import Rhythm, Urgency
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.errors import WhodidError
from whodid.formats.redact import Redactor
from whodid.model.clock import Clock
from whodid.sources.descriptors import Descriptors, raise_limit
from whodid.sources.files import FileSource
from whodid.sources.source import Feed, News, Source

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
        self.urgency = Urgency()
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
        redactor: Redactor | None = None,
    ) -> None:
        self._settings = settings
        self._positions = positions
        self._make_format = make_format
        self._redactor = redactor or Redactor()
        self._clock = clock
        self._health = health
        self._ended: dict[str, int] = {}  # fully read files by id, and where they end: gone once acknowledged
        self._paths = Paths()
        self._rhythm = Rhythm(settings.poll_s)
        self._descriptors = Descriptors(raise_limit())
        self._directories: frozenset[str] | None = None  # None: to be found out
        self._jobs = [self._start(source) for source in settings.sources if source.paths]
        self._found: list[tuple[Found, Sequence[SourceSettings], dict[tuple[str, ...], _Job]]] = [
            (find, (), {}) for find in found
        ]

    def refresh(self, news: News | None = None) -> bool:
        """Looks for new, rotated and ended files, where there is news of them; from time to time, and without news, at
        everything. True when there is something to write down at once."""
        self._look_for_sources()
        begin_s = self._clock.monotonic_s()
        everything = news is None or self._rhythm.is_due(begin_s, news.blind)
        changed = False
        for job in self._jobs:
            changed |= self._look_at(job, news or News(), everything)
        if everything:
            self._rhythm.took(begin_s, self._clock.monotonic_s())
        for id, end in tuple(self._ended.items()):
            position = self._positions.get(id)
            if position is not None and position.place.offset >= end:
                self._positions.bury(id, self._clock.now_ns())
                del self._ended[id]
        return changed

    def pass_over(self) -> None:
        """Acknowledges what was read and left out at the end of files. Only while nothing is on its way."""
        for (job, _), reader in self._paths.left_out():
            assert isinstance(job, _Job)
            self._positions.pass_over(job.settings.job, reader.feed.place(reader.pass_over()))

    def fill(self, batch: BatchBuilder) -> bool:
        """Fills the batch; True when it is full, so that there may be more to read."""
        for (job, _), reader in self._paths.fill(batch):
            assert isinstance(job, _Job)
            self._ended[reader.feed.id] = reader.end
            reader.feed.close()
            del job.readers[reader.feed.id]
        return batch.full

    def wait_s(self) -> float | None:
        """In how many seconds the next waiting record is due; None when none waits."""
        return self._paths.wait_s()

    def directories(self) -> frozenset[str]:
        """Where changes are to be told of. The same object until they are others."""
        if self._directories is None:
            self._directories = frozenset[str]().union(*(job.source.directories() for job in self._jobs))
        return self._directories

    def measure_lag(self) -> None:
        """Writes every file's unacknowledged bytes into the health record."""
        lag: dict[str, int] = {}
        for _, reader in self._paths:
            position = self._positions.get(reader.feed.id)
            acknowledged = position.place.offset if position else 0
            lag[reader.feed.path] = lag.get(reader.feed.path, 0) + max(0, reader.feed.size_bytes() - acknowledged)
        self._health.lag_bytes = lag

    def close(self) -> None:
        for job in self._jobs:
            job.source.close()

    def _look_for_sources(self) -> None:
        """Takes up sources that have come, and lets go of those that are gone. Where only the settings of one have
        changed its labels hold from now on, all else for its next file: what was read must not be read again."""
        for at, (find, last, jobs) in enumerate(self._found):
            wanted = find()
            if wanted is last:
                continue
            self._found[at] = (find, wanted, jobs)
            for settings in wanted:
                try:
                    self._take_up(jobs, settings)
                except WhodidError as e:  # one container's wrong label must not stop all others
                    _log.error("job %s: %s is not read: %s", settings.job, ", ".join(settings.paths), e)
            for paths, job in jobs.items():
                job.leaving = all(paths != settings.paths for settings in wanted)
        for _, _, jobs in self._found:
            for paths, job in list(jobs.items()):
                if job.leaving and all(self._is_acknowledged(reader) for reader in job.readers.values()):
                    job.source.close()
                    self._paths.drop(job)
                    self._directories = None
                    self._jobs.remove(job)
                    del jobs[paths]

    def _take_up(self, jobs: dict[tuple[str, ...], _Job], settings: SourceSettings) -> None:
        """Begins with a source that has come, or changes how its next file is read. Raises WhodidError."""
        known = jobs.get(settings.paths)
        if known is None:
            jobs[settings.paths] = self._start(settings)
            self._jobs.append(jobs[settings.paths])
        elif known.settings != settings:
            known.recipe = self._recipe(settings)
            for reader in known.readers.values():
                reader.relabel(known.recipe.labelling(reader.feed.path))

    def _is_acknowledged(self, reader: FileReader) -> bool:
        """Whether all that there is of a file has arrived, but for a record that is not complete."""
        position = self._positions.get(reader.feed.id)
        return reader.at_end and position is not None and position.place.offset >= reader.end

    def _look_at(self, job: _Job, news: News, everything: bool) -> bool:
        """Looks at one source, or at what of it there is news of; True when it has a new file, or one that is to be
        known by something else now."""
        begin_s = self._clock.monotonic_s()
        job.urgency.wanted |= news.unsure or job.source.concerned(news)
        if everything or job.urgency.may(begin_s):
            before = job.source.directories()
            stirred = job.source.refresh(begin_s)
            job.urgency.took(begin_s, self._clock.monotonic_s())
            if job.source.directories() is not before:
                self._directories = None
        else:
            stirred = job.source.refresh(begin_s, news)
        changed = self._follow(job, {feed.path for feed in stirred if feed.id not in job.readers})
        for feed in stirred:
            changed |= self._positions.recognise(feed)
            self._paths.stir((job, feed.path))
        return changed

    def _start(self, settings: SourceSettings) -> _Job:
        known = self._positions.to_read_on(settings.job)
        source = FileSource(
            settings.paths,
            settings.exclude,
            known=[p.place for p in known if p.gone_at_ns is None],
            gone=[p.place for p in known if p.gone_at_ns is not None],
            descriptors=self._descriptors,
            tells_missing=settings.format not in ("docker", "received"),  # containers go, with their directories
        )
        job = _Job(self._recipe(settings), source)
        for position in known:
            _remember(job.instants.setdefault(position.place.path, Instants()), position)
        return job

    def _recipe(self, settings: SourceSettings) -> Recipe:
        return Recipe(self._settings, settings, self._make_format, self._clock, self._health, self._redactor)

    def _follow(self, job: _Job, paths: Collection[str]) -> bool:
        """Makes readers for new feeds of these paths. A rotated file found late may stand before one that is followed
        already."""
        feeds: dict[str, list[Feed]] = {path: [] for path in paths}
        for feed in job.source.feeds if paths else ():
            if feed.path in feeds:
                feeds[feed.path].append(feed)
                if feed.id not in job.readers:
                    job.readers[feed.id] = self._reader(job, feed)
        if paths:
            self._positions.follow(job.settings.job, [[f.place(f.offset) for f in feeds[path]] for path in feeds])
        for path, of_path in feeds.items():
            self._paths.put((job, path), [job.readers[feed.id] for feed in of_path])
        return bool(paths)

    def _reader(self, job: _Job, feed: Feed) -> FileReader:
        """A reader for a new feed."""
        _log.info("following %s (job %s) from byte %d", feed.path, job.settings.job, feed.offset)
        return job.recipe.reader(feed, job.instants.setdefault(feed.path, Instants()))


def _remember(instants: Instants, position: Position) -> None:
    instants.last_ns = max(instants.last_ns, position.last_ns)
    instants.stated |= position.stated
