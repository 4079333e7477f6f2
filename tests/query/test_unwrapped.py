"""Memory of unwrapped numbers is bounded; whole queries are in cases/unwrap.case."""

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.model.clock import SECOND
from whodid.model.result import Vector
from whodid.query.errors import QueryError
from whodid.query.limits import Limits


async def load(bench: QueryBench, lines: int) -> None:
    await bench.load({"job": "x"}, [(BASE_NS + i, "x", {"v": str(i)}) for i in range(lines)])


async def test_too_many_numbers_are_refused() -> None:
    bench = QueryBench(Limits(max_cells=20))
    await load(bench, 21)
    with pytest.raises(QueryError, match="unwraps more than 20 numbers"):
        await bench.engine.instant('sum(sum_over_time({job="x"} | unwrap v [1m]))', BASE_NS + SECOND, bench.tenant)


async def test_the_engine_keeps_too_many_numbers_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def add(*arguments: object) -> None:
        raise AssertionError("they came over")

    monkeypatch.setattr("whodid.query.unwrapped._Samples.add", add)
    bench = QueryBench(Limits(max_cells=20))
    await load(bench, 21)
    with pytest.raises(QueryError, match="unwraps more than 20 numbers"):
        await bench.engine.instant('max_over_time({job="x"} | unwrap v [1m]) by (job)', BASE_NS + SECOND, bench.tenant)


async def test_too_many_series_are_refused_before_they_are_computed() -> None:
    bench = QueryBench(Limits(max_series=3))
    await bench.load({"job": "x"}, [(BASE_NS + i, "x", {"v": "1", "id": str(i)}) for i in range(4)])
    with pytest.raises(QueryError, match=r"maximum number of series \(3\)"):
        await bench.engine.instant('sum_over_time({job="x"} | unwrap v [1m])', BASE_NS + SECOND, bench.tenant)


async def test_pages_are_joined(monkeypatch: pytest.MonkeyPatch, bench: QueryBench) -> None:
    monkeypatch.setattr("whodid.query.unwrapped.PAGE_ROWS", 3)
    await load(bench, 10)
    for function, expected in [("sum", 45.0), ("last", 9.0), ("first", 0.0)]:
        query = f'{function}_over_time({{job="x"}} | unwrap v [1m])'
        result = await bench.engine.instant(query, BASE_NS + SECOND, bench.tenant)
        assert isinstance(result, Vector)
        assert result.samples == [({"job": "x"}, expected)]
