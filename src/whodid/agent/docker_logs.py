"""The logs of containers on this host's disk, as sources for the collector: one for each, as they come and go.

Which there are is sources/docker_files.py. The API is asked for what is not on the disk. Called by `receivers.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from whodid.agent.settings import SourceSettings
from whodid.formats import FORMATS
from whodid.model.clock import SECOND, Clock
from whodid.sources.docker import DockerSettings
from whodid.sources.docker_files import DockerFiles
from whodid.sources.receiver import Origin

LOOK_EVERY_S = 2.0
"""A container that has begun is found so soon; of its log nothing is lost meanwhile."""


class DockerLogs:
    """The containers of one engine, by their files. Holds the list of the last look."""

    def __init__(self, settings: SourceSettings, docker: DockerSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.files = DockerFiles(docker.directory, tuple(FORMATS), docker.filters)
        self._every_s = min(LOOK_EVERY_S, docker.refresh_interval_ns / SECOND)
        self._next_s = float("-inf")
        self._sources: list[SourceSettings] = []

    def sources(self) -> Sequence[SourceSettings]:
        """What is to be followed now; the very same object while nothing has changed."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._next_s:
            self._next_s = now_s + self._every_s
            found = [source_of(self._settings, f.origin, "docker", f.path) for f in self.files.look()]
            self._sources = self._sources if found == self._sources else found
        return self._sources


def source_of(own: SourceSettings, origin: Origin, envelope: str, path: str) -> SourceSettings:
    """An origin's records as a source of their own: one file, in a format that unwraps them. What the settings name
    goes before what the origin suggests."""
    told = origin.labels if own.automatic_labels else {}
    return replace(
        own,
        job=told.get("job", own.job),
        format=envelope,
        paths=(path,),
        exclude=(),
        file_sd=None,
        docker=None,
        journal=None,
        push=None,
        syslog=None,
        labels={**own.labels, **told, **origin.discovered},
        line_prefix=own.line_prefix or origin.line_prefix,
        timezone=own.timezone or origin.timezone,
        options=_options(own, origin),
        file_label=False,
    )


def _options(own: SourceSettings, origin: Origin) -> Mapping[str, str]:
    options = {**own.options, "inner": own.format or origin.format or "plain"}
    if not own.automatic_labels and own.push is None:
        options["labels"] = "leave_out"
    elif not own.automatic_labels and own.labels:
        options["fixed"] = ",".join(own.labels)  # what is pushed cannot say otherwise, as in Promtail
    if own.journal is not None and own.journal.json and options["inner"] == "journal":
        options["line"] = "record"
    if origin.format_stderr and not own.format:
        options["stderr"] = origin.format_stderr
    if own.relabel_configs:
        options["discovered"] = "keep"  # only relabelling has a use for what the transport found out
    return options
