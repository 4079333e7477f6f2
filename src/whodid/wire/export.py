"""Exported lines as NDJSON, CSV and Parquet: one encoder each, fed page by page.

All three have the same five columns: timestamp (RFC 3339, nanoseconds), line, and the labels in their categories.
Formats: RFC 4180, ndjson, Apache Parquet. Called by api/routes/export.py.
"""

import csv
import io
from collections.abc import Callable
from typing import Any, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from whodid.model.clock import SECOND, format_rfc3339
from whodid.model.result import Row
from whodid.wire.params import BadParameter

_MAPS = pa.map_(pa.string(), pa.string())
COLUMNS = ("timestamp", "line", "labels", "metadata", "parsed")


class Encoder(Protocol):
    """One export. Pages go through `page` in order; then `end`. What they return, one behind the other, is the file."""

    media_type: str

    def begin(self) -> bytes: ...
    def page(self, rows: list[Row]) -> bytes: ...
    def end(self) -> bytes: ...


class Ndjson:
    """One JSON object a line."""

    media_type = "application/x-ndjson"

    def __init__(self) -> None:
        self._stamp = _Stamps()

    def begin(self) -> bytes:
        return b""

    def page(self, rows: list[Row]) -> bytes:
        stamp = self._stamp
        return b"".join(
            [
                orjson.dumps(
                    {
                        "timestamp": stamp(row.ns),
                        "line": row.line,
                        "labels": row.labels,
                        "metadata": row.metadata,
                        "parsed": row.parsed,
                    },
                    option=orjson.OPT_APPEND_NEWLINE,
                )
                for row in rows
            ]
        )

    def end(self) -> bytes:
        return b""


class Csv:
    """A header and one record a line; labels are JSON objects."""

    media_type = "text/csv; charset=utf-8; header=present"

    def __init__(self) -> None:
        self._stamp = _Stamps()

    def begin(self) -> bytes:
        return ",".join(COLUMNS).encode() + b"\r\n"

    def page(self, rows: list[Row]) -> bytes:
        text = io.StringIO(newline="")
        write = csv.writer(text, lineterminator="\r\n").writerow
        for row in rows:
            write((self._stamp(row.ns), row.line, _json(row.labels), _json(row.metadata), _json(row.parsed)))
        return text.getvalue().encode("utf-8", "replace")

    def end(self) -> bytes:
        return b""


class Parquet:
    """One row group a page; labels are maps. Compressed with Zstandard."""

    media_type = "application/vnd.apache.parquet"
    _schema = pa.schema(
        [
            pa.field("timestamp", pa.timestamp("ns", tz="UTC"), nullable=False),
            pa.field("line", pa.string(), nullable=False),
            *(pa.field(name, _MAPS, nullable=False) for name in COLUMNS[2:]),
        ]
    )

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd")

    def begin(self) -> bytes:
        return self._sink.take()

    def page(self, rows: list[Row]) -> bytes:
        columns: list[Any] = [
            pa.array([row.ns for row in rows], pa.timestamp("ns", tz="UTC")),
            pa.array([row.line for row in rows], pa.string()),
            *(
                pa.array([list(getattr(row, name).items()) for row in rows], _MAPS)
                for name in ("labels", "metadata", "parsed")
            ),
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        return self._sink.take()

    def end(self) -> bytes:
        self._writer.close()
        return self._sink.take()


FORMATS: dict[str, Callable[[], Encoder]] = {"ndjson": Ndjson, "csv": Csv, "parquet": Parquet}


def encoder(name: str) -> Encoder:
    """The encoder of a format. Raises BadParameter."""
    if name not in FORMATS:
        raise BadParameter(f"format {name[:40]!r}: give one of {', '.join(FORMATS)}")
    return FORMATS[name]()


class _Stamps:
    """RFC 3339 with nine digits. Lines come in order of time, so the second is mostly the one before."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def __call__(self, ns: int) -> str:
        second, rest = divmod(ns, SECOND)
        if second != self._second:
            self._second, self._text = second, format_rfc3339(second * SECOND, fraction=False)[:-1]
        return f"{self._text}.{rest:09d}Z"


class _Sink(io.RawIOBase):
    """A file that is written only, and emptied after each page."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        """What was written since the last time."""
        out, self._parts = b"".join(self._parts), []
        return out


def _json(labels: dict[str, str]) -> str:
    return orjson.dumps(labels).decode() if labels else "{}"
