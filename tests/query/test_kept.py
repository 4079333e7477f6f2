"""The lines that a range aggregation takes, and the errors that fail it."""

import pytest

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.model.clock import SECOND
from whodid.query.errors import PipelineError
from whodid.query.grid import Grid, Window
from whodid.query.kept import kept_lines
from whodid.query.line import Line
from whodid.query.planner import plan
from whodid.query.scan import Scan
from whodid.query.wanted import Wanted


async def kept(bench: QueryBench, width_s: int, wanted: Wanted) -> list[tuple[str, float]]:
    await bench.load({"job": "x"}, [(BASE_NS, "not json", {}), (BASE_NS + 10 * SECOND, '{"a": "b"}', {})])
    query = parse('{job="x"} | json')
    assert isinstance(query, LogQuery)
    planned = plan(query, bench.index.streams(bench.tenant))
    window = Window.of(Grid(BASE_NS + 10 * SECOND, SECOND, 1), width_s * SECOND, 0)
    scan = Scan(planned, BASE_NS, BASE_NS + 60 * SECOND, False, (100, 100))

    def size(line: Line) -> float | None:
        return len(line.text)

    out = []
    async for page in scan.pages(bench.engine.budget()):
        out += [(line.text, number) for line, number in kept_lines(page, planned, size, window, wanted)]
    return out


async def test_an_error_in_a_window_fails_the_query(bench: QueryBench) -> None:
    with pytest.raises(PipelineError, match=r"'JSONParserErr' for series: '\{__error__="):
        await kept(bench, 20, Wanted(None))


async def test_an_error_that_no_window_sees_does_not(bench: QueryBench) -> None:
    assert await kept(bench, 5, Wanted(None)) == [("not json", 8), ('{"a": "b"}', 10)]


async def test_a_query_about_errors_gets_them(bench: QueryBench) -> None:
    asked = Wanted(frozenset({"__error__"}), keeps_parse_errors=True)
    assert [text for text, _ in await kept(bench, 20, asked)] == ["not json", '{"a": "b"}']
