"""The contract of a source that is no file: it receives records and hands them to inboxes, which are files.

An `Inbox` (the agent's) appends what it is given to a file of its own, and the machinery of files does the rest:
identity, exactly once, back-pressure. So a receiver only has to go on behind the newest record that is written. One
record is one JSON line there (`encode`); the format `received` unwraps it. Called by the agent.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec


class Received(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record as it came in."""

    line: str
    """What the inner format reads; may hold line breaks."""
    ns: int | None = None
    """The instant that the transport states, in ns since 1970 UTC."""
    labels: Mapping[str, str] = {}
    """Labels of this record alone; what all records of the inbox share is in its `Origin`."""
    attributes: Mapping[str, str] = {}
    """What the transport knows: facility, severity, stream, sender …"""
    discovered: Mapping[str, str] = {}
    """Promtail's internal labels (`__syslog_message_hostname` …), for relabelling; nothing that begins with `__` is
    stored."""
    cursor: str = ""
    """Where to go on behind this record, if the source can be asked again."""


class Origin(msgspec.Struct, frozen=True):
    """Where the records of one inbox come from: a listener, a container, a journal."""

    key: str
    """The same after every restart: the inbox's file is found by it. Letters, digits and `-_.` only."""
    labels: Mapping[str, str] = {}
    """Labels of all its records. `job` is among them only where the origin itself says one (`whodid.job`)."""
    discovered: Mapping[str, str] = {}
    """Promtail's internal labels (`__meta_docker_…`) of all its records, for relabelling."""
    format: str = ""
    """Name of the inner format, where the origin tells or suggests one; empty: what the source's settings say."""
    format_stderr: str = ""
    """The inner format of the records with the label `stream="stderr"`, where it is another one."""
    line_prefix: str = ""
    """For an inner format `postgres`."""
    timezone: str | None = None
    """The zone of instants without one; None: what the source's settings say."""


class Inbox(Protocol):
    """Where records become durable."""

    async def put(self, records: Sequence[Received]) -> None:
        """Returns when the records are written (fsync); waits while the inbox is full, or its disk: it raises nothing.
        Called by one task at a time. A crash leaves all of a call's records or the first few of them, each whole."""
        ...

    def cursor(self) -> str:
        """The cursor of the newest written record that has one, also after kill -9; empty if there is none."""
        ...

    def full(self) -> bool:
        """Whether `put` would wait: for a receiver that has to answer or to drop at once."""
        ...

    def finish(self) -> None:
        """Nothing more will come (the container is gone): the file may go when all of it has been sent."""
        ...


class Inboxes(Protocol):
    """Where a receiver gets its inboxes."""

    def __call__(self, origin: Origin) -> Inbox:
        """The inbox of an origin, with all that earlier runs have written."""
        ...

    def keep(self, keys: Collection[str]) -> None:
        """Of the inboxes that earlier runs have left, and that nobody asked for in this one, only these may still get
        something: the others are finished. A receiver calls it that knows which origins there are."""
        ...


class Receiver(Protocol):
    """A source that is no file."""

    async def run(self, inbox_for: Inboxes) -> None:
        """Receives until it is cancelled, and finds its way back by itself when the other side goes away."""
        ...


_encoder = msgspec.json.Encoder()


def encode(record: Received) -> bytes:
    """The record as one line of an inbox's file, with its newline."""
    try:
        return _encoder.encode(record) + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair: no text that could be stored
        return _encoder.encode(msgspec.structs.replace(record, **_mended(record))) + b"\n"


def _mended(record: Received) -> dict[str, object]:
    return {
        "line": _mend(record.line),
        "labels": _mend_all(record.labels),
        "attributes": _mend_all(record.attributes),
        "discovered": _mend_all(record.discovered),
        "cursor": _mend(record.cursor),
    }


def _mend_all(texts: Mapping[str, str]) -> dict[str, str]:
    return {_mend(name): _mend(value) for name, value in texts.items()}


def _mend(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
