"""Log queries: stopping early, spare pages, spacing. Order and duplicates are in cases/order.case."""

from kit.query_bench import BASE_NS, QueryBench
from whodid.model.clock import SECOND


async def test_a_needle_is_found_behind_many_pages_of_hay(bench: QueryBench) -> None:
    hay = [(BASE_NS + i, f"n={i}", {}) for i in range(5_000)]
    await bench.load({"job": "a"}, hay)
    assert await bench.texts('{job="a"} | logfmt | n < 2', limit=5) == ["n=0", "n=1"]
    assert await bench.texts('{job="a"} | logfmt | n < 2', limit=1, forward=False) == ["n=1"]


async def test_more_duplicates_than_spare_rows_do_not_shorten_the_answer(bench: QueryBench) -> None:
    await bench.load({"job": "a"}, [(BASE_NS, "old", {}), *((BASE_NS + 5, "same", {}) for _ in range(200))])
    assert await bench.texts('{job="a"}', limit=2, forward=False) == ["same", "old"]


async def test_the_statistics_count_what_was_read(bench: QueryBench) -> None:
    await bench.load({"job": "a"}, [(BASE_NS + i * SECOND, "x", {}) for i in range(50)])
    assert len(await bench.rows('{job="a"}', limit=10, forward=False)) == 10
