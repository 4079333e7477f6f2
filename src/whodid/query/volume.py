"""How much there is: streams, lines and bytes of a selector, as a whole, by series, and over time.

One statement over the key and the lengths of lines: the engine keeps these apart from the text, so the lines themselves
are not read. Bytes are those of the line and of its structured metadata, as Loki counts them. `detected_level` may be
asked for like a label. Source: Grafana Loki's `index/stats` and `index/volume`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from whodid.logql.ast import Selector
from whodid.model.clock import MILLISECOND
from whodid.model.entry import Labels
from whodid.model.matcher import Matcher
from whodid.model.result import Series
from whodid.query import statements
from whodid.query.errors import QueryError
from whodid.query.limits import Limits
from whodid.query.scan import Select
from whodid.query.selector import select as select_streams
from whodid.store.sql import number_list, quote

LEVEL = "detected_level"
MAX_CELLS = 500_000
"""Series × steps that one answer may have: each becomes a few Python objects."""
_BYTES = (
    "length(line) + arraySum(x -> length(x), metadata.keys) + arraySum(x -> length(x), metadata.values) "
    "+ if(detected_level = '', 0, 14 + length(detected_level))"
)

_Group = tuple[tuple[str, str], ...]
"""Labels of a series, by name."""


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
    streams: Mapping[int, Labels], selector: Selector, start_ns: int, end_ns: int, select: Select
) -> IndexStats:
    """Counts of the selected streams within [start, end]."""
    chosen = select_streams(streams, selector.matchers)
    if not chosen:
        return IndexStats()
    table = await select(
        "SELECT uniqExact(stream_id) AS streams, uniqExact(stream_id, _part) AS chunks, count() AS entries, "
        f"sum({_BYTES}) AS bytes\nFROM lines\nWHERE {_where(chosen, start_ns, end_ns)}"
    )
    return IndexStats(**{name: int(value or 0) for name, value in table.to_pylist()[0].items()})


async def volumes(
    streams: Mapping[int, Labels], request: VolumeRequest, select: Select, limits: Limits
) -> list[Series]:
    """Bytes of each series, largest first; one point for each step in which it has any."""
    level = LEVEL in request.targets
    chosen = select_streams(streams, _with_targets(request))
    if not chosen:
        return []
    names = _names(chosen, request)
    groups = list(dict.fromkeys(names.values()))
    begin_ns, width_ns = _grid(request)
    steps = (request.end_ns - begin_ns) // width_ns + 1
    if min(len(groups), limits.max_volume_series) * steps > MAX_CELLS:
        raise QueryError(f"the volume has {len(groups)} series in {steps} steps; use a larger step or fewer labels")
    number = {group: i for i, group in enumerate(groups)}
    ids, numbers = number_list(chosen), number_list(number[names[i]] for i in chosen)
    table = await select(
        f"SELECT transform(stream_id, {ids}, {numbers}, 0) AS series_no, "
        f"{'detected_level' if level else quote('')} AS level, "
        f"intDiv(ts - {begin_ns}, {width_ns}) AS step, sum({_BYTES}) AS bytes\nFROM lines\n"
        f"WHERE {_where(chosen, request.start_ns, request.end_ns)}\n"
        f"GROUP BY series_no, level, step\nLIMIT {MAX_CELLS + 1}"
    )
    if table.num_rows > MAX_CELLS:
        raise QueryError(f"the volume has more than {MAX_CELLS} points; use a larger step or fewer labels")
    tally: dict[int, Counter[_Group]] = {}
    for row in table.to_pylist():
        if level and not row["level"]:
            continue
        for name in _spread(groups[row["series_no"]], row["level"], request.by):
            tally.setdefault(row["step"], Counter())[name] += row["bytes"]
    limits.check_volumes(len({name for at in tally.values() for name in at}))
    return _series(tally, request, begin_ns, width_ns)


def _where(streams: Mapping[int, Labels], start_ns: int, end_ns: int) -> str:
    return f"{statements.of_streams(streams)} AND ts >= {start_ns} AND ts <= {end_ns}"


def _with_targets(request: VolumeRequest) -> Sequence[Matcher]:
    """The selector's matchers; a stream without a label that is asked for has no part in the volume."""
    matchers = request.selector.matchers
    named = {matcher.name for matcher in matchers} | {LEVEL}
    return (*matchers, *(Matcher(name, "=~", ".+") for name in request.targets if name not in named))


def _names(chosen: Mapping[int, Labels], request: VolumeRequest) -> dict[int, _Group]:
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


def _spread(group: _Group, level: str, by: str) -> list[_Group]:
    """The series that a group counts for: one, or one for each label."""
    labels = tuple(sorted((*group, (LEVEL, level)))) if level else group
    return [labels] if by == "series" else [((name, ""),) for name, _ in labels]


def _series(tally: Mapping[int, Counter[_Group]], request: VolumeRequest, begin_ns: int, width_ns: int) -> list[Series]:
    points: dict[_Group, list[tuple[int, float]]] = {}
    for step in sorted(tally):
        end_ns = begin_ns + (step + 1) * width_ns - MILLISECOND  # Loki stamps a step with its last millisecond
        at_ns = min(end_ns, request.end_ns) if request.step_ns else request.end_ns
        largest = sorted(tally[step].items(), key=lambda item: (-item[1], item[0]))
        for name, size in largest[: request.limit]:
            points.setdefault(name, []).append((at_ns, float(size)))
    ordered = sorted(points, key=lambda name: (-points[name][0][1], name))
    return [Series(dict(name), points[name]) for name in ordered]
