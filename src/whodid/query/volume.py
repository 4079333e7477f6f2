"""How much there is: streams, lines and bytes of a selector, as a whole, by series, and over time.

What is asked and answered is here, the counting of bytes in sizes.py. `detected_level` may be asked for like a label.
Source: Grafana Loki's `index/stats` and `index/volume`.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from whodid.logql.ast import Selector
from whodid.model.clock import MILLISECOND
from whodid.model.entry import Labels
from whodid.model.matcher import Matcher
from whodid.model.result import Series
from whodid.query.budget import Budget
from whodid.query.errors import QueryError
from whodid.query.limits import Limits
from whodid.query.results_cache import ResultsCache
from whodid.query.selector import select as select_streams
from whodid.query.sizes import BYTES, MAX_CELLS, Group, Pieces, Size, Sizes, TooFine
from whodid.query.statements import of_streams

LEVEL = "detected_level"


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What a selector holds. `chunks` are what the engine's parts hold of each stream."""

    streams: int = 0
    chunks: int = 0
    entries: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class VolumeRequest:
    """What `index/volume` and `index/volume_range` ask; both ends are included."""

    selector: Selector
    start_ns: int
    end_ns: int
    step_ns: int
    """0 for one number per series."""
    limit: int
    """Series that are told for each step, the largest."""
    targets: tuple[str, ...] = ()
    """Labels that make a series; none: those of the selector, or all of them if it has none."""
    by: Literal["series", "labels"] = "series"


async def index_stats(
    streams: Mapping[int, Labels], selector: Selector, start_ns: int, end_ns: int, budget: Budget
) -> IndexStats:
    """Counts of the selected streams within [start, end]."""
    chosen = select_streams(streams, selector.matchers)
    if not chosen:
        return IndexStats()
    table = await budget(
        "SELECT uniqExact(stream_id) AS streams, uniqExact(stream_id, _part) AS chunks, count() AS entries, "
        f"sum({BYTES}) AS bytes\nFROM lines\nWHERE {of_streams(chosen)} AND ts >= {start_ns} AND ts <= {end_ns}"
    )
    return IndexStats(**{name: int(value or 0) for name, value in table.to_pylist()[0].items()})


async def volumes(
    streams: Mapping[int, Labels],
    request: VolumeRequest,
    budget: Budget,
    limits: Limits,
    tenant: str = "",
    cache: ResultsCache | None = None,
) -> list[Series]:
    """Bytes of each series, largest first; one point for each step in which it has any.

    With a `cache`, what is known of the tenant's lines is not counted again.
    """
    chosen = select_streams(streams, _with_targets(request))
    if not chosen:
        return []
    groups = _groups(chosen, request)
    begin_ns, width_ns = _grid(request)
    steps = (request.end_ns - begin_ns) // width_ns + 1
    series = min(len(set(groups.values())), limits.max_volume_series)
    if series * steps > MAX_CELLS:
        raise QueryError(f"the volume has {series} series in {steps} steps; use a larger step or fewer labels")
    sizes = Sizes(groups, LEVEL in request.targets, budget)
    tally: dict[int, Counter[Group]] = {}
    parts = await _parts(sizes, request, tenant, cache)
    for at_ns, group, level, size in itertools.chain.from_iterable(parts):
        if not level and LEVEL in request.targets:
            continue
        at = tally.setdefault((at_ns - begin_ns) // width_ns, Counter())
        for name in _spread(group, level, request.by):
            at[name] += size
    limits.check_volumes(len({name for at in tally.values() for name in at}))
    return _series(tally, request, begin_ns, width_ns)


async def _parts(sizes: Sizes, request: VolumeRequest, tenant: str, cache: ResultsCache | None) -> list[Iterator[Size]]:
    end_ns = request.end_ns + 1
    if cache is not None:
        width_ns = sizes.piece_ns(end_ns - request.start_ns, request.step_ns)
        key = (tenant, request.selector, request.targets, request.by)
        with suppress(TooFine):
            return await sizes.known(width_ns, request.start_ns, end_ns, cache, key)
    return [await sizes.counted(Pieces(*_grid(request)), request.start_ns, end_ns)]


def _with_targets(request: VolumeRequest) -> Sequence[Matcher]:
    """The selector's matchers; a stream without a label that is asked for has no part in the volume."""
    matchers = request.selector.matchers
    named = {matcher.name for matcher in matchers} | {LEVEL}
    return (*matchers, *(Matcher(name, "=~", ".+") for name in request.targets if name not in named))


def _groups(chosen: Mapping[int, Labels], request: VolumeRequest) -> dict[int, Group]:
    """The labels of each stream that tell its series from others."""
    wanted = set(request.targets)
    if not wanted and request.by == "series":
        wanted = {matcher.name for matcher in request.selector.matchers}
    return {
        i: tuple(sorted((name, value) for name, value in labels.items() if not wanted or name in wanted))
        for i, labels in chosen.items()
    }


def _grid(request: VolumeRequest) -> tuple[int, int]:
    """Begin and width of the steps: multiples of the step, as Loki splits the range."""
    if not request.step_ns:
        return request.start_ns, request.end_ns - request.start_ns + 1
    return request.start_ns // request.step_ns * request.step_ns, request.step_ns


def _spread(group: Group, level: str, by: str) -> list[Group]:
    """The series that a group counts for: one, or one for each label."""
    labels = tuple(sorted((*group, (LEVEL, level)))) if level else group
    return [labels] if by == "series" else [((name, ""),) for name, _ in labels]


def _series(tally: Mapping[int, Counter[Group]], request: VolumeRequest, begin_ns: int, width_ns: int) -> list[Series]:
    points: dict[Group, list[tuple[int, float]]] = {}
    for step in sorted(tally):
        end_ns = begin_ns + (step + 1) * width_ns - MILLISECOND  # Loki stamps a step with its last millisecond
        at_ns = min(end_ns, request.end_ns) if request.step_ns else request.end_ns
        largest = sorted(tally[step].items(), key=lambda item: (-item[1], item[0]))
        for name, size in largest[: request.limit]:
            points.setdefault(name, []).append((at_ns, float(size)))
    ordered = sorted(points, key=lambda name: (-points[name][0][1], name))
    return [Series(dict(name), points[name]) for name in ordered]
