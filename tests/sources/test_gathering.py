"""Many writers, one inbox: who was answered is written, and writes are shared."""

import asyncio
from collections.abc import Sequence

import pytest

from kit.inboxes import MemoryInbox
from whodid.sources.gathering import Gathering
from whodid.sources.receiver import Received


async def test_what_comes_meanwhile_is_written_together() -> None:
    inbox = MemoryInbox()
    gathering = Gathering(inbox)
    await asyncio.gather(*(gathering.put([Received(str(n))]) for n in range(100)))
    assert sorted(inbox.lines, key=int) == [str(n) for n in range(100)]
    assert inbox.puts <= 2


async def test_nobody_is_answered_before_the_write() -> None:
    inbox = MemoryInbox()
    inbox.room.clear()
    gathering = Gathering(inbox)
    task = asyncio.create_task(gathering.put([Received("x")]))
    await asyncio.sleep(0.01)
    assert not task.done()
    assert gathering.full()
    inbox.room.set()
    await task
    assert inbox.lines == ["x"]


async def test_who_goes_away_takes_nobody_along() -> None:
    inbox = MemoryInbox()
    inbox.room.clear()
    gathering = Gathering(inbox)
    first, second = (asyncio.create_task(gathering.put([Received(name)])) for name in "ab")
    await asyncio.sleep(0.01)
    first.cancel()
    inbox.room.set()
    await second
    assert inbox.lines == ["a", "b"]


async def test_a_failure_is_everybodys_and_not_the_next_ones() -> None:
    class Failing(MemoryInbox):
        async def put(self, records: Sequence[Received]) -> None:
            if records[0].line == "bad":
                raise OSError("no")
            await super().put(records)

    inbox = Failing()
    gathering = Gathering(inbox)
    with pytest.raises(OSError, match="no"):
        await gathering.put([Received("bad")])
    await gathering.put([Received("good")])
    assert inbox.lines == ["good"]


async def test_closing_does_not_wait_for_room() -> None:
    inbox = MemoryInbox()
    inbox.room.clear()
    gathering = Gathering(inbox)
    task = asyncio.create_task(gathering.put([Received("x")]))
    await asyncio.sleep(0.01)
    await gathering.close()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert inbox.lines == []
