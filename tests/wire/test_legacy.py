"""The shapes of Loki's first API."""

import json

from whodid.model.result import Row, Streams
from whodid.wire.legacy import encode_legacy_streams, encode_legacy_values, legacy_frame
from whodid.wire.tail import encode_frame

ROWS = [Row(1_500_000_000, "one", {"job": "db"}, {"user": 'r"z'}, {}), Row(2_000_000_001, "two", {"job": "db"}, {}, {})]
EXPECTED = [
    {"labels": '{job="db", user="r\\"z"}', "entries": [{"ts": "1970-01-01T00:00:01.5Z", "line": "one"}]},
    {"labels": '{job="db"}', "entries": [{"ts": "1970-01-01T00:00:02.000000001Z", "line": "two"}]},
]


def test_streams() -> None:
    body = json.loads(encode_legacy_streams(Streams(ROWS)))
    assert body["streams"] == EXPECTED
    assert body["stats"]["summary"]["totalEntriesReturned"] == 2


def test_values() -> None:
    assert json.loads(encode_legacy_values(["a", "b"])) == {"values": ["a", "b"]}


def test_frames() -> None:
    assert json.loads(legacy_frame(encode_frame(ROWS, categorize=False, seq=5))) == {"streams": EXPECTED}
    dropped = json.loads(legacy_frame(encode_frame([], categorize=False, seq=5, dropped=ROWS[1:])))
    assert dropped["dropped_entries"] == [{"timestamp": "1970-01-01T00:00:02.000000001Z", "labels": '{job="db"}'}]
