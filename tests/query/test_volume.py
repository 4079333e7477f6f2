"""Streams, lines and bytes: equal to what counting by hand gives, for every grouping."""

import random
from collections import Counter

import pytest

from kit.query_bench import BASE_NS, Line, QueryBench
from whodid.logql.parser import parse_selector
from whodid.model.clock import MILLISECOND, SECOND
from whodid.query.errors import QueryError
from whodid.query.limits import Limits
from whodid.query.volume import IndexStats, VolumeRequest, index_stats

STREAMS = [
    {"job": "db", "host": "a"},
    {"job": "db", "host": "b"},
    {"job": "web", "host": "a"},
    {"job": "cron"},
]


def size(line: Line) -> int:
    _, text, metadata = line
    return len(text.encode()) + sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())


async def loaded(bench: QueryBench) -> list[tuple[dict[str, str], Line]]:
    """A few hundred lines over ten minutes, some with metadata and levels."""
    rng, out = random.Random(7), []
    for labels in STREAMS:
        lines: list[Line] = []
        for _ in range(80):
            metadata = {"user": rng.choice(["noa", "רומן"])} if rng.random() < 0.5 else {}
            if rng.random() < 0.8:
                metadata["detected_level"] = rng.choice(["info", "error"])
            lines.append((BASE_NS + rng.randrange(600 * SECOND), "é" * rng.randrange(50), metadata))
        await bench.load(labels, lines)
        out += [(labels, line) for line in lines]
    return out


async def ask(bench: QueryBench, selector: str, **options: object) -> dict[str, list[tuple[int, int]]]:
    """Labels as text → instants (seconds from the base) and bytes, in the answer's order."""
    asked = {"start_ns": BASE_NS, "end_ns": BASE_NS + 600 * SECOND, "step_ns": 0, "limit": 100, **options}
    request = VolumeRequest(parse_selector(selector), **asked)  # type: ignore[arg-type]
    found = await bench.engine.volumes(request, bench.tenant, cached=False)
    for _ in range(2):
        assert await bench.engine.volumes(request, bench.tenant) == found
    return {
        ",".join(f"{k}={v}" for k, v in sorted(series.labels.items())): [
            ((ns - BASE_NS) // MILLISECOND, int(value)) for ns, value in series.points
        ]
        for series in found
    }


async def test_counts(bench: QueryBench) -> None:
    everything = await loaded(bench)
    chosen = [line for labels, line in everything if labels["job"] == "db"]
    streams, select = bench.index.streams(bench.tenant), bench.engine.budget()
    asked = parse_selector('{job="db"}')
    found = await index_stats(streams, asked, BASE_NS, BASE_NS + 600 * SECOND, select)
    assert (found.streams, found.entries, found.bytes) == (2, 160, sum(map(size, chosen)))
    half = BASE_NS + 300 * SECOND
    inside = [line for line in chosen if line[0] <= half]
    found = await index_stats(streams, asked, BASE_NS, half, select)
    assert (found.entries, found.bytes) == (len(inside), sum(map(size, inside)))
    nobody = await index_stats(streams, parse_selector('{job="x"}'), BASE_NS, half, select)
    assert nobody == IndexStats()
    empty = await index_stats(streams, asked, 0, 1, select)
    assert empty == IndexStats()


@pytest.mark.parametrize(
    ("selector", "options", "names"),
    [
        ('{job=~".+"}', {}, ["job"]),
        ("{}", {}, ["job", "host"]),
        ('{job!="cron"}', {"targets": ("host",)}, ["host"]),
        ('{job=~".+"}', {"targets": ("job", "detected_level")}, ["job", "detected_level"]),
    ],
)
async def test_bytes_by_series(bench: QueryBench, selector: str, options: dict[str, object], names: list[str]) -> None:
    expected: Counter[str] = Counter()
    for labels, line in await loaded(bench):
        known = {**labels, "detected_level": line[2].get("detected_level", "")}
        if ("host" in names and "targets" in options and "host" not in labels) or (
            "detected_level" in names and not known["detected_level"]
        ):
            continue
        expected[",".join(f"{name}={known[name]}" for name in sorted(names) if name in known)] += size(line)
    found = await ask(bench, selector, **options)
    assert {name: points[0][1] for name, points in found.items()} == expected
    assert [points[0][1] for points in found.values()] == sorted(expected.values(), reverse=True)
    assert all(at == 600_000 for points in found.values() for at, _ in points)


async def test_bytes_by_label(bench: QueryBench) -> None:
    everything = await loaded(bench)
    total = sum(size(line) for _, line in everything)
    hosts = sum(size(line) for labels, line in everything if "host" in labels)
    found = await ask(bench, "{}", by="labels")
    assert {name: points[0][1] for name, points in found.items()} == {"job=": total, "host=": hosts}


async def test_bytes_over_time(bench: QueryBench) -> None:
    everything = await loaded(bench)
    expected: dict[str, Counter[int]] = {}
    start_ns = BASE_NS + 30 * SECOND  # the first step is cut off
    for labels, line in everything:
        if start_ns <= line[0]:
            end = (line[0] - BASE_NS) // (60 * SECOND) * 60_000 + 60_000 - 1
            expected.setdefault(f"job={labels['job']}", Counter())[end] += size(line)
    found = await ask(bench, '{job=~".+"}', step_ns=60 * SECOND, start_ns=start_ns)
    assert {name: dict(points) for name, points in found.items()} == expected
    largest = await ask(bench, '{job=~".+"}', step_ns=60 * SECOND, start_ns=start_ns, limit=1)
    assert sum(map(len, largest.values())) == 10
    assert {at: n for points in largest.values() for at, n in points} == {
        end: max(counts[end] for counts in expected.values()) for end in range(59_999, 600_000, 60_000)
    }


async def test_too_much_is_refused() -> None:
    bench = QueryBench(Limits(max_volume_series=3))
    await loaded(bench)
    with pytest.raises(QueryError, match=r"the query hit the max number of series limit \(limit: 3 series\)"):
        await ask(bench, "{}")
    with pytest.raises(QueryError, match="use a larger step"):
        await ask(bench, "{}", step_ns=MILLISECOND)
    assert len(await ask(bench, '{job=~".+"}')) == 3
