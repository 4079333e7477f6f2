"""Frames of the live tail."""

import orjson

from whodid.model.result import Row
from whodid.wire.tail import encode_frame

ROW = Row(5, "line", {"job": "db"}, {"user": "raz"}, {}, 41)


def test_a_frame_is_lokis_and_tells_where_to_resume() -> None:
    frame = orjson.loads(encode_frame([ROW], categorize=False, seq=41))
    assert frame == {"streams": [{"stream": {"job": "db", "user": "raz"}, "values": [["5", "line"]]}], "seq": "41"}


def test_categorized_frames_say_so() -> None:
    frame = orjson.loads(encode_frame([ROW], categorize=True, seq=1))
    assert frame["encodingFlags"] == ["categorize-labels"]
    assert frame["streams"][0]["values"] == [["5", "line", {"structuredMetadata": {"user": "raz"}}]]


def test_dropped_entries_are_named_with_their_labels() -> None:
    frame = orjson.loads(encode_frame([], categorize=False, seq=1, dropped=[ROW]))
    assert frame["dropped_entries"] == [{"timestamp": "5", "labels": {"job": "db", "user": "raz"}}]
    assert frame["streams"] == []


def test_a_sequence_number_beyond_what_json_readers_hold_exactly_survives() -> None:
    assert orjson.loads(encode_frame([], categorize=False, seq=(1 << 53) + 1))["seq"] == "9007199254740993"
