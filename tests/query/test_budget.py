"""The time of a query, the lines it must see, and the engine's refusals in the asker's words."""

import asyncio
from typing import Any

import pyarrow as pa
import pytest

from kit.stepped_clock import SteppedClock
from whodid.model.clock import SECOND
from whodid.query.budget import Budget
from whodid.query.errors import QueryError, QueryTimeout
from whodid.query.limits import Limits
from whodid.store.store import StoreError


class Told:
    """A store and a backlog that write down what they are asked."""

    def __init__(self, error: StoreError | None = None) -> None:
        self.asked: list[Any] = []
        self.clock = SteppedClock()
        self.budget = Budget(self, self.settled, Limits(timeout_s=10, memory_bytes=64 << 20), self.clock)  # type: ignore[arg-type]
        self._error = error

    async def settled(self) -> int:
        self.asked.append("settled")
        return 77

    async def select(self, sql: str, *, timeout_s: float, memory_bytes: int, eager: bool) -> pa.Table:
        self.asked.append((sql, timeout_s, memory_bytes >> 20))
        if self._error:
            raise self._error
        return pa.table({"n": [1]})


async def test_a_query_waits_once_for_what_was_acknowledged() -> None:
    told = Told()
    assert await told.budget.last_seq() == 77
    assert (await told.budget("SELECT 1")).num_rows == 1
    told.clock.advance(4)
    await told.budget("SELECT 2")
    assert told.asked == ["settled", ("SELECT 1", 10.0, 64), ("SELECT 2", 6.0, 64)]
    assert told.budget.spent_s == 4.0


async def test_a_spent_budget_asks_nothing() -> None:
    told = Told()
    told.clock.advance(10)
    with pytest.raises(QueryTimeout):
        await told.budget("SELECT 1")
    assert told.asked == []


async def test_lines_that_never_settle_end_with_the_budget() -> None:
    async def never() -> int:
        await asyncio.Event().wait()
        return 0

    budget = Budget(None, never, Limits(timeout_s=0.01), SteppedClock(SECOND))  # type: ignore[arg-type]
    with pytest.raises(QueryTimeout):
        await budget("SELECT 1")


async def test_refusals_in_the_askers_words() -> None:
    with pytest.raises(QueryTimeout):
        await Told(StoreError("Timeout exceeded", "TIMEOUT_EXCEEDED")).budget("SELECT 1")
    with pytest.raises(QueryError, match=r"^the query needs more than 64 MiB of memory; ask for a shorter range"):
        await Told(StoreError("(total) memory", "MEMORY_LIMIT_EXCEEDED")).budget("SELECT 1")
    with pytest.raises(StoreError, match="disk on fire"):
        await Told(StoreError("disk on fire", "CANNOT_READ")).budget("SELECT 1")
