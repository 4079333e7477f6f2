"""The outbox: at least once over failures and restarts, in order, and each receiver for itself."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.stepped_clock import SteppedClock
from kit.webhook_sink import webhook_sink
from whodid.model.alert import Alert
from whodid.model.clock import SystemClock
from whodid.notify.outbox import Outbox, pause_s
from whodid.notify.queue_file import OutboxError, QueueFile
from whodid.notify.receiver import SendFailed
from whodid.notify.settings import RetrySettings, WebhookSettings
from whodid.notify.webhook import Webhook

QUICK = RetrySettings(first_pause_s=0.01, longest_pause_s=0.02)


def alert(name: str = "A", state: str = "firing") -> Alert:
    return Alert({"alertname": name}, {}, state, 1, 0, 1.0, name)  # type: ignore[arg-type]


class Fake:
    """A receiver that answers as told: None takes the alerts, an exception is raised."""

    def __init__(self, name: str = "r", answer: Callable[[str], Exception | None] = lambda _: None) -> None:
        self.name = name
        self.answer = answer
        self.tries: list[str] = []
        self.taken: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, alerts: Sequence[Alert], delivery_id: str) -> None:
        self.tries.append(delivery_id)
        await self.open.wait()
        error = self.answer(delivery_id)
        if error is not None:
            raise error
        self.taken.append(delivery_id)

    async def close(self) -> None:
        """Nothing to free."""


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(outbox.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[QueueFile]:
    it = QueueFile(tmp_path / "outbox.sqlite")
    yield it
    await it.close()


async def test_a_notice_reaches_every_receiver_once_however_often_it_is_put(file: QueueFile) -> None:
    one, two = Fake("one"), Fake("two")
    outbox = Outbox(file, [one, two], SystemClock())
    async with running(outbox):
        for _ in range(3):
            await outbox.put("n1", [alert()])
        await outbox.put("n2", [alert()])
        await until(lambda: one.taken == two.taken == ["n1", "n2"])
        await outbox.put("n1", [alert()])
        await outbox.put("n3", [alert()])
        await until(lambda: one.taken == two.taken == ["n1", "n2", "n3"])


async def test_what_was_put_survives_a_restart(tmp_path: Path) -> None:
    file = QueueFile(tmp_path / "o")
    await Outbox(file, [Fake()], SystemClock()).put("n1", [alert()])
    await file.close()
    file, receiver = QueueFile(tmp_path / "o"), Fake()
    outbox = Outbox(file, [receiver], SystemClock())
    async with running(outbox):
        await until(lambda: receiver.taken == ["n1"])
    await file.close()


async def test_a_send_that_was_cut_off_is_repeated_under_the_same_id(tmp_path: Path) -> None:
    with webhook_sink() as sink:
        sink.open.clear()
        for round_ in (1, 2):
            file, hook = QueueFile(tmp_path / "o"), Webhook(WebhookSettings("w", sink.url), SystemClock())
            outbox = Outbox(file, [hook], SystemClock())
            async with running(outbox):
                if round_ == 1:
                    await outbox.put("n1", [alert()])
                await sink.until(lambda it, count=round_: len(it.hooks) == count)  # type: ignore[misc]
                if round_ == 2:
                    sink.open.set()
                    async with asyncio.timeout(5):
                        while (await outbox.counts())["w"].delivered != 1:  # noqa: ASYNC110 - a file has no event
                            await asyncio.sleep(0.005)
            await hook.close()
            await file.close()
        assert [got.id for got in sink.hooks] == ["n1", "n1"]
        assert sink.hooks[0].body == sink.hooks[1].body


async def test_failures_are_tried_again_until_taken(file: QueueFile) -> None:
    with webhook_sink() as sink:
        sink.answers += [500, 503, 429]
        hook = Webhook(WebhookSettings("w", sink.url), SystemClock())
        outbox = Outbox(file, [hook], SystemClock(), retry=QUICK)
        async with running(outbox):
            await outbox.put("n1", [alert()])
            await sink.until(lambda it: len(it.hooks) == 4)
        await hook.close()
    assert {got.id for got in sink.hooks} == {"n1"}


async def test_a_refusal_is_final_and_counted(file: QueueFile) -> None:
    receiver = Fake(answer=lambda i: SendFailed("r: answered 404", permanent=True) if i == "n1" else None)
    outbox = Outbox(file, [receiver], SystemClock(), retry=QUICK)
    async with running(outbox):
        await outbox.put("n1", [alert()])
        await outbox.put("n2", [alert()])
        await until(lambda: receiver.taken == ["n2"])
    counts = (await outbox.counts())["r"]
    assert receiver.tries == ["n1", "n2"]
    assert (counts.failed, counts.last_error) == (1, "r: answered 404")


async def test_a_receiver_that_hangs_delays_nobody(file: QueueFile) -> None:
    hanging, quick = Fake("hanging"), Fake("quick")
    hanging.open.clear()
    outbox = Outbox(file, [hanging, quick], SystemClock())
    async with running(outbox):
        for n in range(5):
            await outbox.put(f"n{n}", [alert()])
        await until(lambda: len(quick.taken) == 5)
        assert hanging.tries == ["n0"]
        assert hanging.taken == []


async def test_an_end_does_not_overtake_its_beginning_but_one_bad_notice_does_not_block_for_ever(
    file: QueueFile,
) -> None:
    clock, bad = SteppedClock(), {"n1"}
    receiver = Fake(answer=lambda i: SendFailed("no", permanent=False) if i in bad else None)
    outbox = Outbox(file, [receiver], clock, retry=RetrySettings(first_pause_s=10), dice=random.Random(1))
    async with running(outbox):
        await outbox.put("n1", [alert("A")])
        await until(lambda: receiver.tries == ["n1"])
        await outbox.put("n2", [alert("A", "resolved")])
        await outbox.put("n3", [alert("B")])
        await until(lambda: receiver.taken == ["n3"])
        async with asyncio.timeout(10):
            while "n2" not in receiver.taken:
                clock.advance(5)
                await asyncio.sleep(0.001)
        assert receiver.tries.count("n1") >= 5
        bad.clear()
        async with asyncio.timeout(10):
            while "n1" not in receiver.taken:
                clock.advance(60)
                await asyncio.sleep(0.001)


async def test_a_wish_for_a_pause_is_honoured(file: QueueFile) -> None:
    clock, answers = SteppedClock(), [SendFailed("later", permanent=False, retry_after_s=100)]
    receiver = Fake(answer=lambda _: answers.pop() if answers else None)
    outbox = Outbox(file, [receiver], clock)
    async with running(outbox):
        await outbox.put("n1", [alert()])
        await until(lambda: receiver.tries == ["n1"])
        delivery = None
        while delivery is None or not delivery.attempts:
            delivery = await file.next("r")
        assert delivery.due_ns - clock.ns == 100 * 10**9


async def test_a_fault_in_a_receiver_is_one_more_failed_try(file: QueueFile) -> None:
    answers: list[Exception] = [ZeroDivisionError()]
    receiver = Fake(answer=lambda _: answers.pop() if answers else None)
    outbox = Outbox(file, [receiver], SystemClock(), retry=QUICK)
    async with running(outbox):
        await outbox.put("n1", [alert()])
        await until(lambda: receiver.taken == ["n1"])


async def test_put_fails_loudly_when_the_file_cannot_be_written(file: QueueFile) -> None:
    outbox = Outbox(file, [Fake()], SystemClock())
    await file._run(lambda: file._db.execute("PRAGMA query_only=1"))
    with pytest.raises(OutboxError, match="readonly"):
        await outbox.put("n1", [alert()])


@given(st.integers(1, 200), st.integers(0))
def test_pauses_grow_up_to_the_longest(attempts: int, seed: int) -> None:
    settings = RetrySettings(first_pause_s=0.5, longest_pause_s=60)
    seconds = pause_s(settings, attempts, random.Random(seed))
    full = min(0.5 * 2 ** (attempts - 1), 60)
    assert full / 2 <= seconds <= full * 1.5
