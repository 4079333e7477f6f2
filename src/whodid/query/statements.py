"""The SQL statements of query/: rows of a span of time, rows of a range of commits, counts by window.

Only text is made here. Instants are half-open, `begin <= ts < end`. Values are written with store/sql.py.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from whodid.query.arrays import array_of
from whodid.query.grid import Places, Window
from whodid.query.in_engine import EnginePlan
from whodid.query.planner import Plan
from whodid.store.sql import quote

DROPPED, KEPT, IN_DOUBT, UNREAD = 0, 1, 2, 3
"""States of a row to `tallies` and `numbers`. The state is a column and no condition: in WHERE as well, it would be
worked out twice."""
_COLUMNS = "stream_id, ts, seq, line, metadata, detected_level"


def of_streams(ids: Iterable[int]) -> str:
    """The condition that a row belongs to one of the streams.

    Of one alone the engine knows, by `=` and not by IN, that its rows are in order of time already.
    """
    ids = tuple(ids)
    if len(ids) == 1:
        return f"stream_id = {ids[0]}"
    return f"stream_id IN ({', '.join(map(str, ids))})"


def where(plan: Plan, begin_ns: int, end_ns: int) -> str:
    """The condition that a row is of the plan's streams, of the span, and not ruled out by the plan."""
    parts = (of_streams(plan.streams), f"ts >= {begin_ns}", f"ts < {end_ns}", *plan.hints, *plan.conditions)
    return "\n  AND ".join(parts)


def page(
    plan: Plan, begin_ns: int, end_ns: int, *, newest_first: bool, after: tuple[int, int] | None, rows: int
) -> str:
    """Some rows of a span in order of time. `after`: instant and number of the row to continue behind."""
    condition = where(plan, begin_ns, end_ns)
    order = " DESC" if newest_first else ""
    if after is not None:
        condition += f"\n  AND (ts, seq) {'<' if newest_first else '>'} ({after[0]}, {after[1]})"
    return (
        f"{with_definitions(plan.definitions)}SELECT {_COLUMNS}\nFROM lines\nWHERE {condition}\n"
        f"ORDER BY ts{order}, seq{order}\nLIMIT {rows}"
    )


def with_definitions(definitions: Sequence[str]) -> str:
    """The WITH of a statement, if there is anything to define."""
    return "WITH " + ",\n  ".join(definitions) + "\n" if definitions else ""


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


def last_lines(stream_ids: Iterable[int], begin_ns: int, end_ns: int) -> str:
    """The last instant in the span of each stream that has a line in it."""
    return (
        f"SELECT stream_id, max(ts) AS last\nFROM lines\nWHERE {of_streams(stream_ids)}\n"
        f"  AND ts >= {begin_ns}\n  AND ts < {end_ns}\nGROUP BY stream_id"
    )


def counts(plan: Plan, window: Window, *, by_stream: bool, keys: Sequence[str], with_bytes: bool) -> str:
    """Lines (and bytes) by series and by place in time (`places`)."""
    names = [*(["stream_id"] if by_stream else []), *(f"key_{i}" for i in range(len(keys)))]
    where_of, narrower = _place(window)
    columns = [
        *(["stream_id"] if by_stream else []),
        *(f"{key} AS key_{i}" for i, key in enumerate(keys)),
        *where_of,
        *_amounts(with_bytes),
        f"{'countIf(' + ' OR '.join(plan.suspects) + ')' if plan.suspects else 'toUInt64(0)'} AS suspect",
    ]
    return (
        f"SELECT {', '.join(columns)}\nFROM lines\n"
        f"WHERE {where(plan, window.begin_ns, window.end_ns)}{narrower}\n"
        f"GROUP BY {', '.join([*names, *_names(where_of)])}"
    )


def tallies(plan: Plan, engine: EnginePlan, window: Window, names: Sequence[str], *, with_bytes: bool) -> str:
    """Lines (and bytes) by labels out of the lines and by place in time. Of those that are not KEPT only `state` is
    told; of those that are UNREAD the engine's plan does not speak. To be run eagerly: columns/ knows what is dear.
    """
    where_of, narrower = _place(window)
    named = _keys(engine, names)
    return (
        f"{_with_engine(engine)}SELECT {', '.join([*named, 'state', *where_of, *_amounts(with_bytes)])}\n"
        f"FROM lines\nWHERE {_where_engine(plan, engine, window)}{narrower}\n"
        f"GROUP BY {', '.join([*_names(named), 'state', *_names(where_of)])}"
    )


def numbers(plan: Plan, engine: EnginePlan, window: Window, names: Sequence[str], *, in_order: bool) -> str:
    """The numbers of `unwrap` and their instants by labels out of the lines, as lists; `seqs` only with `in_order`.
    `state`, and how it is to be run, as in `tallies`.
    """
    named = _keys(engine, names)
    lists = [("ts", "instants"), (engine.number, "amounts"), *([("seq", "seqs")] if in_order else [])]
    columns = [*named, "state", *(f"groupArrayIf({what}, state = {KEPT}) AS {name}" for what, name in lists)]
    return (
        f"{_with_engine(engine)}SELECT {', '.join([*columns, 'count() AS lines'])}\n"
        f"FROM lines\nWHERE {_where_engine(plan, engine, window)}\n"
        f"GROUP BY {', '.join([*_names(named), 'state'])}"
    )


def places(table: pa.Table, window: Window) -> tuple[Places, Places]:
    """First and last point whose window holds the lines of each row of `counts` or `tallies`."""
    if "piece" not in table.column_names:
        return array_of(table["first"]), array_of(table["last"])
    return window.points_of(window.begin_ns + array_of(table["piece"]).astype(np.int64) * window.piece_ns)


def _place(window: Window) -> tuple[list[str], str]:
    """Columns that say which windows hold a line, and a condition that some window does.

    By the pieces that all windows consist of; where these would be too many, by first and last point: for one window
    width there are few such pairs, whatever range and step are.
    """
    if window.piece_ns:
        return [f"intDiv(ts - {window.begin_ns}, {window.piece_ns}) AS piece"], ""
    since = f"(ts - {window.begin_ns - 1})"  # 1 at the first instant of the first window
    first = f"greatest(0, intDiv({since} - {window.range_ns} + {window.step_ns - 1}, {window.step_ns}))"
    last = f"least({window.points - 1}, intDiv({since} - 1, {window.step_ns}))"
    return [f"{first} AS first", f"{last} AS last"], "\n  AND first <= last"


def _amounts(with_bytes: bool) -> list[str]:
    return ["count() AS lines", f"{'sum(line.size)' if with_bytes else 'toUInt64(0)'} AS bytes"]


def _names(columns: Sequence[str]) -> list[str]:
    return [column.rpartition(" AS ")[2] for column in columns]


def _keys(engine: EnginePlan, names: Sequence[str]) -> list[str]:
    """The labels of a row that is kept; of one in doubt they are not known."""
    values = [engine.labels[name].value for name in names]
    return [f"if(state = {KEPT}, toString({value}), '') AS key_{i}" for i, value in enumerate(values)]


def _with_engine(engine: EnginePlan) -> str:
    unread = f"NOT ({engine.known}), {UNREAD}, " if engine.known else ""
    return with_definitions(
        (
            *engine.definitions,
            f"multiIf({unread}{engine.doubt}, {IN_DOUBT}, {engine.holds}, {KEPT}, {DROPPED}) AS state",
        )
    )


def _where_engine(plan: Plan, engine: EnginePlan, window: Window) -> str:
    span = (of_streams(plan.streams), f"ts >= {window.begin_ns}", f"ts < {window.end_ns}")
    return "\n  AND ".join((*span, *plan.hints, *engine.lines))


def metadata_key(name: str) -> str:
    """SQL of one label's value from what the entry came with."""
    return "detected_level" if name == "detected_level" else f"metadata[{quote(name)}]"
