"""What a delete request names: the same lines that the query returns, stored now, and no others."""

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.model.clock import SECOND
from whodid.query import deletion
from whodid.query.deletion import Chooser, Doomed
from whodid.query.errors import QueryError
from whodid.query.limits import Limits

QUERIES = [
    ('{job="a"}', "one condition"),
    ('{job=~"a|b"} |= "x"', "one condition"),
    ('{job="a"} |~ "n=[12] " != "y"', "one condition"),
    ('{job="a"} | user="noa"', "one condition"),
    ('{job="a"} | logfmt | n="3"', "numbers"),
    ('{job="a"} |> "n=<_> x <_>"', "numbers"),
    ('{job="a"} | line_format "{{.user}}" |= "noa"', "numbers"),
]


async def choose(
    bench: QueryBench, query: str, last_seq: int = 1 << 60, end_s: float = 100, after_seq: int = 0
) -> Doomed:
    chooser = Chooser(bench.store, bench.index, Limits())
    return await chooser.choose(query, BASE_NS, BASE_NS + int(end_s * SECOND), (after_seq, last_seq), bench.tenant)


async def named(bench: QueryBench, doomed: Doomed) -> list[str]:
    """The lines for which a condition holds."""
    if not doomed.conditions:
        return []
    any_of = " OR ".join(f"({condition})" for condition in doomed.conditions)
    table = await bench.store.select(f"SELECT line FROM lines WHERE {any_of} ORDER BY line")
    return list(table["line"].to_pylist())


@pytest.fixture
async def loaded(bench: QueryBench) -> QueryBench:
    for job in ("a", "b"):
        lines = [
            (BASE_NS + n * SECOND, f"n={n} {'xy'[n % 2]} {job}", {"user": "noa" if n < 4 else "raz"}) for n in range(9)
        ]
        await bench.load({"job": job}, lines)
    return bench


@pytest.mark.parametrize(("query", "how"), QUERIES)
async def test_the_lines_of_the_query(loaded: QueryBench, query: str, how: str) -> None:
    doomed = await choose(loaded, query)
    found = await loaded.rows(query.partition(" | line_format")[0])
    texts = sorted(row.line for row in found)
    if "line_format" in query:
        texts = [text for text in texts if int(text[2]) < 4]
    assert await named(loaded, doomed) == texts != []
    assert doomed.lines == len(texts)
    assert ("seq IN (" in doomed.conditions[0]) == (how == "numbers")


async def test_both_ends_are_included_and_later_lines_are_not(loaded: QueryBench) -> None:
    assert len(await named(loaded, await choose(loaded, '{job="a"}', end_s=3))) == 4
    first, _ = await loaded.load({"job": "a"}, [(BASE_NS, "n=1 later", {})])
    for query in ('{job="a"}', '{job="a"} | logfmt | n="1"'):
        assert "n=1 later" in await named(loaded, await choose(loaded, query))
        assert "n=1 later" not in await named(loaded, await choose(loaded, query, last_seq=first - 1))
        assert await named(loaded, await choose(loaded, query, after_seq=first - 1)) == ["n=1 later"]


@pytest.mark.parametrize("query", ['{job="nobody"}', '{job="a"} |= "absent"', '{job="a"} | logfmt | n="absent"'])
async def test_nothing(loaded: QueryBench, query: str) -> None:
    assert await choose(loaded, query) == Doomed((), 0)


async def test_a_line_that_stands_twice_goes_twice(bench: QueryBench) -> None:
    """A query shows it once; if only that one went, the other would appear."""
    await bench.load({"job": "a"}, [(BASE_NS, "n=1", {}), (BASE_NS, "n=1", {})])
    assert (await choose(bench, '{job="a"} | logfmt | n="1"')).lines == 2


async def test_numbers_come_in_several_conditions(loaded: QueryBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "_NUMBERS_IN_ONE", 2)
    doomed = await choose(loaded, '{job="a"} | logfmt | n=~"[0-4]"')
    assert (doomed.lines, len(doomed.conditions), len(await named(loaded, doomed))) == (5, 3, 5)


async def test_too_many_by_number(loaded: QueryBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "MAX_PICKED", 4)
    with pytest.raises(QueryError, match="names more than 4 lines"):
        await choose(loaded, '{job="a"} | logfmt | n=~"[0-4]"')


async def test_a_metric_query_is_none(bench: QueryBench) -> None:
    with pytest.raises(QueryError, match="a delete request takes a log query"):
        await choose(bench, 'rate({job="a"}[1m])')
