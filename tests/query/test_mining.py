"""Patterns from the store: exact for few lines, good estimates for many, however they are spread."""

import itertools

import pytest

from kit.query_bench import BASE_NS, Line, QueryBench
from whodid.logql.parser import parse_selector
from whodid.model.clock import SECOND
from whodid.query import mining
from whodid.query.mining import Pattern, patterns

STEP_S = 60


async def ask(bench: QueryBench, selector: str = '{job="a"}', minutes: int = 60) -> list[Pattern]:
    streams, select = bench.index.streams(bench.tenant), bench.engine.budget()
    end_ns = BASE_NS + minutes * 60 * SECOND - 1
    return await patterns(streams, parse_selector(selector), BASE_NS, end_ns, STEP_S * SECOND, select)


def total(pattern: Pattern) -> int:
    return sum(lines for _, lines in pattern.samples)


async def test_few_lines_are_counted_exactly_by_level_and_step(bench: QueryBench) -> None:
    lines: list[Line] = [
        (BASE_NS + n * 10 * SECOND, f"request {n} done in {n}ms", {"detected_level": "info"}) for n in range(12)
    ]
    lines.append((BASE_NS, "request 5 done in 6ms", {"detected_level": "error"}))
    await bench.load({"job": "a"}, lines)
    base_s = BASE_NS // SECOND
    assert await ask(bench) == [
        Pattern("request <_> done in <_>", "info", [(base_s, 6), (base_s + 60, 6)]),
        Pattern("request <_> done in <_>", "error", [(base_s, 1)]),
    ]
    assert await ask(bench, '{job="b"}') == []
    assert await ask(bench, '{job=~".+"}', minutes=0) == []


async def test_many_lines_are_estimated(bench: QueryBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mining, "SAMPLE_LINES", 400)
    seen: list[int] = []
    streams = 2
    for stream in range(streams):
        # Nine of ten lines a second apart are of one kind; a rare one comes at each full minute.
        lines: list[Line] = []
        for second in range(1800):
            text = f"poll number {second} was fine" if second % 10 else f"cleanup of table {second} began"
            lines.append((BASE_NS + second * SECOND + stream, text, {}))
        await bench.load({"job": "a", "n": str(stream)}, lines)
    select = bench.engine.budget()

    async def counted(sql: str) -> object:
        table = await select(sql)
        seen.append(table.num_rows)
        return table

    index = bench.index.streams(bench.tenant)
    end_ns = BASE_NS + 1800 * SECOND - 1
    found = await patterns(index, parse_selector('{job="a"}'), BASE_NS, end_ns, STEP_S * SECOND, counted)  # type: ignore[arg-type]
    assert seen[1] < 900, "a sample, not everything"
    by_pattern = {item.pattern: item for item in found}
    fine, cleanup = by_pattern["poll number <_> was fine"], by_pattern["cleanup of table <_> began"]
    assert abs(total(fine) - 0.9 * 3600) < 0.1 * 3600
    assert abs(total(cleanup) - 0.1 * 3600) < 0.08 * 3600
    assert len(fine.samples) == 30
    assert abs(total(fine) + total(cleanup) - 3600) < 100


def test_slices_cover_the_share_that_is_asked_for() -> None:
    text = mining._slices(BASE_NS, BASE_NS + 3600 * SECOND - 1, 10 * SECOND, 0.1)
    bounds = [(int(part.split()[2]), int(part.split()[6].rstrip(")"))) for part in text.split(" OR ")]
    assert len(bounds) <= mining.MAX_SLICES
    assert abs(sum(end - begin for begin, end in bounds) - 360 * SECOND) < 5 * SECOND
    assert all(BASE_NS <= begin < end <= BASE_NS + 3600 * SECOND for begin, end in bounds)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(bounds))
