"""The SQL statements of query/: rows of a span of time, rows of a range of commits, counts by window.

Only text is made here. Instants are half-open, `begin <= ts < end`. Values are written with store/sql.py.
"""

from collections.abc import Iterable, Sequence

from whodid.query.grid import Window
from whodid.query.planner import Plan
from whodid.store.sql import quote

_COLUMNS = "stream_id, ts, seq, line, metadata, detected_level"


def of_streams(ids: Iterable[int]) -> str:
    """The condition that a row belongs to one of the streams."""
    return f"stream_id IN ({', '.join(map(str, ids))})"


def where(plan: Plan, begin_ns: int, end_ns: int) -> str:
    """The condition that a row is of the plan's streams, of the span, and not ruled out by the plan."""
    parts = (of_streams(plan.streams), f"ts >= {begin_ns}", f"ts < {end_ns}", *plan.conditions)
    return "\n  AND ".join(parts)


def page(
    plan: Plan, begin_ns: int, end_ns: int, *, newest_first: bool, after: tuple[int, int] | None, rows: int
) -> str:
    """Some rows of a span in order of time. `after`: instant and number of the row to continue behind."""
    condition = where(plan, begin_ns, end_ns)
    order = " DESC" if newest_first else ""
    if after is not None:
        condition += f"\n  AND (ts, seq) {'<' if newest_first else '>'} ({after[0]}, {after[1]})"
    return f"SELECT {_COLUMNS}\nFROM lines\nWHERE {condition}\nORDER BY ts{order}, seq{order}\nLIMIT {rows}"


def committed(first_seq: int, last_seq: int, stream_ids: Iterable[int], conditions: Sequence[str] = ()) -> str:
    """The rows of a range of commits, in order."""
    where = "\n  AND ".join(
        (f"seq >= {first_seq}", f"seq <= {last_seq}", of_streams(stream_ids), *conditions),
    )
    return f"SELECT {_COLUMNS}\nFROM lines\nWHERE {where}\nORDER BY seq"


def bounds(stream_ids: Iterable[int], begin_ns: int, end_ns: int, conditions: Sequence[str] = ()) -> str:
    """The first and the last instant of the streams' lines in the span, and how many there are."""
    where = "\n  AND ".join((of_streams(stream_ids), f"ts >= {begin_ns}", f"ts < {end_ns}", *conditions))
    return f"SELECT min(ts) AS first, max(ts) AS last, count() AS lines\nFROM lines\nWHERE {where}"


def live_streams(stream_ids: Iterable[int], begin_ns: int, end_ns: int) -> str:
    """Which of the streams have a line in the span."""
    return (
        f"SELECT DISTINCT stream_id\nFROM lines\nWHERE {of_streams(stream_ids)}\n"
        f"  AND ts >= {begin_ns}\n  AND ts < {end_ns}"
    )


def counts(plan: Plan, window: Window, *, by_stream: bool, keys: Sequence[str], with_bytes: bool) -> str:
    """Lines (and bytes) by series and by the points whose window holds them.

    A line lies in the windows of the points `first` to `last`; for one window width there are few such pairs, so
    grouping by them is as good as grouping by time bucket and right for every combination of range and step.
    """
    since = f"(ts - {window.begin_ns - 1})"  # 1 at the first instant of the first window
    first = f"greatest(0, intDiv({since} - {window.range_ns} + {window.step_ns - 1}, {window.step_ns}))"
    last = f"least({window.points - 1}, intDiv({since} - 1, {window.step_ns}))"
    groups = [*(["stream_id"] if by_stream else []), *(f"{key} AS key_{i}" for i, key in enumerate(keys))]
    names = [*(["stream_id"] if by_stream else []), *(f"key_{i}" for i in range(len(keys))), "first", "last"]
    columns = [*groups, f"{first} AS first", f"{last} AS last", "count() AS lines"]
    columns.append(f"{'sum(length(line))' if with_bytes else 'toUInt64(0)'} AS bytes")
    columns.append(f"{'countIf(' + ' OR '.join(plan.suspects) + ')' if plan.suspects else 'toUInt64(0)'} AS suspect")
    return (
        f"SELECT {', '.join(columns)}\nFROM lines\n"
        f"WHERE {where(plan, window.begin_ns, window.end_ns)}\n  AND first <= last\nGROUP BY {', '.join(names)}"
    )


def metadata_key(name: str) -> str:
    """SQL of one label's value from what the entry came with."""
    return "detected_level" if name == "detected_level" else f"metadata[{quote(name)}]"
