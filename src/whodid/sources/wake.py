"""Wakes a reader when something changes in some directories: inotify through watchfiles, with polling behind it.

Only a reason to look, never news of what happened: a lost or doubled event changes nothing but the moment. Network
file systems and some containers deliver no events, hence the poll.
"""

import asyncio
import contextlib
import logging

from watchfiles import awatch

DEBOUNCE_MS = 30
STEP_MS = 15
logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it would log a line per change
_log = logging.getLogger(__name__)


class Waker:
    """Sets `event` within about 50 ms of a change in the watched directories."""

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event
        self._directories: frozenset[str] = frozenset()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def watch(self, directories: frozenset[str]) -> None:
        """Watches exactly these directories from now on."""
        if directories == self._directories and (self._task is None or not self._task.done()):
            return
        await self.close()
        self._directories = directories
        if directories:
            self._stop = asyncio.Event()
            self._task = asyncio.create_task(self._watch(self._stop))
            self._event.set()  # what changed before the watch began was not seen by it

    async def close(self) -> None:
        self._stop.set()
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _watch(self, stop: asyncio.Event) -> None:
        try:
            async for _ in awatch(
                *self._directories,
                watch_filter=None,
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                stop_event=stop,
                recursive=False,
                rust_timeout=1_000,
            ):
                self._event.set()
        except (OSError, RuntimeError) as e:
            # No inotify here, or no watches left (fs.inotify.max_user_watches): the poll goes on alone.
            _log.warning("no change notification for the log directories, polling only: %s", e)
