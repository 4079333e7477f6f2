"""Push bodies as the engine reads them: a file of stream messages, one row each, and the SQL over it.

Python names the stream of every message and writes the name beside it (`owned_stream`), so that a row says itself
whose it is, in the spool as in the journal, today and after a crash. The client's bytes are confined in a field of the
row, and each row carries its number: both sides count the same. Used by the write path only.
"""

from collections.abc import Iterator, Sequence

from whodid.ingest.body import Body
from whodid.store.sql import quote
from whodid.wire.push_rows import owned_stream

_ROW = {"number": "UInt32", "stream_id": "UInt64", "push_key": "UInt64", "label_level": "String"}
_FIELDS = {
    "seconds": ("`stream.entries.timestamp.seconds`", "Array(Int64)"),
    "nanos": ("`stream.entries.timestamp.nanos`", "Array(Int32)"),
    "raw": ("`stream.entries.line`", "Array(String)"),
    "names": ("`stream.entries.pairs.name`", "Array(Array(String))"),
    "given": ("`stream.entries.pairs.value`", "Array(Array(String))"),
}
"""What a line has: its name in SQL, the message's field, and that as a column of a row. Flat columns, since each look
into a nested one is an expression more, and these are most of what planning a statement costs."""
_OF_METADATA = ("names", "given")
_UNIT_S = 9_000_000_000
"""Seconds are held within ±285 years of 1970, so that hostile instants cannot overflow Int64 nanoseconds."""

NS = f"greatest({-_UNIT_S}, least({_UNIT_S}, seconds)) * 1000000000 + nanos"
LINE = "raw"
"""The line's bytes, which may be no UTF-8."""
NAMES = "names"
VALUES = "given"
COUNT = f"length({_FIELDS['raw'][0]})"
"""Lines of a row."""


def most(number: str) -> str:
    """SQL: the largest that the number is for a line of a row; 0 without lines."""
    fields = ", ".join(field for field, _ in _FIELDS.values())
    return f"arrayMax(({', '.join(_FIELDS)}) -> {number}, {fields})"


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


def source(path: str, *, metadata: bool = True) -> str:
    """What stands after FROM: number, stream_id, push_key, label_level and the lines of each row.

    Without `metadata` that is not even read; for a file that is known to have none.
    """
    row = *_ROW.items(), *_fields(metadata).values()
    shape = ", ".join(f"{name} {kind}" for name, kind in row)
    return f"file({quote(path)}, 'Protobuf', {quote(shape)})"


def lines(path: str, *, metadata: bool = True) -> str:
    """The same with a row for each line, and what it has by name."""
    fields = ", ".join(f"{field} AS {name}" for name, (field, _) in _fields(metadata).items())
    return f"{source(path, metadata=metadata)} ARRAY JOIN {fields}"


def columns(*, metadata: bool = True) -> str:
    """What a row of `lines` has, as a list for SELECT."""
    return ", ".join((*_ROW, *_fields(metadata)))


def _fields(metadata: bool) -> dict[str, tuple[str, str]]:
    return {name: field for name, field in _FIELDS.items() if metadata or name not in _OF_METADATA}


def settings(schema: str) -> str:
    """The SETTINGS of a statement that reads such a file. One thread: the order of rows is the order of the bodies."""
    return f"""SETTINGS format_schema = {quote(schema)}, max_threads = 1, max_insert_threads = 1,
            max_partitions_per_insert_block = 0, compile_expressions = 0"""
