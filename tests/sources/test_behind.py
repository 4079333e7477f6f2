"""Writing behind a reader: in order, together, bounded; what failed is told at the next step."""

import asyncio
from collections.abc import Sequence

import pytest

from kit.inboxes import MemoryInbox
from whodid.sources.behind import WriteBehind
from whodid.sources.receiver import Received


async def test_what_comes_meanwhile_is_written_together_and_in_order() -> None:
    inbox = MemoryInbox()
    behind = WriteBehind(inbox)
    for n in range(1000):
        await behind.put([Received(str(n))])
    await behind.flush()
    assert inbox.lines == [str(n) for n in range(1000)]
    assert inbox.puts < 10


async def test_a_reader_waits_when_too_much_waits() -> None:
    inbox = MemoryInbox()
    inbox.room.clear()
    behind = WriteBehind(inbox, most_bytes=10)
    await behind.put([Received("12345")])
    await asyncio.sleep(0.01)  # the first is being written, and does not count any more
    await behind.put([Received("12345")])
    waiting = asyncio.create_task(behind.put([Received("123456")]))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    inbox.room.set()
    await waiting
    assert len(inbox.lines) == 3


async def test_a_failure_is_told() -> None:
    class Failing(MemoryInbox):
        async def put(self, records: Sequence[Received]) -> None:
            raise OSError("no")

    behind = WriteBehind(Failing())
    await behind.put([Received("x")])
    await asyncio.sleep(0.01)
    with pytest.raises(OSError, match="no"):
        await behind.put([Received("y")])


async def test_closing_gives_up_what_is_not_written() -> None:
    inbox = MemoryInbox()
    inbox.room.clear()
    behind = WriteBehind(inbox)
    await behind.put([Received("x")])
    await behind.close()
    assert inbox.lines == []
