"""The outbox: takes notices durably and delivers each to every receiver, at least once.

`put` returns when the notice is on disk. `run` sends: one task for each receiver, so that one that hangs never delays
another; a failed delivery is tried again, with growing and jittered pauses, until the receiver takes it or refuses it
for good. What was queued before a restart is sent after it, under the same delivery id.
"""

import asyncio
import logging
import random
from collections.abc import Sequence

from whodid.model.alert import Alert
from whodid.model.clock import SECOND, Clock
from whodid.notify.queue_file import Counts, Delivery, OutboxError, QueueFile
from whodid.notify.receiver import Receiver, SendFailed
from whodid.notify.settings import RetrySettings

_log = logging.getLogger("whodid.notify")
PRUNE_EVERY_NS = 3600 * SECOND


def pause_s(settings: RetrySettings, attempts: int, dice: random.Random) -> float:
    """The pause after this many failed tries (1 or more): doubled each time, then spread over 0.5 to 1.5 of it."""
    full_s = min(settings.first_pause_s * 2.0 ** min(attempts - 1, 30), settings.longest_pause_s)
    return full_s * dice.uniform(0.5, 1.5)


class Outbox:
    """Notices on their way to the receivers."""

    def __init__(
        self,
        file: QueueFile,
        receivers: Sequence[Receiver],
        clock: Clock,
        *,
        retry: RetrySettings | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._file = file
        self._receivers = {receiver.name: receiver for receiver in receivers}
        assert len(self._receivers) == len(receivers), "receivers need different names"
        self._clock = clock
        self._retry = retry or RetrySettings()
        self._dice = dice or random.Random()
        self._news = {name: asyncio.Event() for name in self._receivers}

    async def put(self, notice_id: str, alerts: Sequence[Alert]) -> None:
        """Takes a notice; when this returns it survives a power cut. An id that was taken before changes nothing."""
        if not self._receivers or not alerts:
            return
        await self._file.put(notice_id, self._receivers, alerts, self._clock.now_ns())
        for event in self._news.values():
            event.set()

    async def counts(self) -> dict[str, Counts]:
        """How many deliveries stand where, by receiver."""
        return await self._file.counts()

    async def run(self, stop: asyncio.Event) -> None:
        """Delivers until `stop` is set. A send that is under way is cut off and repeated after the next start."""
        stopping = asyncio.create_task(stop.wait())
        workers = [asyncio.create_task(self._serve(receiver)) for receiver in self._receivers.values()]
        try:
            await asyncio.wait([stopping, *workers], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, *workers):
                task.cancel()
            ended = await asyncio.gather(*workers, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    async def _serve(self, receiver: Receiver) -> None:
        pruned_ns = 0
        troubles = 0
        while True:
            try:
                now_ns = self._clock.now_ns()
                if now_ns - pruned_ns > PRUNE_EVERY_NS:
                    pruned_ns = now_ns
                    await self._file.prune(now_ns - int(self._retry.kept_s * SECOND))
                await self._turn(receiver)
                troubles = 0
            except OutboxError as error:
                # A full disk, say. Nothing is lost: the row is as it was, and is sent again when the disk recovers.
                troubles += 1
                _log.error("%s", error)
                await self._clock.sleep(pause_s(self._retry, troubles, self._dice))

    async def _turn(self, receiver: Receiver) -> None:
        news = self._news[receiver.name]
        news.clear()
        delivery = await self._file.next(receiver.name)
        if delivery is None:
            await news.wait()
            return
        wait_ns = delivery.due_ns - self._clock.now_ns()
        if wait_ns > 0:
            await self._news_or_pause(news, wait_ns / SECOND)
            return
        await self._try(receiver, delivery)

    async def _news_or_pause(self, news: asyncio.Event, seconds: float) -> None:
        waits = [asyncio.ensure_future(news.wait()), asyncio.ensure_future(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()

    async def _try(self, receiver: Receiver, delivery: Delivery) -> None:
        try:
            await receiver.send(delivery.alerts, delivery.id)
        except SendFailed as error:
            await self._failed(delivery, error)
        except Exception as error:
            # A fault of a receiver's code must not end the others' deliveries either.
            _log.exception("receiver %s failed", receiver.name)
            await self._failed(delivery, SendFailed(f"{receiver.name}: {type(error).__name__}", permanent=False))
        else:
            await self._file.finish(delivery, "delivered", self._clock.now_ns())

    async def _failed(self, delivery: Delivery, error: SendFailed) -> None:
        now_ns = self._clock.now_ns()
        if error.permanent:
            _log.error("a notice could not be delivered and is given up: %s", error)
            await self._file.finish(delivery, "failed", now_ns, str(error))
            return
        wait_s = pause_s(self._retry, delivery.attempts + 1, self._dice)
        if error.retry_after_s is not None:
            wait_s = max(wait_s, min(error.retry_after_s, 3600.0))
        _log.warning("%s; trying again in %.1f s (try %d)", error, wait_s, delivery.attempts + 1)
        await self._file.postpone(delivery, now_ns + int(wait_s * SECOND), str(error))
