"""What is computed once is not computed again while it holds; an answer never depends on it."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from kit.query_bench import BASE_NS, Line, QueryBench
from kit.stepped_clock import SteppedClock
from whodid.logql.ast import Selector
from whodid.model.clock import SECOND
from whodid.model.matcher import Matcher
from whodid.model.result import Matrix
from whodid.query.engine import Engine, RangeRequest
from whodid.query.frame import Frame
from whodid.query.grid import Grid
from whodid.query.limits import Limits
from whodid.query.results_cache import KEY_FACTOR, MOST_SHARE, Question, ResultsCache
from whodid.query.volume import VolumeRequest
from whodid.templates import dates

QUERIES = (
    'sum by (job) (count_over_time({job=~"web|db"}[20s]))',
    'bytes_rate({job=~"web|db"}[35s])',
    'sum by (s) (rate({job="web"} | regexp `s=(?P<s>.)` [10s] offset 15s))',
    'quantile_over_time(0.9, {job="web"} | logfmt | unwrap ms [20s]) by (s)',
    'sum by (s) (avg_over_time({job=~"web|db"} | logfmt | unwrap ms [45s]))',
    'stddev_over_time({job=~"web|db"} | logfmt | unwrap ms [4s]) + rate({job="web"} | logfmt | unwrap ms [35s])',
    'absent_over_time({job="db"} |= "s=1" [10s])',
    'count_over_time({job="web"} | line_format "{{.job}}" |= "web" [4s])',
    'sum(rate({job="web"}[20s])) / sum(rate({job="db"}[20s]))',
)
STEP_NS = 10 * SECOND


class Counted:
    """Stands for a query: counts what is computed, and knows of new lines what a test says."""

    def __init__(self) -> None:
        self.seq, self.new, self.statements = 10, list[tuple[int, int]](), 0
        self.computed: list[tuple[int, int]] = []
        self.during: Callable[[], Awaitable[None]] | None = None

    async def last_seq(self) -> int:
        return self.seq

    async def __call__(self, sql: str) -> pa.Table:
        self.statements += 1
        after = int(sql.rpartition("seq > ")[2])
        found = [ns for ns, seq in self.new if seq > after]
        return pa.table({"first": [min(found, default=0)], "last": [0], "lines": [len(found)]})

    async def compute(self, grid: Grid) -> Frame:
        self.computed.append((grid.start_ns // STEP_NS, grid.points))
        if self.during is not None:
            await self.during()
        values = np.array([[grid.at(i) / STEP_NS for i in range(grid.points)]])
        return Frame([{"a": "b"}], values, np.ones_like(values, dtype=bool))

    async def ask(self, cache: ResultsCache, start: int, points: int, key: str = "k") -> list[float]:
        question = Question(key, [1], Grid(start * STEP_NS, STEP_NS, points), STEP_NS)
        frame = await cache.frame(question, self, self.compute)  # type: ignore[arg-type]
        return [float(value) for value in frame.values[0]]


async def test_points_that_hold_are_not_computed_again() -> None:
    cache, query = ResultsCache(), Counted()
    assert await query.ask(cache, 100, 4) == [100, 101, 102, 103]
    assert await query.ask(cache, 100, 4) == [100, 101, 102, 103]
    assert (query.computed, query.statements) == ([(100, 4)], 0)  # no number was given out since: nothing is asked
    query.seq, query.new = 12, [(102 * STEP_NS - 5, 12)]
    assert await query.ask(cache, 101, 4) == [101, 102, 103, 104]
    assert (query.computed.pop(), query.statements) == ((102, 3), 1)  # the line is in the window of 102
    query.seq = 13
    assert await query.ask(cache, 102, 4) == [102, 103, 104, 105]
    assert query.computed.pop() == (105, 1)  # the new line was told before
    assert await query.ask(cache, 90, 4) == [90, 91, 92, 93]
    assert query.computed.pop() == (90, 4)


async def test_what_is_forgotten_while_it_is_computed_is_not_remembered() -> None:
    cache, query = ResultsCache(), Counted()

    async def delete() -> None:
        cache.forget()

    query.during = delete
    await query.ask(cache, 100, 4)
    query.during = None
    await query.ask(cache, 100, 4)
    await query.ask(cache, 100, 4)
    cache.forget()
    await query.ask(cache, 100, 4)
    assert len(query.computed) == 3


async def test_who_asks_the_same_meanwhile_waits_for_it() -> None:
    cache, query = ResultsCache(), Counted()
    begun, gate = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        await gate.wait()

    query.during = wait
    asked = [asyncio.create_task(query.ask(cache, 100, 4)) for _ in range(5)]
    gone = asked.pop(0)
    await begun.wait()
    gone.cancel()  # the first asker leaves: the next one computes
    gate.set()
    assert await asyncio.gather(*asked) == [[100, 101, 102, 103]] * 4
    assert len(query.computed) == 2


async def test_memory_is_bounded_and_what_is_asked_for_stays() -> None:
    points = 100
    size = Frame([{"a": "b"}], np.zeros((1, points)), np.zeros((1, points), dtype=bool)).size_bytes
    size += KEY_FACTOR * len(repr(("key 00", STEP_NS, points)))
    cache, query = ResultsCache(MOST_SHARE * size), Counted()
    for number in range(3 * MOST_SHARE):
        await query.ask(cache, 100, points, f"key {number}")
        await query.ask(cache, 100, points, "key 0")
    assert len(query.computed) == 3 * MOST_SHARE
    assert cache._bytes <= MOST_SHARE * size
    await query.ask(cache, 100, points, "key 1")
    assert query.computed[3 * MOST_SHARE :] == [(100, points)]
    await query.ask(cache, 100, 2 * points, "large")
    await query.ask(cache, 100, 2 * points, "large")
    assert query.computed[3 * MOST_SHARE + 1 :] == [(100, 2 * points)] * 2


async def test_questions_that_find_nothing_take_room_as_well() -> None:
    cache, query = ResultsCache(100_000), Counted()

    async def nothing(grid: Grid) -> Frame:
        return Frame.empty(grid.points)

    for number in range(500):
        question = Question(f'{{job="a"}} |= `{number}`', [1], Grid(0, STEP_NS, 4), STEP_NS)
        await cache.frame(question, query, nothing)  # type: ignore[arg-type]
    assert 0 < len(cache._known) < 400


async def test_answers_that_fit_alone_but_not_together_are_left_to_their_own_limits() -> None:
    """A few points of very many series behind very many points of a few."""
    cache, query = ResultsCache(MOST_SHARE * 100_000), Counted()

    async def compute(grid: Grid) -> Frame:
        query.computed.append((grid.start_ns // STEP_NS, grid.points))
        rows = 50 if grid.start_ns else 1
        values = np.ones((rows, grid.points))
        return Frame([{"n": f"{grid.start_ns} {i}"} for i in range(rows)], values, values > 0)

    for start in (0, 1, 2):
        question = Question("k", [1], Grid(start * STEP_NS, STEP_NS, 1000), STEP_NS)
        frame = await cache.frame(question, query, compute)  # type: ignore[arg-type]
        assert frame.values.shape == (50 if start else 1, 1000)
    assert query.computed == [(0, 1000), (1000, 1), (1, 1000), (2, 1000)]


async def test_series_that_have_left_the_windows_are_forgotten() -> None:
    cache, query = ResultsCache(), Counted()

    async def compute(grid: Grid) -> Frame:
        present = np.eye(grid.points, dtype=bool)
        return Frame([{"n": str(grid.at(i))} for i in range(grid.points)], present * 1.0, present)

    for start in range(20):
        question = Question("k", [1], Grid(start * STEP_NS, STEP_NS, 4), STEP_NS)
        frame = await cache.frame(question, query, compute)  # type: ignore[arg-type]
        assert len(frame.labels) == 4


@pytest.mark.parametrize("seed", range(3))
async def test_answers_are_the_same_with_and_without(bench: QueryBench, seed: int) -> None:
    """Dashboards of a few minutes, asked again while lines come in: most are new, some are late, some streams new."""
    chance = random.Random(seed)
    reused = 0
    for now_s in range(300, 420, 7):
        for _ in range(chance.randrange(3)):
            labels = {"job": chance.choice(["web", "db"]), "host": str(chance.randrange(1 + now_s // 100))}
            await bench.load(labels, [_line(now_s, chance) for _ in range(chance.randrange(1, 6))])
        for query in chance.sample(QUERIES, 4):
            span_s = chance.choice([60, 200])
            request = RangeRequest(
                query,
                BASE_NS + (now_s - span_s) * SECOND,
                BASE_NS + now_s * SECOND,
                STEP_NS,
                100,
                "backward",
                tenant=bench.tenant,
            )
            known = bench.engine._cache._known.copy()
            answers = [await bench.engine.range(replace(request, cached=cached)) for cached in (True, False)]
            series = [answer.series for answer in answers if isinstance(answer, Matrix)]
            assert series[0] == series[1], (query, now_s)
            reused += bool(known)
    assert reused


@pytest.mark.parametrize("tenants", ["{0}", "{0}|other"])
async def test_a_stream_that_is_new_while_a_query_waits_for_lines_is_in_the_answers(
    bench: QueryBench, tenants: str
) -> None:
    """Its lines have numbers up to those that the query waited for: nobody would look for them again."""
    arriving: list[str] = []

    async def settled() -> int:
        while arriving:
            await bench.load({"job": "web", "host": arriving.pop()}, [(BASE_NS + 5 * SECOND, "x", {})])
        return bench.last_seq

    engine = Engine(bench.store, settled, bench.index, bench.clock, Limits())
    tenant, end_ns = tenants.format(bench.tenant), BASE_NS + 60 * SECOND
    query = 'sum(count_over_time({job="web"}[1m]))'
    counts = RangeRequest(query, BASE_NS, end_ns, STEP_NS, 100, "backward", tenant=tenant)
    volume = VolumeRequest(Selector((Matcher("job", "=", "web"),)), BASE_NS, end_ns, 0, 100)
    await bench.load({"job": "web", "host": "old"}, [(BASE_NS + 5 * SECOND, "x", {})])
    for lines in (3, 5):
        for ask in (engine.range(counts), engine.volumes(volume, tenant)):
            arriving.append(f"new {lines} {ask.__name__}")
            await ask
        answer, [series] = await engine.range(counts), await engine.volumes(volume, tenant)
        assert isinstance(answer, Matrix)
        assert answer.series[0].points[-1] == (end_ns, lines)
        assert series.points == [(end_ns, lines)]


@pytest.mark.parametrize("template", ["{{ now.Minute }}", '{{ date "04" .job }}'])
async def test_a_template_that_asks_the_clock_is_never_remembered(
    bench: QueryBench, monkeypatch: pytest.MonkeyPatch, template: str
) -> None:
    clock = SteppedClock()
    monkeypatch.setattr(dates, "_CLOCK", clock)
    await bench.load({"job": "web"}, [(BASE_NS, "x", {})])
    query = f'sum by (minute) (count_over_time({{job="web"}} | label_format minute=`{template}` [1m]))'
    request = RangeRequest(query, BASE_NS, BASE_NS + 50 * SECOND, STEP_NS, 100, "backward", tenant=bench.tenant)
    minutes = set()
    for _ in range(3):
        answer = await bench.engine.range(request)
        assert isinstance(answer, Matrix)
        minutes.add(answer.series[0].labels["minute"])
        clock.advance(60)
    assert len(minutes) == 3


def _line(now_s: int, chance: random.Random) -> Line:
    late_s = chance.choice([0, 1, 3, 3, 40, 150])
    ns = BASE_NS + (now_s - late_s) * SECOND - chance.choice([0, 0, 1, 10**8])
    return ns, f"ms={chance.random()} s={chance.randrange(3)}", {}
