"""Waiting for a condition, for at most so long by a clock that stands still unless the test moves it."""

import asyncio

from kit.stepped_clock import SteppedClock
from whodid.ingest.waiting import Changes


async def test_what_holds_already_is_not_waited_for() -> None:
    assert await Changes(SteppedClock()).until(lambda: True)


async def test_no_time_is_no_wait() -> None:
    assert not await Changes(SteppedClock()).until(lambda: False, 0)


async def test_every_waiter_looks_when_a_change_is_told() -> None:
    changes, reached = Changes(SteppedClock()), [0]
    first = asyncio.create_task(changes.until(lambda: reached[0] >= 1))
    later = [asyncio.create_task(changes.until(lambda: reached[0] >= 2)) for _ in range(2)]
    await asyncio.sleep(0)
    reached[0] = 1
    changes.tell()
    await asyncio.wait_for(first, 30)
    assert not any(task.done() for task in later)
    reached[0] = 2
    changes.tell()
    assert await asyncio.wait_for(asyncio.gather(*later), 30) == [True, True]


async def test_it_gives_up_when_the_time_is_over() -> None:
    clock = SteppedClock()
    waiting = asyncio.create_task(Changes(clock).until(lambda: False, 5))
    for _ in range(3):
        await asyncio.sleep(0)
    clock.advance(4.9)
    await asyncio.sleep(0.01)
    assert not waiting.done()
    clock.advance(0.2)
    assert await asyncio.wait_for(waiting, 30) is False
