"""Push bodies as the engine reads them: SQL over the spooled stream messages, one row for each entry.

Python has named the streams of every body; the engine meets them again as rows of one envelope, by their place. Both
sides must count the same streams, or a hostile body would move its neighbours' lines into other streams: the last row
is a mark that nobody else can write, and must stand where it was put. Used by commit.py and staging.py only.
"""

import secrets
from collections.abc import Sequence

from whodid.ingest.body import Body
from whodid.ingest.spool import Spool
from whodid.store.sql import quote
from whodid.wire.push_protobuf import encode_labels

_SHAPE = (
    "labels String, entries Array(Tuple(timestamp Tuple(seconds Int64, nanos Int32), "
    "line String, pairs Array(Tuple(name String, value String))))"
)
_UNIT_S = 9_000_000_000
"""Seconds are held within ±285 years of 1970, so that hostile instants cannot overflow Int64 nanoseconds."""
_MARK = secrets.token_hex(16)

_STAMP = "tupleElement(entry, 1)"
_SECONDS = f"greatest({-_UNIT_S}, least({_UNIT_S}, tupleElement({_STAMP}, 1)))"
NS = f"{_SECONDS} * 1000000000 + tupleElement({_STAMP}, 2)"
LINE = "tupleElement(entry, 2)"
"""The line's bytes, which may be no UTF-8."""
NAMES = "tupleElement(tupleElement(entry, 3), 1)"
VALUES = "tupleElement(tupleElement(entry, 3), 2)"


def spooled(bodies: Sequence[Body], spool: Spool) -> str:
    """Fills the spool; the SQL of what follows FROM, with `stream_no` (from 1, over all bodies) and `entry`."""
    messages = [memoryview(body.data)[begin:end] for body in bodies for begin, end in body.spans]
    spool.fill([*messages, encode_labels(_MARK)])
    return f"""(
            SELECT rowNumberInAllBlocks() + 1 AS stream_no, entries
            FROM file({quote(spool.path)}, 'ProtobufList', {quote(_SHAPE)})
            WHERE NOT throwIf((labels = '{_MARK}') != (stream_no = {len(messages) + 1}), 'another number of streams')
        ) ARRAY JOIN entries AS entry"""


def settings(spool: Spool) -> str:
    """The SETTINGS of a statement that reads a spool. One thread: the order of rows is the order of the bodies."""
    return f"""SETTINGS format_schema = {quote(spool.schema)}, max_threads = 1, max_insert_threads = 1,
            max_partitions_per_insert_block = 0, compile_expressions = 0"""
