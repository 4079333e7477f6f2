"""Names, values and series of the streams that were alive."""

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.parser import parse_selector
from whodid.query.labels import label_names, label_values, series


async def test_only_streams_with_lines_in_the_span_count(bench: QueryBench) -> None:
    await bench.load({"job": "a", "old": "x"}, [(BASE_NS, "x", {"meta": "no label"})])
    await bench.load({"job": "b", "host": "h"}, [(BASE_NS + 100, "x", {})])
    where = (bench.index, bench.store, bench.tenant)
    both = (BASE_NS, BASE_NS + 100)
    assert await label_names(*where, *both) == ["host", "job", "old"]
    assert await label_names(*where, BASE_NS + 1, BASE_NS + 100) == ["host", "job"]
    assert await label_names(*where, *both, parse_selector('{job="a"}')) == ["job", "old"]
    assert await label_values("job", *where, *both) == ["a", "b"]
    assert await label_values("job", *where, BASE_NS, BASE_NS + 99) == ["a"]
    assert await label_values("nope", *where, *both) == []
    assert await label_values("job", *where, *both, parse_selector('{host!=""}')) == ["b"]
    assert await series([parse_selector('{job="a"}'), parse_selector('{host="h"}')], *where, *both) == [
        {"host": "h", "job": "b"},
        {"job": "a", "old": "x"},
    ]
    assert len(await series([], *where, *both)) == 2
    assert await series([parse_selector('{job="z"}')], *where, *both) == []
