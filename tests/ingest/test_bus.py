"""The bell: nobody sleeps through a commit."""

import asyncio

from whodid.ingest.bus import CommitBus


async def test_a_commit_wakes_all_who_wait() -> None:
    bus = CommitBus(5)
    waiting = [asyncio.create_task(bus.wait(5)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    bus.publish(9)
    assert await asyncio.wait_for(asyncio.gather(*waiting), 5) == [9, 9, 9]


async def test_who_is_behind_does_not_wait() -> None:
    bus = CommitBus(5)
    assert await asyncio.wait_for(bus.wait(3), 5) == 5


async def test_commits_while_nobody_listens_are_not_lost() -> None:
    bus = CommitBus()
    seen: list[int] = []

    async def listen() -> None:
        while (last := seen[-1] if seen else 0) < 20:
            seen.append(await bus.wait(last))

    listener = asyncio.create_task(listen())
    for seq in range(1, 21):
        bus.publish(seq)
        if seq % 3 == 0:
            await asyncio.sleep(0)
    await asyncio.wait_for(listener, 5)
    assert seen[-1] == 20
    assert seen == sorted(set(seen))


async def test_a_commit_with_no_new_number_wakes_nobody_for_nothing() -> None:
    bus = CommitBus(5)
    waiting = asyncio.create_task(bus.wait(5))
    await asyncio.sleep(0)
    bus.publish(5)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    bus.publish(6)
    assert await asyncio.wait_for(waiting, 5) == 6
