"""Which receivers a configuration asks for: one inlet for each source that is no file, from an explicit list.

How a receiver works is sources/, how it is kept at work `receiving.py`. Called by `run.py`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from whodid.agent.inboxes import Inboxes
from whodid.agent.receiving import Inlet
from whodid.agent.recipe import zone_of
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.formats.syslog_message import SyslogReader
from whodid.model.clock import Clock
from whodid.sources.journal import JournalReceiver
from whodid.sources.receiver import Receiver
from whodid.sources.syslog import SyslogReceiver

INBOXES = "inbox"
_NOT_IN_NAMES = re.compile(r"[^\w-]+", re.ASCII)


def make_inlets(settings: AgentSettings, clock: Clock, on_written: Callable[[], None]) -> list[Inlet]:
    """The inlets of an agent. `on_written` is called when an inbox has something new. Raises OSError."""
    directories = inbox_directories(settings)
    inlets = []
    for at, source in enumerate(settings.sources):
        for kind, receiver in receivers_of(source, clock):
            inboxes = Inboxes(source, directories[at], clock, on_written)
            inlets.append(Inlet(f"{source.job} ({kind})", receiver, inboxes))
    return inlets


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


def receivers_of(source: SourceSettings, clock: Clock) -> Iterator[tuple[str, Receiver]]:
    """Kind and receiver of each section of a source. Raises WhodidError for settings that cannot work."""
    if source.journal is not None:
        yield "journal", JournalReceiver(source.journal, clock)
    if source.syslog is not None:
        reader = SyslogReader(zone_of(source), clock.now_ns())
        yield "syslog", SyslogReceiver(source.syslog, clock, reader.read)
