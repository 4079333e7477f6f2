"""When the index for searches is built: the choice, and the real engine."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kit.chdb_store import shared_store
from kit.ingest_bench import until
from kit.stepped_clock import SteppedClock
from whodid.ingest.body import Totals
from whodid.ingest.indexing import _CHANGES, LOOK_EVERY_S, WORTH_LINES, WORTH_S, Day, day_to_index, keep_indexed
from whodid.ingest.json_fields import JsonFields
from whodid.ingest.merging import FLOOD_LINES_PER_S
from whodid.query.columns import fields_of_line
from whodid.store.sql import LINE_COLUMNS
from whodid.store.store import StoreError

FEW, ENOUGH, MANY = WORTH_LINES - 1, WORTH_LINES, 10 * WORTH_LINES


@pytest.mark.parametrize(
    ("days", "lines_per_s", "chosen"),
    [
        ([], 0, None),
        ([Day("1", FEW, False)], 0, None),
        ([Day("1", ENOUGH, False), Day("2", MANY, False)], 0, "2"),
        ([Day("1", ENOUGH, False), Day("2", MANY, True)], 0, "1"),
        ([Day("1", MANY, True)], 0, None),
        ([Day("1", ENOUGH + 1000 * WORTH_S - 1, False)], 1000, None),
        ([Day("1", ENOUGH + 1000 * WORTH_S, False)], 1000, "1"),
        ([Day("1", 10**9, False)], FLOOD_LINES_PER_S - 1, "1"),
        ([Day("1", 10**9, False)], FLOOD_LINES_PER_S, None),
    ],
)
def test_the_choice(days: list[Day], lines_per_s: float, chosen: str | None) -> None:
    assert day_to_index(days, lines_per_s) == chosen


class Listening:
    """The real store, which remembers what was written; a change may have failed."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.changes: pa.Table | None = None

    async def write(self, sql: str) -> int:
        self.written.append(sql)
        return 0 if sql.startswith("KILL") else await shared_store().write(sql)

    async def select(self, sql: str) -> pa.Table:
        if sql == _CHANGES and self.changes is not None:
            return self.changes
        return await shared_store().select(sql)


@asynccontextmanager
async def running(store: Any, totals: Totals) -> AsyncIterator[Any]:
    """The task; yields what lets it look once."""
    clock = SteppedClock()
    task = asyncio.create_task(keep_indexed(store, totals, clock, JsonFields(store, lambda: MANY, fields_of_line)))

    async def look() -> None:
        await until(lambda: clock.sleepers == 1)
        clock.advance(LOOK_EVERY_S)
        await until(lambda: clock.sleepers == 1)

    yield look
    task.cancel()


async def grams_of(day: int) -> tuple[int, int]:
    """Bytes of the index in a day's parts, and how many parts there are."""
    table = await shared_store().select(
        "SELECT sum(secondary_indices_uncompressed_bytes) AS bytes, count() AS parts FROM system.parts "
        f"WHERE active AND table = 'lines' AND partition_id = '{day}'"
    )
    return table["bytes"][0].as_py() or 0, table["parts"][0].as_py()


async def put(day: int, lines: int) -> None:
    await shared_store().write(
        f"INSERT INTO lines ({LINE_COLUMNS}) SELECT 7, {day} * 86400000000000 + number, number, "
        f"'some text ' || number, map(), '', 0 FROM numbers({lines})"
    )


async def test_a_day_gets_its_index_when_it_is_worth_it_and_after_a_merge_again() -> None:
    store, totals, day = Listening(), Totals(), 11_111
    await put(day, ENOUGH // 2)
    async with running(store, totals) as look:
        await look()
        assert not [sql for sql in store.written if f"'{day}'" in sql], "too few"
        await put(day, ENOUGH)
        without, _ = await grams_of(day)
        assert without < ENOUGH, "an insert builds none"
        totals.lines += FLOOD_LINES_PER_S * 10
        await look()
        assert not [sql for sql in store.written if f"'{day}'" in sql], "a flood"
        await look()
        await until(lambda: any(f"'{day}'" in sql for sql in store.written))
        await settled()
        with_index, _ = await grams_of(day)
        assert with_index > 10 * without
        store.written.clear()
        await look()
        assert not [sql for sql in store.written if f"'{day}'" in sql], "it has it"
        await shared_store().write(f"OPTIMIZE TABLE lines PARTITION {day} FINAL")
        assert await grams_of(day) < (with_index // 10, 2), "a merge loses it"
        await look()
        await settled()
        assert (await grams_of(day))[0] > with_index // 2
    await shared_store().write(f"ALTER TABLE lines DROP PARTITION {day}")


async def test_what_json_says_of_few_values_is_written_once_and_nothing_else_with_it() -> None:
    store, day = Listening(), 11_112
    values = "'{\"level\": \"', ['INFO', 'ERROR'][1 + number % 2], '\", \"said_0\": 1, \"n\": ', toString(number), '}'"
    await shared_store().write(
        f"INSERT INTO lines ({LINE_COLUMNS}) SELECT 7, {day} * 86400000000000 + number, number, "
        f"if(number % 3 = 0, 'text', concat({values})), map(), '', 0 FROM numbers({MANY})"
    )
    await shared_store().write(f"OPTIMIZE TABLE lines PARTITION {day} FINAL")  # small parts are one file
    files = set()
    async with running(store, Totals()) as look:
        for _ in range(4):
            await look()
            await settled()
            files.add(await file_of_lines(day))
    commands = [sql.split()[3] for sql in store.written if f"'{day}'" in sql]
    assert commands == ["MATERIALIZE", "UPDATE"]
    assert len(files) == 1, "the lines were written again"
    table = await shared_store().select(
        f"SELECT json_fields.values AS found, count() AS lines FROM lines WHERE _partition_id = '{day}' GROUP BY found"
    )
    found = {tuple(row["found"]): row["lines"] for row in table.to_pylist()}
    third = pytest.approx(MANY // 3, abs=1)
    assert found == {(): third, ("INFO", "1"): third, ("ERROR", "1"): third}
    await shared_store().write(f"ALTER TABLE lines DROP PARTITION {day}")


async def file_of_lines(day: int) -> int:
    """The inode of the only part's file of lines."""
    table = await shared_store().select(
        f"SELECT path FROM system.parts WHERE active AND table = 'lines' AND partition_id = '{day}'"
    )
    (path,) = table["path"].to_pylist()
    return (Path(path) / "line.bin").stat().st_ino


async def settled() -> None:
    """Until the engine has carried out what it was told."""

    async def idle() -> bool:
        return not (await shared_store().select(_CHANGES)).num_rows

    deadline = time.monotonic() + 60
    while not await idle():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_what_fails_is_given_up_and_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    store = Listening()
    failed = {"mutation_id": ["mutation_7.txt"], "ours": [1], "failure": ["no memory (MEMORY_LIMIT_EXCEEDED)"]}
    async with running(store, Totals()) as look:
        store.changes = pa.table({**failed, "failure": ["Cancelled (ABORTED)"]})
        await look()
        store.changes = pa.table({**failed, "ours": [0]})
        await look()
        assert store.written == [], "stopped for a while, or a deletion: ingest/deletes.py cares for it"
        store.changes = pa.table(failed)
        with caplog.at_level(logging.ERROR):
            await look()
        assert store.written == ["KILL MUTATION WHERE table = 'lines' AND mutation_id = 'mutation_7.txt'"]
        assert "could not be built, they take longer: no memory" in caplog.text
        store.changes = None
        await look()


async def test_a_store_that_is_gone_is_told(caplog: pytest.LogCaptureFixture) -> None:
    class Gone:
        async def select(self, sql: str) -> pa.Table:
            raise StoreError("the disk is gone")

    with caplog.at_level(logging.ERROR):
        async with running(Gone(), Totals()) as look:
            await look()
    assert "the disk is gone" in caplog.text
