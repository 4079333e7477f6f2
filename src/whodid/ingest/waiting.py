"""Waiting for a condition that other tasks change, for at most so long by the server's clock."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

from whodid.model.clock import Clock


class Changes:
    """Tells all who wait that something may be otherwise now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = asyncio.Event()

    def tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], bool], timeout_s: float = math.inf) -> bool:
        """Returns when the condition holds, or late; whether it holds. It is looked at whenever a change is told."""
        if condition() or timeout_s <= 0:
            return condition()
        late: list[asyncio.Future[Any]] = (
            [asyncio.ensure_future(self._clock.sleep(timeout_s))] if timeout_s < math.inf else []
        )
        waits = late
        try:
            while not condition() and not any(wait.done() for wait in late):
                changed = asyncio.ensure_future(self._changed.wait())
                waits = [changed, *late]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            for wait in waits:
                wait.cancel()
        return condition()
