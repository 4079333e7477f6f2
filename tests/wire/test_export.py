"""Every format gives back what went in, whatever the pages were."""

import csv
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.clock import parse_rfc3339
from whodid.model.result import Row
from whodid.wire.export import COLUMNS, FORMATS, encoder
from whodid.wire.params import BadParameter

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LABELS = st.dictionaries(TEXT, TEXT, max_size=3)
ROWS = st.builds(Row, st.integers(0, (1 << 63) - 1), TEXT, LABELS, LABELS, LABELS)
PAGES = st.lists(st.lists(ROWS, max_size=4), max_size=4)


def written(name: str, pages: list[list[Row]]) -> bytes:
    made = encoder(name)
    return b"".join([made.begin(), *(made.page(rows) for rows in pages), made.end()])


def read_ndjson(data: bytes) -> list[dict[str, Any]]:
    assert data == b"" or data.endswith(b"\n")
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def read_csv(data: bytes) -> list[dict[str, Any]]:
    head, *records = csv.reader(io.StringIO(data.decode(), newline=""))
    assert tuple(head) == COLUMNS
    return [dict(zip(head, [*r[:2], *map(json.loads, r[2:])], strict=True)) for r in records]


def read_parquet(data: bytes) -> list[dict[str, Any]]:
    table = pq.read_table(io.BytesIO(data))
    assert tuple(table.column_names) == COLUMNS
    columns = [table["timestamp"].cast("int64").to_pylist(), *(table[name].to_pylist() for name in COLUMNS[1:])]
    return [
        dict(zip(COLUMNS, [ns, line, *map(dict, maps)], strict=True)) for ns, line, *maps in zip(*columns, strict=True)
    ]


READ = {"ndjson": read_ndjson, "csv": read_csv, "parquet": read_parquet}


def ns_of(stamp: str | int) -> int:
    return stamp if isinstance(stamp, int) else parse_rfc3339(stamp)


@pytest.mark.parametrize("name", FORMATS)
@given(pages=PAGES)
def test_there_and_back(name: str, pages: list[list[Row]]) -> None:
    read = READ[name](written(name, pages))
    expected = [row for page in pages for row in page]
    assert [(ns_of(r["timestamp"]), *(r[c] for c in COLUMNS[1:])) for r in read] == [
        (row.ns, row.line, row.labels, row.metadata, row.parsed) for row in expected
    ]


def test_instants_have_all_their_digits() -> None:
    row = Row(1_700_000_000_000_000_070, "x", {}, {}, {})
    assert b'"2023-11-14T22:13:20.000000070Z"' in written("ndjson", [[row]])
    assert written("csv", [[row]]) == (
        b"timestamp,line,labels,metadata,parsed\r\n2023-11-14T22:13:20.000000070Z,x,{},{},{}\r\n"
    )


def test_another_format_is_refused() -> None:
    with pytest.raises(BadParameter, match="give one of ndjson, csv, parquet"):
        encoder("xlsx")
