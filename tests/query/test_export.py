"""Exports on the real engine: all lines once, in order, whatever the pages are."""

from typing import Any

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.model.clock import SECOND
from whodid.model.result import Row
from whodid.query import export
from whodid.query.errors import QueryError
from whodid.query.export import Exporter, Wanted
from whodid.query.limits import Limits
from whodid.store.store import StoreError

MOST = 1 << 62


async def exported(
    bench: QueryBench, query: str, *, last_seq: int = MOST, begin_s: float = 0, end_s: float = 86_400
) -> list[list[Row]]:
    wanted = Wanted(query, BASE_NS + int(begin_s * SECOND), BASE_NS + int(end_s * SECOND), last_seq, bench.tenant)
    exporter = Exporter(bench.store, bench.index, Limits())
    pages = []
    async for count, rows in exporter.pages(wanted, list):
        assert count == len(rows) > 0
        pages.append(rows)
    return pages


def flat(pages: list[list[Row]]) -> list[str]:
    return [row.line for page in pages for row in page]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", (7, 50))


@pytest.mark.usefixtures("small_pages")
async def test_everything_once_in_order_over_many_pages(bench: QueryBench) -> None:
    """Dense and sparse times, many lines of one instant, two streams."""
    instants = [0.0] * 60 + [0.001 * n for n in range(100)] + [3600.0 + 700 * n for n in range(30)]
    await bench.load({"job": "a"}, [(BASE_NS + int(s * SECOND), f"a {n}", {}) for n, s in enumerate(instants)])
    await bench.load({"job": "b"}, [(BASE_NS + int(s * SECOND), f"b {n}", {}) for n, s in enumerate(instants)])
    await bench.load({"job": "other"}, [(BASE_NS, "not asked for", {})])
    pages = await exported(bench, '{job=~"a|b"}')
    rows = [row for page in pages for row in page]
    assert len(pages) > 5
    assert max(map(len, pages)) <= 50
    keys = [(row.ns, row.seq) for row in rows]
    assert keys == sorted(set(keys))
    assert sorted(row.line for row in rows) == sorted(f"{job} {n}" for job in "ab" for n in range(len(instants)))


@pytest.mark.usefixtures("small_pages")
async def test_stages_that_run_in_python_hold(bench: QueryBench) -> None:
    lines = [(BASE_NS + n * SECOND, f"n={n % 10} x", {"user": "noa"}) for n in range(300)]
    await bench.load({"job": "a"}, lines)
    pages = await exported(bench, '{job="a"} |= "x" | logfmt | n="3" | line_format "{{.user}} {{.n}}"')
    assert flat(pages) == ["noa 3"] * 30
    assert pages[0][0].parsed["n"] == "3"


async def test_a_line_that_stands_twice_comes_once_as_in_a_query(bench: QueryBench) -> None:
    await bench.load({"job": "a"}, [(BASE_NS, "twice", {}), (BASE_NS, "twice", {}), (BASE_NS + 1, "twice", {})])
    assert flat(await exported(bench, '{job="a"}')) == ["twice", "twice"] == await bench.texts('{job="a"}')


async def test_bounds_are_half_open_and_later_commits_stay_out(bench: QueryBench) -> None:
    _, last = await bench.load({"job": "a"}, [(BASE_NS + n * SECOND, f"{n}", {}) for n in range(5)])
    assert flat(await exported(bench, '{job="a"}', begin_s=1, end_s=3)) == ["1", "2"]
    assert flat(await exported(bench, '{job="a"}', last_seq=last - 2)) == ["0", "1", "2"]
    assert await exported(bench, '{job="a"}', begin_s=100) == []
    assert await exported(bench, '{job="nobody"}') == []
    assert await exported(bench, '{job="a"} |= "absent"') == []


async def test_pages_are_smaller_where_lines_are_long(bench: QueryBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE_BYTES", 100_000)
    monkeypatch.setattr(export, "PAGE_ROWS", (10, 1000))
    await bench.load({"job": "a"}, [(BASE_NS + n, "y" * 10_000, {}) for n in range(100)])
    pages = await exported(bench, '{job="a"}')
    assert sum(map(len, pages)) == 100
    assert max(map(len, pages)) <= 10


async def test_a_page_that_does_not_fit_into_memory_is_asked_for_in_parts(bench: QueryBench) -> None:
    """Each line may have megabytes: the first guess of a page's size can be wrong."""
    await bench.load({"job": "a"}, [(BASE_NS + n, f"{n}", {}) for n in range(20)])

    asked: list[str] = []

    class Small:
        async def select(self, sql: str, **more: Any) -> Any:
            asked.append(sql)
            if "LIMIT 1000" in sql or "LIMIT 125" in sql:
                raise StoreError("too much", "MEMORY_LIMIT_EXCEEDED")
            return await bench.store.select(sql, **more)

    exporter = Exporter(Small(), bench.index, Limits())  # type: ignore[arg-type]
    wanted = Wanted('{job="a"}', BASE_NS, BASE_NS + SECOND, MOST, bench.tenant)
    pages = [rows async for _, rows in exporter.pages(wanted, list)]
    assert flat(pages) == [f"{n}" for n in range(20)]
    assert "LIMIT 15" in asked[3]


async def test_a_metric_query_is_refused(bench: QueryBench) -> None:
    with pytest.raises(QueryError, match="an export takes a log query"):
        await exported(bench, 'rate({job="a"}[1m])')


async def test_the_engine_s_failure_is_the_export_s(bench: QueryBench) -> None:
    await bench.load({"job": "a"}, [(BASE_NS + n, f"{n}", {}) for n in range(3)])

    class Broken:
        async def select(self, sql: str, **more: Any) -> Any:
            if "ORDER BY" in sql:
                raise StoreError("the disk burns")
            return await bench.store.select(sql, **more)

    exporter = Exporter(Broken(), bench.index, Limits())  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="the disk burns"):
        async for _ in exporter.pages(Wanted('{job="a"}', BASE_NS, BASE_NS + SECOND, MOST, bench.tenant), list):
            raise AssertionError("there is nothing")
