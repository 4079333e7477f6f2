"""Rows for the engine: Google's protobuf reads them as they were meant, whatever the client's bytes are."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from kit.push_schema import message_class
from whodid.wire.push_protobuf import MalformedPush
from whodid.wire.push_rows import note_row, owned_stream, read_note

U32, U64 = st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1)
STREAM = message_class("Stream")(labels='{job="a"}', entries=[{"line": b"x" * 300}]).SerializeToString()


@given(st.binary(max_size=40) | st.just(STREAM), U32, U64, U64, st.text(max_size=10))
def test_google_finds_the_owner_behind_any_message(
    message: bytes, number: int, stream_id: int, push_key: int, level: str
) -> None:
    data = b"".join(bytes(piece) for piece in owned_stream(message, number, stream_id, push_key, level))
    row = message_class("Row")()
    try:
        row.ParseFromString(data[_front(data) :])
    except DecodeError:
        with pytest.raises(DecodeError):
            message_class("Stream")().ParseFromString(message)  # what is no stream makes no row, and spoils no other
        return
    assert (row.number, row.stream_id, row.push_key) == (number, stream_id, push_key)
    assert row.label_level == level.encode("utf-8", "replace").decode()
    assert row.stream == message_class("Stream").FromString(message)


def _front(data: bytes) -> int:
    """The bytes of the length, which says how many follow."""
    size = shift = 0
    for at, byte in enumerate(data):
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            assert at + 1 + size == len(data)
            return at + 1
    raise AssertionError("no end of the length")


@given(st.text(max_size=300), st.binary(max_size=20))
def test_a_note_is_read_as_it_was_written(text: str, behind: bytes) -> None:
    note = note_row(text)
    assert read_note(note + behind, 0) == (text, len(note))
    assert message_class("Row").FromString(note[_front(note) :]).note == text


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"\x00", b"\x05\x32\x03abc"[:-1], b"\x02\x0a\x00", b"\x03\x32\x05a", b"\x03\x32\x01\xff"],
    ids=["nothing", "half a length", "an empty row", "cut off", "a stream", "a note beyond its row", "no UTF-8"],
)
def test_what_is_no_note_is_said(data: bytes) -> None:
    with pytest.raises(MalformedPush):
        read_note(data, 0)
