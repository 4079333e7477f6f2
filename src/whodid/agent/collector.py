"""All followed files of this host: makes a reader for each, gives every path its turn, lets go of what has ended.

Rotations of one path are read strictly one after the other, so that a path's lines keep their order.
"""

import logging
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from whodid.agent.batch import BatchBuilder
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.misread import Misread
from whodid.agent.positions import Position, Positions
from whodid.agent.reader import FileReader, ReaderLimits
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.agent.zone import host_zone
from whodid.errors import WhodidError
from whodid.formats.format import Format, FormatSettings
from whodid.formats.redact import Redactor
from whodid.model.clock import Clock
from whodid.model.labels import format_labels
from whodid.sources.files import FileSource
from whodid.sources.source import Feed, Source

FormatMaker = Callable[[str, FormatSettings], Format]
_log = logging.getLogger(__name__)


class UnknownZone(WhodidError):
    """A source names a time zone that this host does not know."""


class _Job:
    """One source of the settings, at work."""

    def __init__(self, settings: SourceSettings, source: Source, format_settings: FormatSettings) -> None:
        self.settings = settings
        self.source = source
        self.format_settings = format_settings
        self.readers: dict[str, FileReader] = {}  # by the feed's id, oldest first
        self.instants: dict[str, Instants] = {}  # by path
        self.misread = Misread(settings)


class Collector:
    """Fills batches from the followed files."""

    def __init__(
        self,
        settings: AgentSettings,
        positions: Positions,
        make_format: FormatMaker,
        clock: Clock,
        health: Health,
        redactor: Redactor | None = None,
    ) -> None:
        self._settings = settings
        self._positions = positions
        self._make_format = make_format
        self._redactor = redactor or Redactor()
        self._clock = clock
        self._health = health
        self._limits = ReaderLimits(
            settings.max_line_bytes, settings.max_record_bytes, settings.max_wait_s, settings.max_age_ns
        )
        self._ended: dict[str, int] = {}  # fully read files by id, and where they end: gone once acknowledged
        self._turn = 0
        self._jobs = [self._start(source) for source in settings.sources]

    def refresh(self) -> bool:
        """Looks for new, rotated and ended files; True when there is something to write down at once."""
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
        format_settings = FormatSettings(
            line_prefix=settings.line_prefix,
            timezone=_zone(settings) if settings.timezone else host_zone(),
            year_hint_ns=self._clock.now_ns(),
            options=dict(settings.options),
            redact=self._redactor,
        )
        self._make_format(settings.format, format_settings)  # an unknown format is an error now, not at the first file
        job = _Job(settings, source, format_settings)
        for position in known:
            _remember(job.instants.setdefault(position.place.path, Instants()), position)
        return job

    def _follow(self, job: _Job, feeds: Sequence[Feed]) -> None:
        """Makes readers for new feeds. A rotated file found late may stand before one that is followed already."""
        for feed in feeds:
            self._positions.follow(job.settings.job, feed.place(feed.offset))
        job.readers = {feed.id: job.readers.get(feed.id) or self._reader(job, feed) for feed in feeds}

    def _reader(self, job: _Job, feed: Feed) -> FileReader:
        """A reader for a new feed. Label `filename` is the path the lines were written under."""
        labels = {**job.settings.labels, "job": job.settings.job, "host": self._settings.host, "filename": feed.path}
        _log.info("following %s (job %s) from byte %d", feed.path, job.settings.job, feed.offset)
        return FileReader(
            feed,
            job.settings.job,
            format_labels({name: value for name, value in labels.items() if value}),
            self._make_format(job.settings.format, job.format_settings),
            job.instants.setdefault(feed.path, Instants()),
            self._limits,
            self._clock,
            self._health,
            job.misread,
        )


def _remember(instants: Instants, position: Position) -> None:
    instants.last_ns = max(instants.last_ns, position.last_ns)
    instants.stated |= position.stated


def _zone(settings: SourceSettings) -> ZoneInfo:
    try:
        return ZoneInfo(settings.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as e:
        raise UnknownZone(
            f"source {settings.job}: no time zone {settings.timezone!r} on this host; use a name like Asia/Jerusalem"
        ) from e
