"""Pieces of time, and that they come to the same as a count of all lines, while more lines come in."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from kit.query_bench import BASE_NS, QueryBench
from whodid.model.clock import SECOND
from whodid.query.results_cache import ResultsCache
from whodid.query.sizes import MOST_PIECES, Group, Pieces, Sizes, piece_ns


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


def _level(chance: random.Random) -> dict[str, str]:
    return chance.choice([{}, {"detected_level": "info"}, {"detected_level": "error", "user": "noa"}])
