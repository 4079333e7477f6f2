"""Rows of newly committed numbers: one scan for all, shared, in order."""

import asyncio

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.store.store import StoreError


def queries(*texts: str) -> list[LogQuery]:
    parsed = [parse(text) for text in texts]
    assert all(isinstance(query, LogQuery) for query in parsed)
    return parsed  # type: ignore[return-value]


class Counting:
    """Counts statements; breaks while told to."""

    def __init__(self, bench: QueryBench) -> None:
        self._inner = bench.store.select
        self.statements, self.broken = 0, False
        bench.engine._reader = self  # type: ignore[assignment]

    async def select(self, sql: str, **options: float) -> object:
        self.statements += 1
        if self.broken:
            raise StoreError("broken")
        return await self._inner(sql, **options)  # type: ignore[arg-type]


async def test_one_statement_serves_all_who_ask(bench: QueryBench) -> None:
    first, middle = await bench.load({"job": "a"}, [(BASE_NS + 9, "one x", {}), (BASE_NS + 8, "two", {"user": "ana"})])
    _, last = await bench.load({"job": "b"}, [(BASE_NS, "three x", {})])
    counting = Counting(bench)
    asked = queries(
        '{job=~".+"}', '{job=~".+"} |= "x"', '{job="a"} | user="ana"', '{job="none"}', '{job="b"} | label_format z=job'
    )
    found = await bench.engine.committed(asked, first, last, bench.tenant)
    assert [[row.line for row in rows] for rows in found] == [
        ["one x", "two", "three x"],
        ["one x", "three x"],
        ["two"],
        [],
        ["three x"],
    ]
    assert [row.seq for row in found[0]] == [first, middle, last]
    again = await asyncio.gather(*(bench.engine.committed(asked, first, last, bench.tenant) for _ in range(3)))
    assert all(answer == found for answer in again)
    assert counting.statements == 1


async def test_the_range_has_its_bounds_included_and_the_tenant_its_walls(bench: QueryBench) -> None:
    first, last = await bench.load({"job": "a"}, [(BASE_NS, str(i), {}) for i in range(5)])
    other = QueryBench()
    await other.load({"job": "a"}, [(BASE_NS, "theirs", {})])
    rows = (await bench.engine.committed(queries('{job="a"}'), first + 1, last - 1, bench.tenant))[0]
    assert [row.line for row in rows] == ["1", "2", "3"]
    assert (await other.engine.committed(queries('{job="a"}'), first, last + 100, other.tenant))[0][0].line == "theirs"


async def test_a_wide_range_is_filtered_by_the_engine(bench: QueryBench) -> None:
    await bench.load({"job": "a"}, [(BASE_NS, "x", {}), (BASE_NS + 1, "y", {}), (BASE_NS + 2, "z x", {})])
    counting = Counting(bench)
    found = await bench.engine.committed(queries('{job="a"} |= "x" | logfmt', '{job="b"}'), 0, 1 << 40, bench.tenant)
    assert [[row.line for row in rows] for rows in found] == [["x", "z x"], []]
    assert counting.statements == 1


async def test_after_a_failure_the_next_asker_tries_again(bench: QueryBench) -> None:
    first, last = await bench.load({"job": "a"}, [(BASE_NS, "x", {})])
    counting = Counting(bench)
    counting.broken = True
    with pytest.raises(StoreError):
        await bench.engine.committed(queries('{job="a"}'), first, last, bench.tenant)
    counting.broken = False
    assert (await bench.engine.committed(queries('{job="a"}'), first, last, bench.tenant))[0][0].line == "x"
