"""The one look at spooled bodies: what the engine counts in them, and what it calls odd."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.chdb_store import shared_store
from whodid.ingest import decode
from whodid.ingest.body import Body
from whodid.ingest.check import Bounds, Facts, facts, fitting
from whodid.ingest.spool import Spool
from whodid.model.entry import Entry, Metadata, Stream
from whodid.wire.push_protobuf import encode_push, scan_streams
from whodid.wire.push_rows import note_row

NOW = 1_700_000_000_000_000_000
BOUNDS = Bounds(NOW - 100, NOW + 100, line_bytes=20, metadata_bytes=100, metadata_names=5)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path)
    yield spool
    spool.close()


def rows(*streams: list[Entry], level: str = "") -> bytes:
    data = encode_push([Stream({"n": str(n)}, entries) for n, entries in enumerate(streams)])
    spans = [(begin, end) for _, begin, end in scan_streams(data)]
    return decode.rows([Body(data, spans, [7] * len(spans), [""] * len(spans), [level] * len(spans))])


def entry(offset_ns: int = 0, line: str = "x", metadata: Metadata | None = None) -> Entry:
    return Entry(NOW + offset_ns, line, metadata or {})


async def look(spool: Spool, content: bytes, ask: Callable[..., Any], *more: object) -> Any:
    spool.fill(content)
    return await shared_store().appending(lambda engine: ask(engine, spool.path, spool.schema, BOUNDS, *more))


async def test_it_counts(spool: Spool) -> None:
    content = rows([entry(), entry()], [], [entry(metadata={"user": "raz"})])
    assert await look(spool, content, facts) == Facts(3, 3, metadata=True, levels=False, label_levels=False)
    assert await look(spool, rows([entry()]), facts) == Facts(1, 1, metadata=False, levels=False, label_levels=False)
    stated = rows([entry(metadata={"user": "raz", "severity": "LOG"})])
    assert await look(spool, stated, facts) == Facts(1, 1, metadata=True, levels=True, label_levels=False)
    labelled = rows([entry()], level="warn")
    assert await look(spool, labelled, facts) == Facts(1, 1, metadata=False, levels=False, label_levels=True)


@pytest.mark.parametrize(
    ("one", "odd"),
    [
        (entry(-100), False),
        (entry(-101), True),
        (entry(100), False),
        (entry(101), True),
        (entry(line="y" * 20), False),
        (entry(line="y" * 21), True),
        (entry(metadata={"k": "v", "l": "v"}), False),
        (Entry(NOW, "x", {"k": "\ud800"}), False),  # the encoder has replaced it
        (entry(metadata={"k_": "v,w", "__l": "1 2", "M1": ""}), False),
        (entry(metadata={"k": "v", "_l": "w"}), True),
        (entry(metadata={"k": "v", "_": "w"}), True),
        (entry(metadata={"k.l": "v"}), True),
        (entry(metadata={"k,l": "v"}), True),
        (entry(metadata={"": "v"}), True),
        (entry(metadata={"a": "v", "": "w"}), True),
        (entry(metadata={"a": "v", "1b": "w"}), True),
        (entry(metadata={"k": "v" * 99}), False),
        (entry(metadata={"k": "v" * 100}), True),
        (entry(metadata=dict.fromkeys("abcde", "v")), False),
        (entry(metadata=dict.fromkeys("abcdef", "v")), True),
    ],
)
async def test_one_odd_line_is_enough(spool: Spool, one: Entry, odd: bool) -> None:
    found = await look(spool, rows([entry()], [entry(), one]), facts)
    assert found.odd is odd
    assert (await look(spool, rows([entry()], [entry(), one]), fitting, 2) is None) is odd


async def test_another_number_of_streams_does_not_fit(spool: Spool) -> None:
    content = rows([entry()], [entry()])
    assert await look(spool, content, fitting, 3) is None
    assert await look(spool, content, fitting, 1) is None
    assert await look(spool, content, fitting, 2) is not None
    assert await look(spool, note_row("x") + content, fitting, 3) is None, "the rows stand where they were not put"


async def test_garbage_does_not_fit(spool: Spool) -> None:
    assert await look(spool, b"\x05garbage", fitting, 1) is None
