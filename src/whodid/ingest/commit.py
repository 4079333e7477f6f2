"""One commit: several push bodies become rows, in the engine, in a few statements.

The bodies go concatenated (concatenated protobuf messages merge) through shared memory (spool.py) into a staging table,
are judged there by one small query, and are moved to `lines` in one insert that ends with fsync. Python never touches a
line: it reads the few label sets and writes SQL. Runs in the store's writing thread; called by pipeline.py only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from whodid.ingest.levels import detected_level
from whodid.ingest.limits import Limits
from whodid.ingest.spool import Spool
from whodid.model.clock import format_rfc3339
from whodid.store.sql import number_list, quote, quote_list
from whodid.store.store import Connection, StoreError
from whodid.wire.push_protobuf import MalformedPush

_STAGING = """CREATE TABLE IF NOT EXISTS staging
(stream_no UInt32, ts Int64, line String, metadata Map(LowCardinality(String), String)) ENGINE = Memory"""
_SHAPE = (
    "`streams.labels` Array(String), `streams.entries` Array(Array(Tuple(timestamp Tuple(seconds Int64, nanos Int32), "
    "line String, structuredMetadata Array(Tuple(name String, value String)))))"
)
_UNIT_S = 9_000_000_000
"""Seconds are held within ±285 years of 1970, so that hostile instants cannot overflow Int64 nanoseconds."""
_REJECTIONS_TOLD = 20
_EMPTY_STAGING = "TRUNCATE TABLE staging"
_MALFORMED_CODES = frozenset(
    (
        "UNKNOWN_PROTOBUF_FORMAT",
        "PROTOBUF_BAD_CAST",
        "CANNOT_READ_ALL_DATA",
        "ATTEMPT_TO_READ_AFTER_EOF",
        "LOGICAL_ERROR",
        "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO",
    )
)
"""What the engine says of bytes that are no PushRequest (LOGICAL_ERROR: of lengths beyond any memory). Every other
failure is the engine's own: the client must come again, or its lines would be lost."""


@dataclass(slots=True)
class Body:
    """One decompressed push body, its streams resolved."""

    data: bytes
    stream_ids: list[int]
    """Per stream of the body, in order; 0 where the stream was refused."""
    stream_names: list[str]
    stream_levels: list[str]
    push_key: int = 0
    repeated: bool = False
    """The client has sent this key before: look into the table before storing."""
    rejections: list[str] = field(default_factory=list)
    error: MalformedPush | StoreError | None = None
    """Why nothing of it was stored."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit stored: rows with first_seq ≤ seq ≤ last_seq; some numbers in between may be unused."""

    first_seq: int
    last_seq: int
    """first_seq - 1 if the bodies held no line."""
    lines: int
    bytes: int


def prepare(connection: Connection) -> None:
    """Makes the staging table; once at start."""
    connection.write(_STAGING)


def commit(
    connection: Connection, bodies: Sequence[Body], first_seq: int, spool: Spool, limits: Limits, now_ns: int
) -> Committed:
    """Stores the bodies, their lines numbered from `first_seq`.

    A body's own faults end in its `error` and `rejections`, never in an exception. Raises StoreError.
    """
    good = _stage(connection, bodies, spool)
    stored = count = size = 0
    if good:
        bounds = (now_ns - limits.reject_older_ns, now_ns + limits.creation_grace_ns)
        facts = connection.select(
            "SELECT min(ts), max(ts), max(length(line)), count(), sum(length(line)), min(isValidUTF8(line)), "
            "max(length(metadata)) FROM staging"
        ).to_pylist()[0]
        low, high, longest, count, size, valid, pairs = facts.values()
        where = "1"
        if count and (low < bounds[0] or high > bounds[1] or longest > limits.max_line_bytes):
            where = f"ts >= {bounds[0]} AND ts <= {bounds[1]} AND length(line) <= {limits.max_line_bytes}"
            _explain(connection, good, bounds, limits)
        skip = _already_stored(connection, good, where)
        if count and len(skip) < len(good):
            metadata = _judge_metadata(connection) if pairs else None
            stored = connection.write(_insert(good, skip, first_seq, where, bool(valid), metadata))
        connection.write(_EMPTY_STAGING)
    return Committed(first_seq, first_seq + count - 1, stored, int(size or 0))


def _judge_metadata(connection: Connection) -> str:
    """The SQL of the metadata to store; a question of its own, since many bodies have none and it is a dear one."""
    facts = connection.select(
        "SELECT min(arrayAll(v -> isValidUTF8(v), mapValues(metadata)) "
        "AND arrayAll(k -> isValidUTF8(k), mapKeys(metadata))), "
        "max(length(metadata) != arrayUniq(mapKeys(metadata))) FROM staging"
    ).to_pylist()[0]
    clean, twins = facts.values()
    mapping = "metadata" if clean else "mapApply((k, v) -> (toValidUTF8(k), toValidUTF8(v)), metadata)"
    # Two keys that differ only in broken bytes become the same.
    return mapping if clean and not twins else _last_of_twins(mapping)


def _stage(connection: Connection, bodies: Sequence[Body], spool: Spool) -> list[Body]:
    """Decodes the bodies into the staging table; bodies that the engine cannot decode get an error and are left out."""
    failure = _try_decode(connection, bodies, spool)
    if failure is None:
        return list(bodies)
    if len(bodies) == 1:
        bodies[0].error = failure
        return []
    # One of several is broken: find it by decoding each alone; its neighbours must not suffer.
    for body in bodies:
        body.error = _try_decode(connection, [body], spool)
    good = [body for body in bodies if body.error is None]
    if good and (failure := _try_decode(connection, good, spool)) is not None:
        raise failure
    return good


def _try_decode(connection: Connection, bodies: Sequence[Body], spool: Spool) -> MalformedPush | StoreError | None:
    """Fills the staging table with these bodies alone; rows that a failed commit left there would get wrong streams."""
    connection.write(_EMPTY_STAGING)
    spool.fill(body.data for body in bodies)
    try:
        _decode(connection, sum(len(body.stream_ids) for body in bodies), spool)
    except StoreError as e:
        if e.code in _MALFORMED_CODES:
            return MalformedPush(f"the push body is no protobuf PushRequest: {e}")
        return StoreError(f"the lines could not be read by the engine, send them again: {e}")
    finally:
        spool.clear()
    return None


def _decode(connection: Connection, streams: int, spool: Spool) -> None:
    """The stream of a row is its place among all streams, so the engine must count as many as were resolved."""
    seconds = f"greatest({-_UNIT_S}, least({_UNIT_S}, tupleElement(tupleElement(entry, 'timestamp'), 'seconds')))"
    pairs = "tupleElement(entry, 'structuredMetadata')"
    connection.write(
        f"""INSERT INTO staging SELECT
            stream_no,
            {seconds} * 1000000000 + tupleElement(tupleElement(entry, 'timestamp'), 'nanos'),
            tupleElement(entry, 'line'),
            mapFromArrays(tupleElement({pairs}, 'name'), tupleElement({pairs}, 'value'))
        FROM (
            SELECT stream_no, arrayJoin(entries) AS entry
            FROM (
                SELECT tupleElement(stream, 1) AS entries, tupleElement(stream, 2) AS stream_no
                FROM (
                    SELECT arrayJoin(arrayZip(`streams.entries`, arrayEnumerate(`streams.entries`))) AS stream
                    FROM file({quote(spool.path)}, 'ProtobufSingle', {quote(_SHAPE)})
                    WHERE NOT throwIf(length(`streams.entries`) != {streams}, 'another number of streams')
                )
            )
        )
        SETTINGS format_schema = {quote(spool.schema)}, max_threads = 1, max_insert_threads = 1"""
    )


def _explain(connection: Connection, bodies: Sequence[Body], bounds: tuple[int, int], limits: Limits) -> None:
    """Tells each body which of its lines are refused, in Loki's words."""
    low, high = bounds
    table = connection.select(
        f"""SELECT stream_no, ts, length(line) AS size FROM staging
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


def _already_stored(connection: Connection, bodies: Sequence[Body], where: str) -> set[int]:
    """The keys among repeated bodies whose rows are all there; rows of a half-stored one are removed first."""
    done: set[int] = set()
    at = 1
    for body in bodies:
        numbers = range(at, at + len(body.stream_ids))
        at += len(body.stream_ids)
        if not body.repeated or not body.push_key:
            continue
        kept = number_list(n for n, i in zip(numbers, body.stream_ids, strict=True) if i)
        due = connection.select(f"SELECT count() AS n FROM staging WHERE has({kept}, stream_no) AND {where}")
        there = connection.select(f"SELECT count() AS n FROM lines WHERE push_key = {body.push_key}")
        # More than is due: the clock moved on, and what was stored then would be too old today.
        if there["n"][0].as_py() >= due["n"][0].as_py():
            done.add(body.push_key)
        elif there["n"][0].as_py():
            # A crash in the middle of a commit over several days' partitions: part of the rows got in, unacknowledged.
            connection.write(
                f"DELETE FROM lines WHERE push_key = {body.push_key} SETTINGS lightweight_deletes_sync = 2"
            )
    return done


def _insert(
    bodies: Sequence[Body], skip: set[int], first_seq: int, where: str, valid: bool, metadata: str | None
) -> str:
    ids = number_list(0 if body.push_key in skip else i for body in bodies for i in body.stream_ids)
    keys = number_list(body.push_key for body in bodies for _ in body.stream_ids)
    levels = quote_list(level for body in bodies for level in body.stream_levels)
    any_level = any(level for body in bodies for level in body.stream_levels)
    stream_level = f"arrayElement({levels}, stream_no)" if any_level else "''"
    level = detected_level(stream_level, with_metadata=metadata is not None)
    line = "line" if valid else "toValidUTF8(line)"
    kept = "metadata"
    if metadata is not None:
        without_level = "mapFilter((k, v) -> k != 'detected_level', metadata)"
        kept = f"if(mapContains(metadata, 'detected_level'), {without_level}, metadata)"
    return f"""INSERT INTO lines SELECT
            arrayElement(CAST({ids}, 'Array(UInt64)'), stream_no),
            ts,
            {first_seq} + rowNumberInAllBlocks(),
            line,
            {kept},
            {level},
            arrayElement(CAST({keys}, 'Array(UInt64)'), stream_no)
        FROM (
            SELECT stream_no, ts, {line} AS line, {metadata or "metadata"} AS metadata FROM staging
            WHERE {where} AND arrayElement(CAST({ids}, 'Array(UInt64)'), stream_no) != 0
        )
        SETTINGS max_threads = 1, max_insert_threads = 1, max_partitions_per_insert_block = 0,
            compile_expressions = 0"""


def _last_of_twins(mapping: str) -> str:
    """A name that stands twice keeps its last value; else SQL's filters would see the first and a reader the last."""
    distinct = "arrayReverse(arrayDistinct(arrayReverse(mapKeys(m))))"
    last = f"arrayMap(k -> arrayLast((v, name) -> name = k, mapValues(m), mapKeys(m)), {distinct})"
    return f"arrayElement(arrayMap(m -> mapFromArrays({distinct}, {last}), [{mapping}]), 1)"
