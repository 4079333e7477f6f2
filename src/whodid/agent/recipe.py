"""How the files of one source are read: its format, its labels and what makes entries of its records, for each file.

Made from a source's settings, which are judged here once, at the start. Called by the collector, and by `dry_run.py`,
so that what is shown there is what would be sent. Promtail's parts are loaded only by who has a pipeline or rules: they
take memory.
"""

import logging
import random
from collections.abc import Callable
from datetime import tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from whodid.agent.encode import Encoder, PlainEncoder, Surroundings
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.labelling import Labelling, Relabel
from whodid.agent.misread import Misread
from whodid.agent.reader import FileReader, ReaderLimits
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.agent.zone import host_zone
from whodid.errors import WhodidError
from whodid.formats.format import Format, FormatSettings
from whodid.formats.redact import Redactor
from whodid.model.clock import Clock
from whodid.sources.encodings import find_encoding
from whodid.sources.source import Feed

if TYPE_CHECKING:
    from whodid.promtail import Pipeline

_log = logging.getLogger(__name__)
FormatMaker = Callable[[str, FormatSettings], Format]


class UnknownZone(WhodidError):
    """A source names a time zone that this host does not know."""


class Recipe:
    """One source's way of reading."""

    def __init__(
        self,
        agent: AgentSettings,
        settings: SourceSettings,
        make_format: FormatMaker,
        clock: Clock,
        health: Health,
        redactor: Redactor,
    ) -> None:
        """Raises WhodidError for settings that nothing can be read with."""
        self.settings = settings
        self._agent = agent
        self._make_format = make_format
        self._clock = clock
        self._health = health
        self._misread = Misread(settings)
        self._limits = ReaderLimits(
            agent.max_line_bytes, agent.max_record_bytes, agent.max_wait_s, find_encoding(settings.encoding)
        )
        self._format_settings = FormatSettings(
            line_prefix=settings.line_prefix,
            timezone=zone_of(settings),
            year_hint_ns=clock.now_ns(),
            options=dict(settings.options),
            redact=redactor,
        )
        self.make_format()  # an unknown format is an error now, not at the first file
        self._relabel = _relabel(settings) if settings.relabel_configs else None
        if (pipeline := self._pipeline()) is not None:
            for note in pipeline.counters.notes:
                _log.warning("job %s: %s", settings.job, note)

    def make_format(self) -> Format:
        """A format for one file."""
        return self._make_format(self.settings.format, self._format_settings)

    def reader(self, feed: Feed, instants: Instants) -> FileReader:
        """What reads a file."""
        format, labelling = self.make_format(), self.labelling(feed.path)
        return FileReader(
            feed,
            self.settings.job,
            labelling.usual[1] if labelling.usual else "",
            format.continues,
            self.encoder(feed.path, format, labelling, instants),
            self._limits,
            self._clock,
            self._health,
        )

    def labelling(self, path: str) -> Labelling:
        """The labels of a file's lines. `filename` is the path the lines were written under."""
        own = {"job": self.settings.job, "host": self._agent.host} if self.settings.automatic_labels else {}
        name = {"filename": path} if self.settings.file_label else {}
        # Promtail's rules know a file by `__path__`.
        known = {"__path__": path} if self._relabel else {}
        return Labelling({**known, **own, **self.settings.labels, **name}, self._relabel)

    def encoder(self, path: str, format: Format, labelling: Labelling, instants: Instants) -> Encoder:
        """What makes entries of a file's records."""
        surroundings = Surroundings(
            self.settings.job,
            path,
            labelling,
            instants,
            self._clock,
            self._health,
            self._misread,
            self._agent.max_age_ns,
        )
        pipeline = self._pipeline()
        if pipeline is None:
            return PlainEncoder(format, surroundings)
        from whodid.agent.piped import PipedEncoder

        return PipedEncoder(format, pipeline, surroundings)

    def _pipeline(self) -> "Pipeline | None":
        """A pipeline for one file. Raises PipelineError."""
        if not self.settings.pipeline_stages:
            return None
        from whodid.promtail import Pipeline

        return Pipeline(
            self.settings.pipeline_stages,
            job=self.settings.job,
            now_ns=self._clock.now_ns,
            monotonic_s=self._clock.monotonic_s,
            random=random.random,
        )


def _relabel(settings: SourceSettings) -> Relabel:
    from whodid.promtail import Relabel as Rules

    return Rules(settings.relabel_configs).apply


def zone_of(settings: SourceSettings) -> tzinfo:
    """The zone of instants that state none. Raises UnknownZone."""
    if not settings.timezone:
        return host_zone()
    try:
        return ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError) as e:
        raise UnknownZone(
            f"source {settings.job}: no time zone {settings.timezone!r} on this host; use a name like Asia/Jerusalem"
        ) from e
