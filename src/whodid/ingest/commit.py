"""One commit: several push bodies become rows, in the engine, in one insert that ends with fsync.

Python never touches a line: it names the few streams and writes SQL. Nearly every commit is the direct one here: the
insert reads the spooled bodies itself and breaks off, before anything is written, at the first line that needs a
judgement. Then staging.py looks at each body and tells what is wrong. A statement costs several milliseconds to plan
whatever it holds, so its SQL is kept short. Runs in one of the store's appending threads; called by pipeline.py only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from whodid.ingest import decode, staging
from whodid.ingest.body import Body, Committed
from whodid.ingest.limits import Limits
from whodid.ingest.spool import Spool
from whodid.store.store import Connection, StoreError

_METADATA_COMMITS = 1000
"""How long a lane that saw metadata goes on to expect it."""


@dataclass(slots=True)
class Lane:
    """What one appending thread works with, and what it has learnt from earlier commits."""

    number: int
    spool: Spool
    expect_metadata: int = 0
    """For how many commits more the dearer insert, which reads metadata, is tried first."""


def prepare(connection: Connection, lane: Lane) -> None:
    """Makes the lane's staging table; once at start."""
    staging.prepare(connection, lane.number)


def commit(
    connection: Connection, lane: Lane, bodies: Sequence[Body], first_seq: int, limits: Limits, now_ns: int
) -> Committed:
    """Stores the bodies, their lines numbered from `first_seq`.

    A body's own faults end in its `error` and `rejections`, never in an exception. Raises StoreError.
    """
    try:
        stored = None
        if not any(body.repeated for body in bodies):
            stored = _direct(connection, lane, bodies, first_seq, limits, now_ns)
        if stored is None:
            return staging.commit(connection, lane.number, lane.spool, bodies, first_seq, limits, now_ns)
    finally:
        lane.spool.clear()
    return Committed(first_seq, first_seq + stored - 1, stored, sum(len(body.data) for body in bodies))


def most_lines(bodies: Sequence[Body]) -> int:
    """A bound of the lines: each entry begins with its tag (18 as a varint), and other bytes look like it."""
    return sum(body.data.count(b"\x12") + body.data.count(b"\x92") for body in bodies)


def _direct(
    connection: Connection, lane: Lane, bodies: Sequence[Body], first_seq: int, limits: Limits, now_ns: int
) -> int | None:
    """The lines stored; None where some line needs a judgement, and nothing was stored."""
    source = decode.spooled(bodies, lane.spool)
    for with_metadata in (True,) if lane.expect_metadata else (False, True):
        try:
            stored = connection.write(_insert(source, lane.spool, bodies, first_seq, limits, now_ns, with_metadata))
        except StoreError as e:
            if e.code not in staging.MALFORMED_CODES and _some_stored(connection, bodies, first_seq):
                raise
            continue
        lane.expect_metadata = lane.expect_metadata - 1 if lane.expect_metadata else with_metadata * _METADATA_COMMITS
        return stored
    return None


def _some_stored(connection: Connection, bodies: Sequence[Body], first_seq: int) -> bool:
    """Whether an insert that failed in the engine may have written the rows of one day already.

    What the lines themselves make it break off with comes before anything is written. Another lane's rows may look like
    these: then the clients come again for nothing.
    """
    last_seq = first_seq + most_lines(bodies)
    return bool(
        connection.select(f"SELECT seq FROM lines WHERE seq BETWEEN {first_seq} AND {last_seq} LIMIT 1").num_rows
    )


def _insert(
    source: str,
    spool: Spool,
    bodies: Sequence[Body],
    first_seq: int,
    limits: Limits,
    now_ns: int,
    with_metadata: bool,
) -> str:
    low, high = now_ns - limits.reject_older_ns, now_ns + limits.creation_grace_ns
    odd = f"ts < {low} OR ts > {high} OR length({decode.LINE}) > {limits.max_line_bytes} OR "
    metadata = "map()"
    if with_metadata:
        odd += staging.odd_metadata(decode.NAMES, decode.VALUES)
        metadata = staging.without_level(f"mapFromArrays({decode.NAMES}, {decode.VALUES}) AS metadata")
    else:
        odd += f"notEmpty({decode.NAMES})"
    return f"""INSERT INTO lines SELECT {staging.ids_of(bodies)}, {decode.NS} AS ts,
            {first_seq} + rowNumberInAllBlocks(), toValidUTF8({decode.LINE}) AS line, {metadata},
            {staging.level_of(bodies, with_metadata)}, {staging.keys_of(bodies)}
        FROM {source} WHERE NOT throwIf({odd}, 'a closer look')
        {decode.settings(spool)}"""
