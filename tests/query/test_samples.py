"""Counting by windows: the engine, Python and a plain loop agree for any range, step and offset."""

import asyncio
import random
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.query_bench import BASE_NS, QueryBench
from whodid.model.clock import MILLISECOND
from whodid.model.result import Matrix
from whodid.query.engine import RangeRequest


@cache
def counted() -> tuple[QueryBench, list[tuple[int, str, str]]]:
    """300 lines of two streams within a minute, often at the same instant; (instant, user, text)."""
    dice, bench, rows = random.Random(3), QueryBench(), []
    for job in ("a", "b"):
        lines = []
        for _ in range(150):
            user, text = dice.choice(["", "ana", "raz"]), "x" * dice.randint(0, 9)
            ns = BASE_NS + dice.choice(
                [dice.randint(0, 60_000) * MILLISECOND, dice.randint(0, 6) * 10_000 * MILLISECOND]
            )
            lines.append((ns, text, {"user": user} if user else {}))
            rows.append((ns, user, text))
        asyncio.run(bench.load({"job": job}, lines))
    return bench, rows


@settings(max_examples=40, deadline=None)
@given(
    start=st.integers(-20_000, 60_000),
    length=st.integers(0, 60_000),
    step=st.sampled_from([1_000, 3_000, 7_000, 10_000, 60_000]),
    width=st.sampled_from([500, 1_000, 2_500, 10_000, 14_000, 90_000]),
    offset=st.sampled_from([0, 5_000, -3_000]),
    in_python=st.booleans(),
    of_bytes=st.booleans(),
)
def test_counts(start: int, length: int, step: int, width: int, offset: int, in_python: bool, of_bytes: bool) -> None:
    bench, rows = counted()
    function = "bytes_over_time" if of_bytes else "count_over_time"
    stage = " | logfmt" if in_python else ""
    moved = f" offset {offset}ms" if offset else ""
    query = f'sum by (user) ({function}({{job=~"a|b"}}{stage} [{width}ms]{moved}))'
    begin, end = BASE_NS + start * MILLISECOND, BASE_NS + (start + length) * MILLISECOND
    request = RangeRequest(query, begin, end, step * MILLISECOND, 1, "forward", 0, bench.tenant)
    result = asyncio.run(bench.engine.range(request))
    assert isinstance(result, Matrix)
    first, last = begin // (step * MILLISECOND), -(-end // (step * MILLISECOND))
    expected: dict[str, list[tuple[int, float]]] = {}
    for t in range(first * step * MILLISECOND, last * step * MILLISECOND + 1, step * MILLISECOND):
        high = t - offset * MILLISECOND
        for user in ("", "ana", "raz"):
            inside = [text for ns, who, text in rows if who == user and high - width * MILLISECOND < ns <= high]
            if inside:
                expected.setdefault(user, []).append((t, float(sum(map(len, inside)) if of_bytes else len(inside))))
    assert {series.labels.get("user", ""): series.points for series in result.series} == expected
