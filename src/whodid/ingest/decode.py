"""Push bodies as the engine reads them: a file of stream messages, one row each, and the SQL over it.

Python names the stream of every message and writes the name beside it (`owned_stream`), so that a row says itself
whose it is, in the spool as in the journal, today and after a crash. The client's bytes are confined in a field of the
row, and each row carries its number: both sides count the same. Used by the write path only.
"""

from collections.abc import Iterator, Sequence

from whodid.ingest.body import Body
from whodid.store.sql import quote
from whodid.wire.push_rows import owned_stream

_SHAPE = (
    "number UInt32, stream_id UInt64, push_key UInt64, label_level String, "
    "stream Tuple(entries Array(Tuple(timestamp Tuple(seconds Int64, nanos Int32), "
    "line String, pairs Array(Tuple(name String, value String)))))"
)
_UNIT_S = 9_000_000_000
"""Seconds are held within ±285 years of 1970, so that hostile instants cannot overflow Int64 nanoseconds."""

ENTRIES = "tupleElement(stream, 1)"
"""Of one row; each of them is called `entry` in what follows."""
_STAMP = "tupleElement(entry, 1)"
_SECONDS = f"greatest({-_UNIT_S}, least({_UNIT_S}, tupleElement({_STAMP}, 1)))"
NS = f"{_SECONDS} * 1000000000 + tupleElement({_STAMP}, 2)"
LINE = "tupleElement(entry, 2)"
"""The line's bytes, which may be no UTF-8."""
NAMES = "tupleElement(tupleElement(entry, 3), 1)"
VALUES = "tupleElement(tupleElement(entry, 3), 2)"


def rows(bodies: Sequence[Body]) -> bytes:
    """A file of all streams of the bodies, numbered from 1."""
    return b"".join(_pieces(bodies))


def _pieces(bodies: Sequence[Body]) -> Iterator[bytes | memoryview]:
    number = 0
    for body in bodies:
        data = memoryview(body.data)
        for (begin, end), stream_id, level in zip(body.spans, body.stream_ids, body.stream_levels, strict=True):
            number += 1
            yield from owned_stream(data[begin:end], number, stream_id, body.push_key, level)


def source(path: str) -> str:
    """What stands after FROM: number, stream_id, push_key, label_level and the entries of each row."""
    return f"file({quote(path)}, 'Protobuf', {quote(_SHAPE)})"


def settings(schema: str) -> str:
    """The SETTINGS of a statement that reads such a file. One thread: the order of rows is the order of the bodies."""
    return f"""SETTINGS format_schema = {quote(schema)}, max_threads = 1, max_insert_threads = 1,
            max_partitions_per_insert_block = 0, compile_expressions = 0"""
