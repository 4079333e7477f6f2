"""When memory that nobody uses goes back to the system: every few seconds.

The engine's allocator and the C library keep what queries and floods have left for the next ones, a hundred megabytes
and more; other programs of a small server have a use for it. Taking it again costs about a hundredth of that second.
Run as a task by server.py.
"""

import logging

from whodid.model.clock import Clock
from whodid.store.store import Store, StoreError

log = logging.getLogger("whodid.store")

TRIM_EVERY_S = 10.0


async def keep_trimmed(store: Store, clock: Clock) -> None:
    """Trims for ever; a failure is told and costs memory only."""
    while True:
        await clock.sleep(TRIM_EVERY_S)
        try:
            await store.trim()
        except StoreError as e:
            log.warning("memory could not be given back: %s", e)
