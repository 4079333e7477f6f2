"""The engine's numbers: they follow what is stored and merged, and an engine that does not answer is no error."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from kit.chdb_store import shared_store
from whodid.store import state
from whodid.store.chdb import READERS
from whodid.store.sql import LINE_COLUMNS
from whodid.store.state import EngineNumbers, read_state
from whodid.store.store import Connection, StoreError

ROW = "SELECT 1, {ts}, 1, 'x', map(), '', 0 FROM numbers({rows})"


async def numbers() -> EngineNumbers:
    engine = (await read_state(shared_store())).engine
    assert engine is not None
    return engine


async def test_parts_rows_and_merges_are_counted() -> None:
    store, day = shared_store(), 77
    await store.write("SYSTEM STOP MERGES lines")
    try:
        before = await numbers()
        for _ in range(3):
            await store.write(f"INSERT INTO lines ({LINE_COLUMNS}) {ROW.format(ts=day * 86_400 * 10**9, rows=1000)}")
        stored = await numbers()
    finally:
        await store.write("SYSTEM START MERGES lines")
    assert (stored.parts - before.parts, stored.rows - before.rows) == (3, 3000)
    assert stored.unindexed_rows - before.unindexed_rows == 3000
    assert stored.disk_bytes > before.disk_bytes
    await store.write("OPTIMIZE TABLE lines FINAL")
    after = await numbers()
    assert after.parts < stored.parts
    assert after.merges > stored.merges
    assert after.merged_rows >= stored.merged_rows + 3000
    assert after.merged_bytes > stored.merged_bytes
    assert after.merge_s >= stored.merge_s
    assert after.memory_bytes > 0
    await store.write(f"ALTER TABLE lines DROP PARTITION {day}")


async def test_queries_that_wait_do_not_hide_how_the_engine_is() -> None:
    store = shared_store()
    many = [asyncio.create_task(store.select("SELECT sleepEachRow(0.5) FROM numbers(2)")) for _ in range(READERS * 4)]
    await asyncio.sleep(0)
    begin = asyncio.get_running_loop().time()
    found = await read_state(store)
    assert found.engine is not None
    assert found.statements["read"] == len(many)
    assert asyncio.get_running_loop().time() - begin < 1.0, "the second round of readers has not begun"
    for one in many:
        one.cancel()
    await asyncio.gather(*many, return_exceptions=True)


async def test_statements_are_counted_while_they_run() -> None:
    store = shared_store()
    slow = asyncio.create_task(store.select("SELECT sleepEachRow(0.2) FROM numbers(2)"))
    await asyncio.sleep(0)
    assert store.statements["read"] == 1
    await slow
    assert set(store.statements.values()) == {0}
    with pytest.raises(StoreError):
        await store.write("SELECT nonsense(1)")
    assert set(store.statements) == {"read", "write", "append"}
    assert set(store.statements.values()) == {0}


class Silent:
    """A store whose engine says nothing, or no."""

    def __init__(self, select: Callable[[], Any]) -> None:
        self.statements = {"read": 7}
        self._select = select

    async def in_writer(self, work: Callable[[Connection], Any]) -> Any:
        return await self._select()


async def _refuse() -> None:
    raise StoreError("no memory", "MEMORY_LIMIT_EXCEEDED")


async def _never() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(("select", "told"), [(_refuse, "no memory"), (_never, "no answer within 0.01 s")])
async def test_an_engine_that_does_not_say_is_told(
    select: Callable[[], Any], told: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(state, "PATIENCE_S", 0.01)
    with caplog.at_level(logging.WARNING, "whodid.store"):
        found = await read_state(Silent(select))  # type: ignore[arg-type]
    assert (found.statements, found.engine) == ({"read": 7}, None)
    assert told in caplog.text
