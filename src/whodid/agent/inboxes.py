"""The inboxes of one source: made when an origin first speaks, found again after a restart, removed when done.

To the collector each is a source like any other: one file in the format `received`, with the origin's labels. Called by
`receiving.py`, which runs the receivers, and by the collector.
"""

import logging
import re
import shutil
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from whodid.agent.docker_logs import source_of
from whodid.agent.inbox import ORIGIN_NAME, FileInbox
from whodid.agent.settings import SourceSettings
from whodid.model.clock import Clock
from whodid.sources.receiver import Origin

_NOT_IN_NAMES = re.compile(r"[^\w.-]+", re.ASCII)
IsSent = Callable[[int, int, int], bool]
"""Whether a file (device, inode) is acknowledged up to a size."""
_log = logging.getLogger(__name__)


class Inboxes:
    """All inboxes of one source, below one directory. Implements what a receiver calls `inbox_for`."""

    def __init__(
        self, settings: SourceSettings, directory: Path, clock: Clock, on_written: Callable[[], None] = lambda: None
    ) -> None:
        """Takes up what earlier runs have left. Raises OSError."""
        self._settings = settings
        self._directory = directory
        self._clock = clock
        self._on_written = on_written
        self._inboxes: dict[str, FileInbox] = {}
        self._left: set[str] = set()  # by earlier runs, and not asked for since
        self._told: list[Origin] = []
        self._sources: list[SourceSettings] = []
        for path in sorted(directory.glob(f"*/{ORIGIN_NAME}")):
            try:
                origin = msgspec.json.decode(path.read_bytes(), type=Origin)
            except msgspec.DecodeError as e:
                _log.error("%s cannot be read (%s): what was received there is not sent; mend or remove it", path, e)
                continue
            self(origin)
        self._left.update(self._inboxes)

    def __call__(self, origin: Origin) -> FileInbox:
        inbox = self._inboxes.get(origin.key)
        if inbox is None:
            directory = self._directory / (_NOT_IN_NAMES.sub("_", origin.key).strip(".") or "_")
            inbox = FileInbox(directory, origin, self._clock, on_written=self._on_written)
            self._inboxes[origin.key] = inbox
        elif inbox.origin != origin:
            inbox.describe(origin)
        inbox.finished = False
        self._left.discard(origin.key)
        return inbox

    def keep(self, keys: Collection[str]) -> None:
        """Finishes what earlier runs have left and is none of these."""
        for key in self._left.difference(keys):
            self._inboxes[key].finish()

    def sources(self) -> Sequence[SourceSettings]:
        """What the collector is to follow now; the very same object while nothing has changed."""
        origins = [inbox.origin for inbox in self._inboxes.values()]
        if origins != self._told:
            self._told = origins
            self._sources = [
                source_of(self._settings, inbox.origin, "received", str(inbox.path)) for inbox in self._inboxes.values()
            ]
        return self._sources

    def sweep(self, is_sent: IsSent) -> None:
        """Removes what is sent and done with."""
        for key, inbox in list(self._inboxes.items()):
            if inbox.sweep(lambda stat: is_sent(stat.st_dev, stat.st_ino, stat.st_size)):
                del self._inboxes[key]
                self._left.discard(key)
                inbox.close()
                shutil.rmtree(inbox.directory, ignore_errors=True)

    def close(self) -> None:
        for inbox in self._inboxes.values():
            inbox.close()
