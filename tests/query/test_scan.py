"""Reading in order of time, page by page."""

import random

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.model.clock import SECOND
from whodid.query.planner import plan
from whodid.query.scan import Scan, lines


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("page_rows", [1, 7, 1000])
async def test_every_row_comes_once_and_in_order(bench: QueryBench, newest_first: bool, page_rows: int) -> None:
    dice = random.Random(page_rows)
    # Bursts at one instant, a quiet day between, and streams mixed.
    instants = [BASE_NS + dice.choice([0, 0, 5, 86_400 * SECOND, dice.randint(0, 10_000) * SECOND]) for _ in range(25)]
    for job in ("a", "b"):
        await bench.load({"job": job}, [(ns, job, {"n": str(i)}) for i, ns in enumerate(instants)])
    query = parse('{job=~"a|b"}')
    assert isinstance(query, LogQuery)
    planned = plan(query, bench.index.streams(bench.tenant))
    scan = Scan(planned, BASE_NS, BASE_NS + 86_400 * SECOND + 1, newest_first, (page_rows, page_rows))
    statements = 0

    async def select(sql: str, *, eager: bool = False) -> object:
        nonlocal statements
        statements += 1
        return await bench.store.select(sql)

    seen = [(line.ns, line.seq) async for page in scan.pages(select) for _, line in lines(page, planned)]
    assert len(seen) == len(set(seen)) == 2 * len(instants)
    assert seen == sorted(seen, reverse=newest_first)
    assert scan.cost.lines == len(seen)
    assert statements <= 2 * len(seen) / page_rows + 12


async def test_metadata_and_level_come_as_labels(bench: QueryBench) -> None:
    await bench.load({"job": "a"}, [(BASE_NS, "x", {"user": "ana", "detected_level": "info"}), (BASE_NS + 1, "y", {})])
    rows = await bench.rows('{job="a"}')
    assert [row.metadata for row in rows] == [{"user": "ana", "detected_level": "info"}, {}]
