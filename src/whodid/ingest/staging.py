"""A commit whose bodies need a closer look: a line is too old, too long or malformed, or its push is a repeat.

The bodies are decoded into a table in memory first, each alone if one of them is broken; they are judged there by small
queries, told what is wrong with them, and the good lines are moved to `lines` in one insert. Also the SQL expressions
that a direct commit has in common with it. Called by commit.py, in its thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from whodid.ingest import decode
from whodid.ingest.body import Body, Committed
from whodid.ingest.levels import detected_level
from whodid.ingest.limits import Limits
from whodid.ingest.spool import Spool
from whodid.model.clock import format_rfc3339
from whodid.store.sql import number_list, quote_list
from whodid.store.store import Connection, StoreError
from whodid.wire.push_protobuf import MalformedPush

_COLUMNS = "stream_no UInt32, ts Int64, line String, metadata Map(LowCardinality(String), String)"
_REJECTIONS_TOLD = 20
MALFORMED_CODES = frozenset(
    (
        "UNKNOWN_PROTOBUF_FORMAT",
        "PROTOBUF_BAD_CAST",
        "CANNOT_READ_ALL_DATA",
        "ATTEMPT_TO_READ_AFTER_EOF",
        "LOGICAL_ERROR",
        "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO",
    )
)
"""What the engine says of bytes that are no PushRequest (LOGICAL_ERROR: of lengths beyond any memory), before it writes
anything. Every other failure is the engine's own: the client must come again, or its lines would be lost."""


def prepare(connection: Connection, lane: int) -> None:
    """Makes a lane's staging table; once at start."""
    connection.write(f"CREATE TABLE IF NOT EXISTS {_table(lane)} ({_COLUMNS}) ENGINE = Memory")


def commit(
    connection: Connection, lane: int, spool: Spool, bodies: Sequence[Body], first_seq: int, limits: Limits, now_ns: int
) -> Committed:
    """Stores what is good of the bodies; the rest ends in their `error` and `rejections`. Raises StoreError."""
    stage = _Stage(connection, _table(lane), spool)
    good = stage.fill(bodies)
    stored = count = 0
    if good:
        bounds = (now_ns - limits.reject_older_ns, now_ns + limits.creation_grace_ns)
        low, high, longest, count, odd = stage.facts(
            f"min(ts), max(ts), max(length(line)), count(), "
            f"max({odd_metadata('mapKeys(metadata)', 'mapValues(metadata)')})"
        )
        where = "1"
        if count and (low < bounds[0] or high > bounds[1] or longest > limits.max_line_bytes):
            where = f"ts >= {bounds[0]} AND ts <= {bounds[1]} AND length(line) <= {limits.max_line_bytes}"
            _explain(stage, good, bounds, limits)
        skip = _already_stored(stage, good, where)
        if count and len(skip) < len(good):
            stored = connection.write(_insert(stage.table, good, skip, first_seq, where, bool(odd)))
        stage.empty()
    return Committed(first_seq, first_seq + count - 1, stored, sum(len(body.data) for body in good))


def _table(lane: int) -> str:
    return f"staging_{lane}"


@dataclass(frozen=True, slots=True)
class _Stage:
    """The table in memory and its connection."""

    connection: Connection
    table: str
    spool: Spool

    def empty(self) -> None:
        self.connection.write(f"TRUNCATE TABLE {self.table}")

    def facts(self, columns: str, where: str = "1") -> list[int]:
        """One row of numbers about what is staged."""
        table = self.connection.select(f"SELECT {columns} FROM {self.table} WHERE {where}")
        return [column[0].as_py() for column in table.columns]

    def fill(self, bodies: Sequence[Body]) -> list[Body]:
        """Decodes the bodies into the table; those that the engine cannot decode get an error and are left out."""
        failure = self._try(bodies)
        if failure is None:
            return list(bodies)
        if len(bodies) == 1:
            bodies[0].error = failure
            return []
        # One of several is broken: find it by decoding each alone; its neighbours must not suffer.
        for body in bodies:
            body.error = self._try([body])
        good = [body for body in bodies if body.error is None]
        if good and (failure := self._try(good)) is not None:
            raise failure
        return good

    def _try(self, bodies: Sequence[Body]) -> MalformedPush | StoreError | None:
        """Fills the table with these bodies alone; rows that a failed commit left there would get wrong streams."""
        self.empty()
        try:
            self.connection.write(
                f"""INSERT INTO {self.table} SELECT stream_no, {decode.NS}, {decode.LINE},
                mapFromArrays({decode.NAMES}, {decode.VALUES}) FROM {decode.spooled(bodies, self.spool)}
                {decode.settings(self.spool)}"""
            )
        except StoreError as e:
            if e.code in MALFORMED_CODES:
                return MalformedPush(f"the push body is no protobuf PushRequest: {e}")
            return StoreError(f"the lines could not be read by the engine, send them again: {e}")
        return None


def _explain(stage: _Stage, bodies: Sequence[Body], bounds: tuple[int, int], limits: Limits) -> None:
    """Tells each body which of its lines are refused, in Loki's words."""
    low, high = bounds
    table = stage.connection.select(
        f"""SELECT stream_no, ts, length(line) AS size FROM {stage.table}
        WHERE ts < {low} OR ts > {high} OR size > {limits.max_line_bytes} LIMIT {_REJECTIONS_TOLD} BY stream_no"""
    )
    owner = [body for body in bodies for _ in body.stream_ids]
    names = [name for body in bodies for name in body.stream_names]
    for row in table.to_pylist():
        body, name, ts = owner[row["stream_no"] - 1], names[row["stream_no"] - 1], row["ts"]
        if row["size"] > limits.max_line_bytes:
            text = (
                f"max entry size '{limits.max_line_bytes}' bytes exceeded for stream '{name}' "
                f"while adding an entry with length '{row['size']}' bytes"
            )
        elif ts < low:
            text = (
                f"entry for stream '{name}' has timestamp too old: {format_rfc3339(ts)}, "
                f"oldest acceptable timestamp is: {format_rfc3339(low)}"
            )
        else:
            text = f"entry for stream '{name}' has timestamp too new: {format_rfc3339(ts)}"
        body.rejections.append(text)


def _already_stored(stage: _Stage, bodies: Sequence[Body], where: str) -> set[int]:
    """The keys among repeated bodies whose rows are all there; rows of a half-stored one are removed first."""
    done: set[int] = set()
    before = 0
    for body in bodies:
        first, before = before + 1, before + len(body.stream_ids)
        if not body.repeated or not body.push_key:
            continue
        [due] = stage.facts("count()", f"stream_no BETWEEN {first} AND {before} AND {where}")
        there = stage.connection.select(f"SELECT count() FROM lines WHERE push_key = {body.push_key}")[0][0].as_py()
        # More than is due: the clock moved on, and what was stored then would be too old today.
        if there >= due:
            done.add(body.push_key)
        elif there:
            # A crash in the middle of a commit over several days' partitions: part of the rows got in, unacknowledged.
            stage.connection.write(
                f"DELETE FROM lines WHERE push_key = {body.push_key} SETTINGS lightweight_deletes_sync = 2"
            )
    return done


def _insert(table: str, bodies: Sequence[Body], skip: set[int], first_seq: int, where: str, odd: bool) -> str:
    skipped = f" AND NOT has({number_list(skip)}, {keys_of(bodies)})" if skip else ""
    return f"""INSERT INTO lines SELECT {ids_of(bodies)}, ts, {first_seq} + rowNumberInAllBlocks(),
            toValidUTF8(raw) AS line, {without_level("metadata")}, {level_of(bodies, True)}, {keys_of(bodies)}
        FROM (
            SELECT stream_no, ts, line AS raw, {_repaired("metadata") if odd else "metadata"} AS metadata
            FROM {table} WHERE {where}{skipped}
        )
        SETTINGS max_threads = 1, max_insert_threads = 1, max_partitions_per_insert_block = 0"""


# ---- expressions ----


def ids_of(bodies: Sequence[Body]) -> str:
    """The SQL of a row's stream id, by its `stream_no`."""
    return _by_stream(number_list(i for body in bodies for i in body.stream_ids))


def keys_of(bodies: Sequence[Body]) -> str:
    """The SQL of a row's push key."""
    if not any(body.push_key for body in bodies):
        return "toUInt64(0)"
    return _by_stream(number_list(body.push_key for body in bodies for _ in body.stream_ids))


def level_of(bodies: Sequence[Body], with_metadata: bool) -> str:
    """The SQL of a row's detected_level, over `line` and, if there is any, `metadata`."""
    levels = [level for body in bodies for level in body.stream_levels]
    stated = f"arrayElement({quote_list(levels)}, stream_no)" if any(levels) else "''"
    return detected_level(stated, with_metadata=with_metadata)


def _by_stream(numbers: str) -> str:
    return f"arrayElement(CAST({numbers}, 'Array(UInt64)'), stream_no)"


def odd_metadata(names: str, values: str) -> str:
    """SQL: some name or value is no UTF-8, or a name stands twice."""
    return (
        f"(notEmpty({names}) AND (length({names}) != arrayUniq({names}) "
        f"OR arrayExists(s -> NOT isValidUTF8(s), arrayConcat({names}, {values}))))"
    )


def without_level(metadata: str) -> str:
    """Metadata as it is stored: the level has a column of its own."""
    return (
        f"if(mapContains({metadata}, 'detected_level'), mapFilter((k, v) -> k != 'detected_level', metadata), metadata)"
    )


def _repaired(metadata: str) -> str:
    """Broken bytes are replaced; of names that stand twice, also for that reason, the last value is kept.

    Else SQL's filters would see the first and a reader the last.
    """
    mapping = f"mapApply((k, v) -> (toValidUTF8(k), toValidUTF8(v)), {metadata})"
    distinct = "arrayReverse(arrayDistinct(arrayReverse(mapKeys(m))))"
    last = f"arrayMap(k -> arrayLast((v, name) -> name = k, mapValues(m), mapKeys(m)), {distinct})"
    return f"arrayElement(arrayMap(m -> mapFromArrays({distinct}, {last}), [{mapping}]), 1)"
