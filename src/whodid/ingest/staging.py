"""A commit whose bodies need a closer look: a line is too old, too long or malformed, or its push is a repeat.

The bodies are decoded into a table in memory first, each alone if one of them is broken; they are judged there by small
queries, told what is wrong with them, and the good lines are moved to `lines` in one insert. Also the SQL expressions
that a direct commit has in common with it. Called by commit.py, in its thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from whodid.ingest import decode
from whodid.ingest.body import Body, Committed, Refusal
from whodid.ingest.check import MALFORMED_CODES, Bounds, facts, odd_metadata
from whodid.ingest.levels import detected_level
from whodid.ingest.limits import Limits
from whodid.ingest.spool import Spool
from whodid.model.clock import SECOND, format_rfc3339
from whodid.store.sql import LINE_COLUMNS, number_list
from whodid.store.store import Connection, StoreError
from whodid.wire.push_protobuf import MalformedPush

TABLE = "staging"
_COLUMNS = (
    "number UInt32, stream_id UInt64, push_key UInt64, label_level String, "
    "ts Int64, line String, metadata Map(LowCardinality(String), String)"
)
_REFUSALS_TOLD = 20
"""Of one stream; Loki tells each of them."""
_TOO_OLD, _TOO_NEW, _TOO_LONG, _TOO_LARGE, _TOO_MANY = range(1, 6)
_ARRAYS = ("mapKeys(metadata)", "mapValues(metadata)")
_METADATA_BYTES = f"(length(arrayStringConcat({_ARRAYS[0]})) + length(arrayStringConcat({_ARRAYS[1]})))"


def prepare(connection: Connection) -> None:
    """Makes the staging table; once at start."""
    connection.write(f"CREATE TABLE IF NOT EXISTS {TABLE} ({_COLUMNS}) ENGINE = Memory")


def commit(
    connection: Connection, spool: Spool, bodies: Sequence[Body], first_seq: int, limits: Limits, now_ns: int
) -> Committed:
    """Stores what is good of the bodies; the rest ends in their `error` and `refusals`. Raises StoreError."""
    bounds = Bounds.of(limits, now_ns)
    stage = _Stage(connection, spool, bounds)
    good = stage.fill(bodies)
    stored = count = 0
    if good:
        fault = _fault(bounds)
        count, odd, refused = stage.facts(f"count(), max({odd_metadata(*_ARRAYS, bounds)}), max({fault} != 0)")
        where = "1"
        if refused:
            where = f"{fault} = 0"
            _explain(stage, good)
        skip = _already_stored(stage, good, where)
        if count and len(skip) < len(good):
            stored = connection.write(_insert(skip, first_seq, where, bool(odd)))
        stage.empty()
    return Committed(first_seq + count - 1, stored)


@dataclass(frozen=True, slots=True)
class _Stage:
    """The table in memory and its connection."""

    connection: Connection
    spool: Spool
    bounds: Bounds

    def empty(self) -> None:
        self.connection.write(f"TRUNCATE TABLE {TABLE}")

    def facts(self, columns: str, where: str = "1") -> list[int]:
        """One row of numbers about what is staged."""
        table = self.connection.select(f"SELECT {columns} FROM {TABLE} WHERE {where}")
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
        self.spool.fill(decode.rows(bodies))
        path, schema = self.spool.path, self.spool.schema
        try:
            if facts(self.connection, path, schema, self.bounds).streams != sum(len(b.stream_ids) for b in bodies):
                return MalformedPush("the push body is no protobuf PushRequest: its streams cannot be told apart")
            self.connection.write(
                f"""INSERT INTO {TABLE} SELECT number, stream_id, push_key, label_level, {decode.NS}, {decode.LINE},
                mapFromArrays({decode.NAMES}, {decode.VALUES})
                FROM {decode.lines(path)} {decode.settings(schema)}"""
            )
        except StoreError as e:
            if e.code in MALFORMED_CODES:
                return MalformedPush(f"the push body is no protobuf PushRequest: {e}")
            return StoreError(f"the lines could not be read by the engine, send them again: {e}")
        return None


def _fault(bounds: Bounds) -> str:
    """SQL: what is wrong with a line, in the order in which Loki looks; 0 if nothing."""
    return (
        f"multiIf(ts < {bounds.low_ns}, {_TOO_OLD}, ts > {bounds.high_ns}, {_TOO_NEW}, "
        f"length(line) > {bounds.line_bytes}, {_TOO_LONG}, {_METADATA_BYTES} > {bounds.metadata_bytes}, {_TOO_LARGE}, "
        f"length(metadata) > {bounds.metadata_names}, {_TOO_MANY}, 0)"
    )


def _explain(stage: _Stage, bodies: Sequence[Body]) -> None:
    """Tells each body which of its lines are refused, in Loki's words; equal words once."""
    table = stage.connection.select(
        f"""SELECT number, {_fault(stage.bounds)} AS fault, multiIf(
                fault <= {_TOO_NEW}, intDiv(ts, 1000000000), fault = {_TOO_LONG}, toInt64(length(line)),
                fault = {_TOO_LARGE}, toInt64({_METADATA_BYTES}), toInt64(length(metadata))
            ) AS measure, count() AS lines, sum(lines) OVER (PARTITION BY number) AS of_stream
        FROM {TABLE} WHERE fault != 0
        GROUP BY number, fault, measure ORDER BY number, fault, measure LIMIT {_REFUSALS_TOLD} BY number"""
    )
    owner = [body for body in bodies for _ in body.stream_ids]
    names = [name for body in bodies for name in body.stream_names]
    untold: dict[int, int] = {}
    for row in table.to_pylist():
        number = row["number"]
        text = _words(row["fault"], row["measure"], names[number - 1], stage.bounds)
        owner[number - 1].refusals.append(Refusal(text, row["lines"]))
        untold[number] = untold.get(number, row["of_stream"]) - row["lines"]
    for number, lines in untold.items():
        if lines:
            text = f"entries for stream '{names[number - 1]}' are refused for reasons like those that are told"
            owner[number - 1].refusals.append(Refusal(text, lines))


def _words(fault: int, measure: int, stream: str, bounds: Bounds) -> str:
    """Loki's sentence; instants with seconds, as there."""
    if fault == _TOO_OLD:
        return (
            f"entry for stream '{stream}' has timestamp too old: {format_rfc3339(measure * SECOND)}, "
            f"oldest acceptable timestamp is: {format_rfc3339(bounds.low_ns // SECOND * SECOND)}"
        )
    if fault == _TOO_NEW:
        return f"entry for stream '{stream}' has timestamp too new: {format_rfc3339(measure * SECOND)}"
    if fault == _TOO_LONG:
        return (
            f"max entry size '{bounds.line_bytes}' bytes exceeded for stream '{stream}' "
            f"while adding an entry with length '{measure}' bytes"
        )
    if fault == _TOO_LARGE:
        return (
            f"stream '{stream}' has structured metadata too large: '{measure}' bytes, limit: "
            f"'{bounds.metadata_bytes}' bytes. Please see `limits_config.max_structured_metadata_size` "
            "or contact your Loki administrator to increase it."
        )
    return (
        f"stream '{stream}' has too many structured metadata labels: '{measure}', limit: '{bounds.metadata_names}'. "
        "Please see `limits_config.max_structured_metadata_entries_count` or contact your Loki administrator to "
        "increase it."
    )


def _already_stored(stage: _Stage, bodies: Sequence[Body], where: str) -> set[int]:
    """The keys among repeated bodies whose rows are all there; rows of a half-stored one are removed first."""
    done: set[int] = set()
    before = 0
    for body in bodies:
        first, before = before + 1, before + len(body.stream_ids)
        if not body.repeated or not body.push_key:
            continue
        own = f"number BETWEEN {first} AND {before}"
        [due] = stage.facts("count()", f"{own} AND {where}")
        # Lines are ordered by stream: without them the keys of the whole table would be read, and all commits wait.
        stored = f"push_key = {body.push_key} AND stream_id IN (SELECT stream_id FROM {TABLE} WHERE {own})"
        there = stage.connection.select(f"SELECT count() FROM lines WHERE {stored}")[0][0].as_py()
        # More than is due: the clock moved on, and what was stored then would be too old today.
        if there >= due:
            done.add(body.push_key)
        elif there:
            # A crash in the middle of a commit over several days' partitions: part of the rows got in, unacknowledged.
            stage.connection.write(
                f"DELETE FROM lines WHERE push_key = {body.push_key} SETTINGS lightweight_deletes_sync = 2"
            )
    return done


def _insert(skip: set[int], first_seq: int, where: str, odd: bool) -> str:
    skipped = f" AND NOT has({number_list(skip)}, push_key)" if skip else ""
    return f"""INSERT INTO lines ({LINE_COLUMNS}) SELECT stream_id, ts, {first_seq} + rowNumberInAllBlocks(),
            toValidUTF8(raw) AS line, {without_level("metadata")}, {detected_level("label_level", _ARRAYS)}, push_key
        FROM (
            SELECT * EXCEPT (line, metadata), line AS raw, {_repaired("metadata") if odd else "metadata"} AS metadata
            FROM {TABLE} WHERE {where}{skipped}
        )
        SETTINGS max_threads = 1, max_insert_threads = 1, max_partitions_per_insert_block = 0"""


# ---- expressions ----


def without_level(metadata: str) -> str:
    """Metadata as it is stored: the level has a column of its own."""
    return (
        f"if(mapContains({metadata}, 'detected_level'), mapFilter((k, v) -> k != 'detected_level', metadata), metadata)"
    )


def _repaired(metadata: str) -> str:
    """Broken bytes are replaced, and names made such as a label may have, as Loki makes those of OpenTelemetry: `a.b`
    is `a_b`, `1st` is `key_1st`, `_x` is `key_x`.

    Of names that stand twice, also for that reason, the last value is kept: else SQL's filters would see the first and
    a reader the last.
    """
    name = "replaceRegexpAll(toValidUTF8(k), '[^a-zA-Z0-9_]', '_')"
    for pattern, front in (("^([0-9])", "key_"), ("^_($|[^_])", "key_"), ("^()$", "key_")):
        name = f"replaceRegexpOne({name}, '{pattern}', '{front}\\\\1')"
    mapping = f"mapApply((k, v) -> ({name}, toValidUTF8(v)), {metadata})"
    distinct = "arrayReverse(arrayDistinct(arrayReverse(mapKeys(m))))"
    last = f"arrayMap(k -> arrayLast((v, name) -> name = k, mapValues(m), mapKeys(m)), {distinct})"
    return f"arrayElement(arrayMap(m -> mapFromArrays({distinct}, {last}), [{mapping}]), 1)"
