"""Metric expressions above their leaves; most are in cases/metrics.case."""

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.model.clock import SECOND
from whodid.model.result import Vector
from whodid.query.errors import QueryError
from whodid.query.limits import Limits


async def test_label_replace_expands_groups(bench: QueryBench) -> None:
    await bench.load({"job": "db"}, [(BASE_NS, "x", {})])
    for replacement, expected in [("$1-${2}", "d-b"), ("$first", "d"), ("$$1$9", "$1"), ("", None)]:
        counted = 'sum by (job) (count_over_time({job="db"}[1m]))'
        query = f'label_replace({counted}, "out", "{replacement}", "job", "(?P<first>d)(b)")'
        result = await bench.engine.instant(query, BASE_NS, bench.tenant)
        assert isinstance(result, Vector)
        assert result.samples[0][0].get("out") == expected


async def test_too_many_series_are_refused() -> None:
    bench = QueryBench(Limits(max_series=3))
    await bench.load({"job": "db"}, [(BASE_NS, "x", {"id": str(i)}) for i in range(4)])
    with pytest.raises(QueryError, match=r"maximum number of series \(3\)"):
        await bench.engine.instant('count_over_time({job="db"}[1m])', BASE_NS + SECOND, bench.tenant)
    result = await bench.engine.instant('sum(count_over_time({job="db"}[1m]))', BASE_NS + SECOND, bench.tenant)
    assert isinstance(result, Vector) and result.samples == [({}, 4.0)]


async def test_too_many_cells_are_refused() -> None:
    bench = QueryBench(Limits(max_cells=20))
    await bench.load({"job": "db"}, [(BASE_NS, "x", {"id": str(i)}) for i in range(40)])
    with pytest.raises(QueryError, match="aggregate with sum by"):
        await bench.engine.instant('max(count_over_time({job="db"}[1m]))', BASE_NS + SECOND, bench.tenant)
