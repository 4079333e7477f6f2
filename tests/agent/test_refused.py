"""What the server refuses is kept, readable and re-sendable, within bounds."""

import json
from pathlib import Path

import cramjam
import pytest

from whodid.agent.batch import Batch, Span
from whodid.agent.refused import RefusedSpool
from whodid.agent.ship import Refusal
from whodid.model.entry import Entry
from whodid.sources.source import Place
from whodid.wire.push_protobuf import encode_entry, encode_stream

RAW = encode_stream('{job="x"}', [encode_entry(Entry(1_000_000_000, "the line", {}))])
BATCH = Batch(
    "k",
    bytes(cramjam.snappy.compress_raw(RAW)),
    1,
    (Span("x", Place("f", "/l/a.log", 1, 2, 0, "", 9, "", 0), 0, 1, True),),
)


def test_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    RefusedSpool(tmp_path / "refused", 10_000).keep(BATCH, Refusal(400, "entry too old"), 0)
    report = json.loads((tmp_path / "refused" / "1970-01-01T000000Z-k.json").read_text())
    assert report["status"] == 400
    assert report["reason"] == "entry too old"
    assert report["from"] == [{"path": "/l/a.log", "begin": 0, "end": 9}]
    assert report["lines"] == [{"at": "1970-01-01T00:00:01Z", "stream": '{job="x"}', "line": "the line"}]
    assert (tmp_path / "refused" / "1970-01-01T000000Z-k.snappy").read_bytes() == BATCH.body
    assert "status 400: entry too old" in caplog.text
    assert "/l/a.log bytes 0 to 9" in caplog.text


def test_full_spool_and_broken_disk_only_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    RefusedSpool(tmp_path / "refused", 10).keep(BATCH, Refusal(400, "no"), 0)
    assert list((tmp_path / "refused").iterdir()) == []
    assert "is full" in caplog.text
    (tmp_path / "file").write_text("")
    RefusedSpool(tmp_path / "file" / "refused", 10).keep(BATCH, Refusal(400, "no"), 0)
    assert "could not be kept" in caplog.text
