"""Patterns of a selector's lines over time, for Logs Drilldown: mined when asked, from a bounded sample (drain.py).

The engine counts all lines by level and step; the shares of the patterns come from a slice of each step, all of it
where there are few lines. So the cost does not grow with the range, and nothing is mined while lines are written
(docs/design/0006-patterns.md). Source of the answer's meaning: Grafana Loki's `patterns`.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

from whodid.logql.ast import Selector
from whodid.model.clock import SECOND
from whodid.model.entry import Labels
from whodid.query import statements
from whodid.query.drain import Cluster, Drain
from whodid.query.scan import Select
from whodid.query.selector import select as select_streams

SAMPLE_LINES = 10_000
"""Lines that are taken apart in Python: about a quarter of a second."""
MAX_SLICES = 250
MAX_PATTERNS = 300
"""Patterns that are told, the most frequent."""
LINE_CHARACTERS = 2000
"""Beginning of a line that is looked at."""


class Pattern(NamedTuple):
    """One pattern: how often it came in the step that begins at each second."""

    pattern: str
    level: str
    samples: list[tuple[int, int]]


_Counts = Counter[tuple[str, int]]
"""Lines by level and step."""


async def patterns(
    streams: Mapping[int, Labels], selector: Selector, start_ns: int, end_ns: int, step_ns: int, select: Select
) -> list[Pattern]:
    """The patterns of the lines within [start, end], the most frequent first."""
    chosen = select_streams(streams, selector.matchers)
    if not chosen:
        return []
    base_ns = start_ns // step_ns * step_ns
    where = f"{statements.of_streams(chosen)} AND ts >= {start_ns} AND ts <= {end_ns}"
    step = f"intDiv(ts - {base_ns}, {step_ns})"
    table = await select(
        f"SELECT detected_level AS level, {step} AS step, count() AS lines\nFROM lines\nWHERE {where}\n"
        "GROUP BY level, step"
    )
    totals: _Counts = Counter({(row["level"], row["step"]): row["lines"] for row in table.to_pylist()})
    if totals.total() > SAMPLE_LINES:
        where += f" AND ({_slices(start_ns, end_ns, step_ns, SAMPLE_LINES / totals.total())})"
    sample = await select(
        f"SELECT detected_level AS level, {step} AS step, substringUTF8(line, 1, {LINE_CHARACTERS}) AS text, "
        f"lengthUTF8(line) > {LINE_CHARACTERS} AS is_cut FROM lines WHERE {where} LIMIT {2 * SAMPLE_LINES}"
    )
    if not sample.num_rows:
        return []
    return await asyncio.to_thread(_mined, sample, totals, base_ns // SECOND, step_ns // SECOND)


def _slices(start_ns: int, end_ns: int, step_ns: int, share: float) -> str:
    """A slice of each step (or of several together), at another place in each: a job that runs every minute must not
    always be met, or never.
    """
    stride = max(step_ns, -(-(end_ns - start_ns + 1) // MAX_SLICES))
    width = max(1, int(stride * share))
    conditions = []
    for begin in range(start_ns, end_ns + 1, stride):
        digest = hashlib.blake2b(str(begin).encode(), digest_size=4).digest()
        low = begin + (stride - width) * int.from_bytes(digest, "big") // (1 << 32)
        conditions.append(f"ts >= {low} AND ts < {low + width}")
    return " OR ".join(conditions)


def _mined(sample: pa.Table, totals: _Counts, base_s: int, step_s: int) -> list[Pattern]:
    drains: dict[str, Drain] = {}
    clusters: dict[tuple[str, int], Cluster] = {}
    counts: dict[tuple[str, int], Counter[int]] = {}
    sampled: _Counts = Counter()
    columns = (sample[name].to_pylist() for name in ("level", "step", "text", "is_cut"))
    for level, step, text, is_cut in zip(*columns, strict=True):
        sampled[level, step] += 1
        cluster = drains.setdefault(level, Drain()).cluster_of(text, is_cut=bool(is_cut))
        if cluster is not None:
            key = (level, id(cluster))
            clusters[key] = cluster
            counts.setdefault(key, Counter())[step] += 1
    merged: dict[tuple[str, str], Counter[int]] = {}
    for (level, number), by_step in counts.items():
        merged.setdefault((level, clusters[level, number].pattern), Counter()).update(by_step)
    found = [
        Pattern(pattern, level, [(base_s + step * step_s, n) for step, n in sorted(estimated.items())])
        for (level, pattern), by_step in merged.items()
        if (estimated := _estimated(level, by_step, sampled, totals))
    ]
    found.sort(key=lambda item: (-sum(n for _, n in item.samples), item.pattern, item.level))
    return found[:MAX_PATTERNS]


def _estimated(level: str, by_step: Counter[int], sampled: _Counts, totals: _Counts) -> dict[int, int]:
    """Lines of a pattern in each step: its share of the step's sample; where the step has none, of the whole sample."""
    share = by_step.total() / sum(n for (name, _), n in sampled.items() if name == level)
    out = {}
    for (name, step), total in totals.items():
        if name == level:
            seen = sampled[level, step]
            lines = round(by_step[step] / seen * total if seen else share * total)
            if lines:
                out[step] = lines
    return out
