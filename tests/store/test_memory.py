"""Memory goes back to the system again and again, and comes back when it is wanted."""

import asyncio
from pathlib import Path

import pytest

from kit.chdb_store import shared_store
from kit.ingest_bench import until
from kit.stepped_clock import SteppedClock
from whodid.store.memory import TRIM_EVERY_S, keep_trimmed
from whodid.store.store import StoreError


def resident_kib() -> int:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


async def test_what_a_query_has_left_is_given_back() -> None:
    store = shared_store()
    large = "SELECT groupArray(number) AS numbers FROM numbers(8000000)"
    assert len((await store.select(large))["numbers"][0]) == 8_000_000
    before = resident_kib()
    await store.trim()
    assert resident_kib() < before - 40_000
    assert len((await store.select(large))["numbers"][0]) == 8_000_000


async def test_it_is_done_every_few_seconds_whatever_happens(caplog: pytest.LogCaptureFixture) -> None:
    clock, trimmed = SteppedClock(), 0

    class Store:
        async def trim(self) -> None:
            nonlocal trimmed
            trimmed += 1
            if trimmed == 1:
                raise StoreError("out of order")

    task = asyncio.create_task(keep_trimmed(Store(), clock))  # type: ignore[arg-type]
    for times in (1, 2):
        await until(lambda: clock.sleepers == 1)
        clock.advance(TRIM_EVERY_S)
        await until(lambda times=times: trimmed == times)
    assert "memory could not be given back: out of order" in caplog.text
    task.cancel()
