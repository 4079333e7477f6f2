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
    inlets, names = [], Counter[str]()
    for source in settings.sources:
        for kind, receiver in _receivers(source, clock):
            name = f"{_NOT_IN_NAMES.sub('_', source.job)}-{kind}"
            names[name] += 1
            directory = inbox_directory(settings.state_dir, name, names[name])
            inboxes = Inboxes(source, directory, clock, on_written)
            inlets.append(Inlet(f"job {source.job} ({kind})", receiver, inboxes))
    return inlets


def inbox_directory(state_dir: Path, name: str, number: int) -> Path:
    """Where the inboxes of a source are; `number` tells sources of the same job and kind apart."""
    return state_dir / INBOXES / (name if number == 1 else f"{name}-{number}")


def _receivers(source: SourceSettings, clock: Clock) -> Iterator[tuple[str, Receiver]]:
    """Kind and receiver of each section of a source."""
    if source.journal is not None:
        yield "journal", JournalReceiver(source.journal, clock)
    if source.syslog is not None:
        reader = SyslogReader(zone_of(source), clock.now_ns())
        yield "syslog", SyslogReceiver(source.syslog, clock, reader.read)
