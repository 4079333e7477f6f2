"""A change in a watched directory wakes the reader soon; no directory is no error."""

import asyncio
import time
from pathlib import Path

from whodid.sources.wake import Waker


async def test_wakes_on_an_append(tmp_path: Path) -> None:
    event = asyncio.Event()
    waker = Waker(event)
    (tmp_path / "a.log").write_bytes(b"1\n")
    await waker.watch(frozenset({str(tmp_path)}))
    try:
        took = []
        for attempt in range(6):
            # The watch begins in a thread of its own: only wakes after the first are its doing for certain.
            event.clear()
            begin = time.perf_counter()
            with (tmp_path / "a.log").open("ab") as file:
                file.write(b"2\n")
            if attempt == 0:
                try:
                    await asyncio.wait_for(event.wait(), 1)
                except TimeoutError:
                    continue
            else:
                await asyncio.wait_for(event.wait(), 5)
            took.append(time.perf_counter() - begin)
        assert min(took) < 0.1
    finally:
        await waker.close()


async def test_nothing_to_watch(tmp_path: Path) -> None:
    waker = Waker(asyncio.Event())
    await waker.watch(frozenset())
    await waker.close()
    await waker.close()
