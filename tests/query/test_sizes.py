"""Pieces of time, and that they come to the same as a count of all lines, while more lines come in."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.query_bench import BASE_NS, QueryBench
from whodid.logql.parser import parse_selector
from whodid.model.clock import SECOND
from whodid.query import sizes as sizes_module
from whodid.query.results_cache import ResultsCache
from whodid.query.sizes import MOST_PIECES, Group, Pieces, Sizes, piece_ns
from whodid.query.volume import VolumeRequest


@given(st.integers(1, 10**18), st.integers(0, 4000).map(lambda s: s * SECOND) | st.integers(1, 10**15))
def test_pieces_divide_the_step_and_are_not_too_many(length_ns: int, step_ns: int) -> None:
    width_ns = piece_ns(length_ns, step_ns)
    assert step_ns % width_ns == 0
    assert length_ns // width_ns <= max(MOST_PIECES + 1, length_ns // step_ns if step_ns else 0)


def test_pieces_are_much_smaller_than_steps_of_a_dashboard() -> None:
    assert piece_ns(3600 * SECOND, 60 * SECOND) == SECOND
    assert piece_ns(86_400 * SECOND, 300 * SECOND) == 25 * SECOND
    assert piece_ns(3600 * SECOND, 0) == SECOND


async def test_known_pieces_come_to_the_same(bench: QueryBench) -> None:
    chance, cache = random.Random(5), ResultsCache()
    for now_s in range(100, 160, 3):
        for job in ("a", "b"):
            at_ns = BASE_NS + (now_s - chance.choice([0, 1, 30])) * SECOND
            await bench.load({"job": job}, [(at_ns, "x" * chance.randrange(9), _level(chance))])
        groups: dict[int, Group] = {i: (("job", s["job"]),) for i, s in bench.index.streams(bench.tenant).items()}
        begin_ns = BASE_NS + (now_s - 70) * SECOND + 5 * 10**8
        end_ns = begin_ns + 70 * SECOND + chance.randrange(SECOND)
        by_level = bool(now_s % 2)
        sizes = Sizes(groups, by_level, bench.engine.budget())
        known = await sizes.known(SECOND, begin_ns, end_ns, cache, ("key", by_level))
        pieced = Counter[tuple[Group, str]]()
        for _, group, level, size in (one for part in known for one in part):
            pieced[group, level] += size
        whole = Counter[tuple[Group, str]]()
        for _, group, level, size in await sizes.counted(Pieces(begin_ns, end_ns - begin_ns), begin_ns, end_ns):
            whole[group, level] += size
        assert pieced == whole


async def test_short_spans_do_not_cross_the_edge_of_a_step(bench: QueryBench) -> None:
    await bench.load({"job": "a"}, [(BASE_NS + at * SECOND // 10, "x" * 10**n, {}) for n, at in enumerate((-5, 5, 15))])
    groups: dict[int, Group] = dict.fromkeys(bench.index.streams(bench.tenant), (("job", "a"),))
    sizes = Sizes(groups, False, bench.engine.budget())
    for begin, end, expected in (
        (-6, 6, {0: 1, 1: 10}),
        (-6, -4, {0: 1}),
        (4, 6, {1: 10}),
        (4, 16, {1: 10, 2: 100}),
        (-6, 16, {0: 1, 1: 10, 2: 100}),
        (0, 10, {1: 10}),
    ):
        begin_ns, end_ns = (BASE_NS + at * SECOND // 10 for at in (begin, end))
        parts = await sizes.known(SECOND, begin_ns, end_ns, ResultsCache(), "key")
        found = {(at_ns - BASE_NS) // SECOND + 1: size for part in parts for at_ns, _, _, size in part}
        assert found == expected


async def test_where_pieces_are_too_many_only_steps_are_counted(
    bench: QueryBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Levels are whatever the senders say: nobody knows before how many there are."""
    monkeypatch.setattr(sizes_module, "MAX_CELLS", 100)
    lines = [(BASE_NS + n * SECOND, "x", {"detected_level": f"level {n}"}) for n in range(40)]
    await bench.load({"job": "a"}, lines)
    request = VolumeRequest(
        parse_selector('{job="a"}'), BASE_NS, BASE_NS + 59 * SECOND, 60 * SECOND, 100, ("detected_level",)
    )
    assert len(await bench.engine.volumes(request, bench.tenant)) == 40


def test_the_more_series_the_wider_the_pieces(bench: QueryBench) -> None:
    hour_ns, minute_ns = 3600 * SECOND, 60 * SECOND
    for series, width_s in ((10, 1), (1000, 10), (100_000, 60)):
        sizes = Sizes({n: (("n", str(n)),) for n in range(series)}, False, bench.engine.budget())
        assert sizes.piece_ns(hour_ns, minute_ns) == width_s * SECOND


def _level(chance: random.Random) -> dict[str, str]:
    return chance.choice([{}, {"detected_level": "info"}, {"detected_level": "error", "user": "noa"}])
