"""Rows become lines: one insert, in the engine, that reads a file of rows and ends with fsync.

Nearly every body is only looked at as a whole (check.py); one that needs a judgement goes through staging.py. A
statement costs tens of milliseconds to plan whatever it holds, so its SQL is kept short. The functions here run in the
store's appending threads; called by committer.py and backlog.py.
"""

from collections.abc import Sequence

from whodid.ingest import decode, staging
from whodid.ingest.body import Body, Committed
from whodid.ingest.check import Bounds, Facts, fitting
from whodid.ingest.levels import detected_level
from whodid.ingest.limits import Limits
from whodid.ingest.spool import Spool
from whodid.store.sql import LINE_COLUMNS
from whodid.store.store import Connection, StoreError


def look(
    connection: Connection, spool: Spool, bodies: Sequence[Body], limits: Limits, now_ns: int
) -> tuple[bytes, Facts | None]:
    """Spools the rows of the bodies; the rows and what they hold, or None if they cannot be stored as they are."""
    if any(body.repeated for body in bodies):
        return b"", None
    rows = decode.rows(bodies)
    spool.fill(rows)
    streams = sum(len(body.stream_ids) for body in bodies)
    return rows, fitting(connection, spool.path, spool.schema, Bounds.of(limits, now_ns), streams)


def insert(
    connection: Connection, path: str, schema: str, first_seq: int, facts: Facts, *, again: bool = False
) -> None:
    """Stores the lines of a file of rows, numbered from `first_seq`. Raises StoreError.

    `again`: an earlier try was broken off, and what it stored already (one day's lines, or all) is left as it is.
    """
    arrays = decode.NAMES, decode.VALUES
    metadata = f"mapFromArrays({', '.join(arrays)})" if facts.metadata else "map()"
    if facts.levels:
        metadata = staging.without_level(f"{metadata} AS metadata")
    level = detected_level("label_level" if facts.label_levels else "''", arrays if facts.levels else None)
    rows, number = decode.lines(path, metadata=facts.metadata), f"{first_seq} + rowNumberInAllBlocks()"
    where = ""
    if again:
        rows, number = f"(SELECT {decode.columns(metadata=facts.metadata)}, {number} AS seq FROM {rows})", "seq"
        where = f"WHERE seq NOT IN (SELECT seq FROM lines WHERE {_numbered(first_seq, facts)})"
    stored = connection.write(
        f"""INSERT INTO lines ({LINE_COLUMNS})
        SELECT stream_id, {decode.NS} AS ts, {number}, toValidUTF8({decode.LINE}) AS line, {metadata}, {level}, push_key
        FROM {rows} {where} {decode.settings(schema)}"""
    )
    if again:
        stored = connection.select(f"SELECT count() FROM lines WHERE {_numbered(first_seq, facts)}")[0][0].as_py()
    if stored != facts.lines:
        raise StoreError(f"{stored} of {facts.lines} lines came into the table")


def _numbered(first_seq: int, facts: Facts) -> str:
    return f"seq BETWEEN {first_seq} AND {first_seq + facts.lines - 1}"


def commit(
    connection: Connection,
    spool: Spool,
    bodies: Sequence[Body],
    facts: Facts | None,
    first_seq: int,
    limits: Limits,
    now_ns: int,
) -> Committed:
    """Stores the bodies that were looked at, their lines numbered from `first_seq`.

    A body's own faults end in its `error` and `refusals`, never in an exception. Raises StoreError.
    """
    if facts is None:
        return staging.commit(connection, spool, bodies, first_seq, limits, now_ns)
    if facts.lines:
        insert(connection, spool.path, spool.schema, first_seq, facts)
    return Committed(first_seq + facts.lines - 1, facts.lines)
