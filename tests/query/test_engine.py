"""The door: what is refused, budgets, tenants."""

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.errors import LogQLError
from whodid.model.clock import SECOND
from whodid.model.result import Matrix, Scalar, Streams
from whodid.query.engine import RangeRequest
from whodid.query.errors import QueryError, QueryTimeout


def request(query: str, tenant: str, **changes: object) -> RangeRequest:
    values = {
        "start_ns": BASE_NS,
        "end_ns": BASE_NS + 60 * SECOND,
        "step_ns": SECOND,
        "limit": 10,
        "direction": "forward",
    }
    return RangeRequest(query=query, tenant=tenant, **{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "changes", "error", "words"),
    [
        ("{", {}, LogQLError, "parse error"),
        ('{a="b"}', {"limit": 0}, QueryError, "limit must be a positive value"),
        ('{a="b"}', {"limit": 6000}, QueryError, "max entries limit per query exceeded"),
        ('{a="b"}', {"interval_ns": -1}, QueryError, "interval must be >= 0"),
        ('rate({a="b"}[1m])', {"step_ns": 0}, QueryError, "zero or negative query resolution"),
        ('rate({a="b"}[1m])', {"step_ns": 1}, QueryError, "11,000 points"),
    ],
)
async def test_refusals(bench: QueryBench, query: str, changes: dict[str, object], error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        await bench.engine.range(request(query, bench.tenant, **changes))


async def test_a_log_query_is_no_instant_query(bench: QueryBench) -> None:
    with pytest.raises(QueryError, match="log queries are not supported as an instant query type"):
        await bench.engine.instant('{a="b"}', BASE_NS)


async def test_numbers(bench: QueryBench) -> None:
    scalar = await bench.engine.instant("1 + 1", 5)
    assert isinstance(scalar, Scalar) and (scalar.ns, scalar.value) == (5, 2.0)
    matrix = await bench.engine.range(request("1 + 1", bench.tenant, end_ns=BASE_NS + SECOND))
    assert isinstance(matrix, Matrix)
    assert matrix.series[0].points == [(BASE_NS, 2.0), (BASE_NS + SECOND, 2.0)]


async def test_tenants_are_apart(bench: QueryBench) -> None:
    await bench.load({"a": "b"}, [(BASE_NS, "mine", {})])
    other = await bench.engine.range(request('{a="b"}', "somebody"))
    mine = await bench.engine.range(request('{a="b"}', bench.tenant))
    assert isinstance(other, Streams) and isinstance(mine, Streams)
    assert (other.rows, [row.line for row in mine.rows]) == ([], ["mine"])
    assert mine.statistics.lines == 1 and mine.statistics.bytes > 0


async def test_a_query_has_one_budget_of_time_for_all_its_statements(bench: QueryBench) -> None:
    await bench.load({"a": "b"}, [(BASE_NS, "x", {})])
    store, clock = bench.store, bench.clock
    left: list[float] = []

    class Slow:
        async def select(self, sql: str, *, timeout_s: float, memory_bytes: int, eager: bool) -> object:
            left.append(timeout_s)
            clock.advance(25)
            return await store.select(sql)

    bench.engine._reader = Slow()  # type: ignore[assignment]
    with pytest.raises(QueryTimeout):
        await bench.engine.range(request('{a="b"}', bench.tenant, start_ns=BASE_NS - 10**16))
    assert left == [60.0, 35.0, 10.0]
