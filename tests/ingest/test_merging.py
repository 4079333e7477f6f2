"""Merging keeps aside in a flood, and comes back by itself."""

import asyncio
from typing import Any

import pytest

from kit.chdb_store import shared_store
from kit.ingest_bench import until
from kit.stepped_clock import SteppedClock
from whodid.ingest.committer import Totals
from whodid.ingest.merging import (
    FEW_PARTS,
    FLOOD_LINES_PER_S,
    LOOK_EVERY_S,
    MOST_PARTS,
    Load,
    keep_merging_aside,
    may_merge,
)


@pytest.mark.parametrize(
    ("merging", "lines_per_s", "parts", "wanted"),
    [
        (True, 0, 10, True),
        (True, FLOOD_LINES_PER_S - 1, 10, True),
        (True, FLOOD_LINES_PER_S, 10, False),
        (False, FLOOD_LINES_PER_S, MOST_PARTS - 1, False),
        (False, FLOOD_LINES_PER_S, MOST_PARTS, True),
        (True, FLOOD_LINES_PER_S, FEW_PARTS + 1, True),
        (True, FLOOD_LINES_PER_S, FEW_PARTS, False),
        (False, 0, 10, True),
    ],
)
def test_the_choice(merging: bool, lines_per_s: float, parts: int, wanted: bool) -> None:
    assert may_merge(merging, Load(lines_per_s, parts)) is wanted


class Listening:
    """The real store, which remembers what was written."""

    def __init__(self) -> None:
        self.written: list[str] = []

    async def write(self, sql: str) -> int:
        rows = await shared_store().write(sql)
        self.written.append(sql)
        return rows

    def __getattr__(self, name: str) -> Any:
        return getattr(shared_store(), name)


async def test_a_flood_stops_merges_and_its_end_starts_them() -> None:
    store, clock, totals = Listening(), SteppedClock(), Totals()
    stop, start = "SYSTEM STOP MERGES lines", "SYSTEM START MERGES lines"

    async def look(lines: int) -> None:
        await until(lambda: clock.sleepers == 1)
        totals.lines += lines
        clock.advance(LOOK_EVERY_S)

    task = asyncio.create_task(keep_merging_aside(store, totals, clock))  # type: ignore[arg-type]
    await look(100)
    await look(10**6)
    await until(lambda: store.written == [stop])
    await look(10**6)
    await look(0)
    await until(lambda: store.written == [stop, start])
    await look(10**6)
    await until(lambda: store.written == [stop, start, stop])
    await look(0)
    await until(lambda: store.written == [stop, start, stop, start])
    task.cancel()
