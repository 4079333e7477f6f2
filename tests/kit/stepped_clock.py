"""A clock that stands still until a test moves it; sleepers wake when their time comes."""

import asyncio

from whodid.model.clock import SECOND


class SteppedClock:
    """Implements whodid.model.clock.Clock."""

    def __init__(self, ns: int = 1_767_225_600 * SECOND) -> None:
        self.ns = ns
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def now_ns(self) -> int:
        return self.ns

    def monotonic_s(self) -> float:
        return self.ns / SECOND

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.ns + int(seconds * SECOND), future))
        await future

    @property
    def sleepers(self) -> int:
        """How many sleep."""
        return sum(not future.done() for _, future in self._sleepers)

    def advance(self, seconds: float) -> None:
        self.ns += int(seconds * SECOND)
        for at_ns, future in list(self._sleepers):
            if at_ns <= self.ns:
                self._sleepers.remove((at_ns, future))
                if not future.done():
                    future.set_result(None)
