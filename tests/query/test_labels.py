"""Names, values and series of the streams that were alive."""

from itertools import pairwise

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.parser import parse_selector
from whodid.query.labels import LabelReader, _spans


async def test_only_streams_with_lines_in_the_span_count(bench: QueryBench) -> None:
    await bench.load({"job": "a", "old": "x"}, [(BASE_NS, "x", {"meta": "no label"})])
    await bench.load({"job": "b", "host": "h"}, [(BASE_NS + 100, "x", {})])
    labels, where = LabelReader(bench.index), (bench.engine.budget(), bench.tenant)
    both = (BASE_NS, BASE_NS + 100)
    assert await labels.names(*where, *both) == ["host", "job", "old"]
    assert await labels.names(*where, BASE_NS + 1, BASE_NS + 100) == ["host", "job"]
    assert await labels.names(*where, *both, parse_selector('{job="a"}')) == ["job", "old"]
    assert await labels.values("job", *where, *both) == ["a", "b"]
    assert await labels.values("job", *where, BASE_NS, BASE_NS + 99) == ["a"]
    assert await labels.values("nope", *where, *both) == []
    assert await labels.values("job", *where, *both, parse_selector('{host!=""}')) == ["b"]
    assert await labels.series([parse_selector('{job="a"}'), parse_selector('{host="h"}')], *where, *both) == [
        {"host": "h", "job": "b"},
        {"job": "a", "old": "x"},
    ]
    assert len(await labels.series([], *where, *both)) == 2
    assert await labels.series([parse_selector('{job="z"}')], *where, *both) == []


async def test_streams_are_found_wherever_in_the_span_their_lines_are(bench: QueryBench) -> None:
    span_ns = 6_400
    places = [0, 1, 3_000, 5_250, 6_290, 6_299, 6_300, 6_301, 6_399, 6_400]
    for place in places:
        await bench.load({"at": str(place)}, [(BASE_NS + place, "x", {})])
    labels, where = LabelReader(bench.index), (bench.engine.budget(), bench.tenant)
    for first, last in [(0, span_ns), (1, span_ns), (0, span_ns - 1), (5_250, 6_300), (6_400, 6_400), (0, 0), (1, 2)]:
        found = await labels.values("at", *where, BASE_NS + first, BASE_NS + last)
        assert sorted(map(int, found)) == [place for place in places if first <= place <= last]


async def test_a_stream_that_was_seen_is_not_looked_for_again(bench: QueryBench) -> None:
    await bench.load({"job": "a"}, [(BASE_NS + 50, "x", {})])
    await bench.load({"job": "b"}, [(BASE_NS, "x", {})])
    labels, asked = LabelReader(bench.index), list[str]()

    async def budget(sql: str) -> pa.Table:
        asked.append(sql)
        return await bench.store.select(sql)

    async def jobs(first: int, last: int) -> list[str]:
        return await labels.values("job", budget, bench.tenant, BASE_NS + first, BASE_NS + last)  # type: ignore[arg-type]

    assert (await jobs(0, 100), len(asked)) == (["a", "b"], 2)
    assert (await jobs(0, 50), len(asked)) == (["a", "b"], 2)
    assert (await jobs(1, 50), len(asked)) == (["a"], 4)
    assert (await jobs(0, 49), len(asked)) == (["b"], 6)
    labels.forget()
    assert (await jobs(0, 100), len(asked)) == (["a", "b"], 8)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_pieces_are_the_span_newest_first_and_nothing_twice(start_ns: int, length_ns: int) -> None:
    pieces = list(_spans(start_ns, start_ns + length_ns))
    assert pieces[0][1] == start_ns + length_ns
    assert pieces[-1][0] == start_ns
    assert all(begin <= end for begin, end in pieces)
    assert all(later[0] - 1 == earlier[1] for later, earlier in pairwise(pieces))
