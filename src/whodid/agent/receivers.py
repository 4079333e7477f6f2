"""Which receivers a configuration asks for: one inlet for each source that is no file, from an explicit list.

How a receiver works is sources/, how it is kept at work `receiving.py`. Called by `run.py`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whodid.agent.collector import Found
from whodid.agent.docker_logs import DockerLogs
from whodid.agent.file_targets import FileTargets
from whodid.agent.inboxes import Inboxes
from whodid.agent.receiving import Inlet
from whodid.agent.recipe import zone_of
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.formats import FORMATS
from whodid.formats.syslog_message import SyslogReader
from whodid.model.clock import Clock
from whodid.sources.docker import DockerReceiver
from whodid.sources.journal import JournalReceiver, message, single
from whodid.sources.journal_export import Fields
from whodid.sources.push import PushReceiver
from whodid.sources.receiver import Receiver
from whodid.sources.syslog import SyslogReceiver
from whodid.wire.read_push import read_lines, read_push

INBOXES = "inbox"
_NOT_IN_NAMES = re.compile(r"[^\w-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Begins:
    """Where sources begin that have nothing in their inbox yet."""

    journals: Mapping[str, str] = field(default_factory=dict)
    """Cursors, by the job."""
    containers: Mapping[str, int] = field(default_factory=dict)
    """Seconds since 1970, by the container's id."""


def make_inlets(
    settings: AgentSettings, clock: Clock, on_written: Callable[[], None], begins: Begins
) -> tuple[list[Inlet], list[Found]]:
    """The inlets of an agent, and the files that such sources find by themselves. `on_written` is called when an inbox
    has something new. Raises OSError."""
    directories = inbox_directories(settings)
    inlets: list[Inlet] = []
    found: list[Found] = []
    for at, source in enumerate(settings.sources):
        logs = docker_logs(source, clock)
        found += finders_of(source, clock, logs)
        for kind, receiver in receivers_of(source, clock, begins, logs):
            inboxes = Inboxes(source, directories[at], clock, on_written)
            inlets.append(Inlet(f"{source.job} ({kind})", receiver, inboxes))
    return inlets, found


def docker_logs(source: SourceSettings, clock: Clock) -> DockerLogs | None:
    """The containers' logs that a source reads from the disk."""
    return DockerLogs(source, source.docker, clock) if source.docker is not None and source.docker.files else None


def finders_of(source: SourceSettings, clock: Clock, logs: DockerLogs | None) -> list[Found]:
    """What finds the files of a source that names none itself. Raises WhodidError for rules that cannot work."""
    found: list[Found] = [logs.sources] if logs else []
    if source.file_sd is not None:
        # Promtail's parts take memory: only who has a use for them loads them.
        from whodid.promtail import Relabel
        from whodid.promtail.braces import alternatives

        relabel = Relabel(source.relabel_configs).apply
        found.append(FileTargets(source, source.file_sd, clock, relabel, alternatives).sources)
    return found


def inbox_directories(settings: AgentSettings) -> list[Path]:
    """Where the inboxes of each source are, whether it has any or not. Sources of the same job are told apart by their
    order."""
    names = Counter[str]()
    directories = []
    for source in settings.sources:
        name = _NOT_IN_NAMES.sub("_", source.job)
        if not source.paths:
            names[name] += 1
        directories.append(settings.state_dir / INBOXES / (name if names[name] < 2 else f"{name}-{names[name]}"))
    return directories


def receivers_of(
    source: SourceSettings, clock: Clock, begins: Begins, logs: DockerLogs | None = None
) -> Iterator[tuple[str, Receiver]]:
    """Kind and receiver of each section of a source. Raises WhodidError for settings that cannot work. `logs`: those of
    containers that are read from the disk."""
    if source.journal is not None:
        yield (
            "journal",
            JournalReceiver(
                source.journal,
                clock,
                make=_journal_line(source),
                discovers=bool(source.relabel_configs),
                begin=begins.journals.get(source.job, ""),
            ),
        )
    if source.syslog is not None:
        reader = SyslogReader(zone_of(source), clock.now_ns())
        yield "syslog", SyslogReceiver(source.syslog, clock, reader.read)
    if source.docker is not None:
        followed = logs.files.has if logs else lambda _: False
        yield "docker", DockerReceiver(source.docker, clock, tuple(FORMATS), followed, begins.containers)
    if source.push is not None:
        yield "push", PushReceiver(source.push, clock, read_push, read_lines)


def _journal_line(source: SourceSettings) -> Callable[[Fields], str | None] | None:
    """The line of a record of the journal for another format than its own; None: the format `journal` reads it."""
    if source.journal is None or source.format in ("", "journal"):
        return None
    if not source.journal.json:
        return message
    from whodid.promtail.stages.json import as_json

    return lambda fields: as_json(single(fields))
