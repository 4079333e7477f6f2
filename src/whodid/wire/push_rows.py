"""The rows that the server makes of a push's streams, for the engine to read out of a file.

A row is the client's message (push_protobuf.py), byte for byte, and beside it what the server knows of the stream. A
row without a stream is a note for whoever reads the file without the engine. Written and read by ingest/.
"""

import struct

from whodid.wire.push_protobuf import MalformedPush, length_of, read_varint

SCHEMA = """syntax = "proto3";
message Pair { string name = 1; string value = 2; }
message Instant { int64 seconds = 1; int32 nanos = 2; }
message Entry { Instant timestamp = 1; bytes line = 2; repeated Pair pairs = 3; }
message Stream { string labels = 1; repeated Entry entries = 2; }
message PushRequest { repeated Stream streams = 1; }
message Row {
  Stream stream = 1;
  fixed32 number = 2;
  fixed64 stream_id = 3;
  fixed64 push_key = 4;
  string label_level = 5;
  string note = 6;
}
"""
"""Loki's message, and the rows that the server makes of its streams for the engine."""

_OWNER = struct.Struct("<cIcQcQc")
"""Number, stream id and push key, each behind its tag, and the tag of the level."""


def owned_stream(
    message: bytes | memoryview, number: int, stream_id: int, push_key: int, label_level: str
) -> list[bytes | memoryview]:
    """A stream's message with what the server knows of it, as the pieces of one Row of a length-delimited file.

    The client's bytes are a field of their own, their length in front: nothing in them can reach what stands behind.
    """
    level = label_level.encode("utf-8", "replace")
    owner = _OWNER.pack(b"\x15", number, b"\x19", stream_id, b"\x21", push_key, b"\x2a")
    head, tail = b"\x0a" + length_of(len(message)), owner + length_of(len(level)) + level
    return [length_of(len(head) + len(message) + len(tail)) + head, message, tail]


def note_row(text: str) -> bytes:
    """A Row without a stream, for whoever reads the file without the engine."""
    note = text.encode()
    row = b"\x32" + length_of(len(note)) + note
    return length_of(len(row)) + row


def read_note(data: bytes | memoryview, at: int) -> tuple[str, int]:
    """The text of the `note_row` at `at`, and the first byte behind it. Raises MalformedPush where there is none."""
    begin, end = _read_delimited(data, at)
    if begin == end or data[begin] != 0x32:
        raise MalformedPush(f"no note at byte {begin}")
    begin, noted = _read_delimited(data[:end], begin + 1)
    try:
        return bytes(data[begin:noted]).decode(), end
    except UnicodeDecodeError as e:
        raise MalformedPush(f"the note at byte {begin} is not UTF-8: {e.reason}") from None


def _read_delimited(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """First byte and end of the message whose length stands at `at`. Raises MalformedPush where there is none."""
    size, begin = read_varint(data, at)
    if begin + size > len(data):
        raise MalformedPush(f"a message of {size} bytes at byte {begin}, {len(data) - begin} left")
    return begin, begin + size
