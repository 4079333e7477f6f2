"""A push read in Python: the same entries in every shape and coding. (Over HTTP: tests/sources/test_push.py.)"""

import gzip
import json
import zlib

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.model.entry import Entry, Stream
from whodid.wire.push_protobuf import MalformedPush, encode_push
from whodid.wire.read_push import read_lines, read_push

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
WORDS = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
ENTRIES = st.builds(Entry, st.integers(0, 1 << 62), TEXT, st.dictionaries(WORDS, TEXT, max_size=2))
STREAMS = st.lists(
    st.builds(Stream, st.dictionaries(WORDS, WORDS, min_size=1, max_size=3), st.lists(ENTRIES, max_size=4))
)
MOST = 1 << 20


@given(STREAMS)
def test_every_shape_says_the_same(streams: list[Stream]) -> None:
    expected = [(stream.labels, entry) for stream in streams for entry in stream.entries]
    packed = bytes(cramjam.snappy.compress_raw(encode_push(streams)))
    text = json.dumps(
        {
            "streams": [
                {"stream": s.labels, "values": [[str(e.ns), e.line, e.metadata] for e in s.entries]} for s in streams
            ]
        }
    ).encode()
    assert list(read_push(packed, "application/x-protobuf", "", MOST)) == expected
    assert list(read_push(gzip.compress(packed), "", "gzip", MOST)) == expected
    assert list(read_push(text, "application/json", "", MOST)) == expected
    assert list(read_push(zlib.compress(text), "application/json", "deflate", MOST)) == expected
    assert list(read_push(bytes(cramjam.snappy.compress_raw(text)), "application/json", "snappy", MOST)) == expected


def test_lines() -> None:
    assert read_lines(b"a\r\n\nb\xff\n", "", MOST) == ["a", "b\ufffd"]
    assert read_lines(bytes(cramjam.snappy.compress_raw(b"a\nb")), "snappy", MOST) == ["a", "b"]


def test_a_coding_that_is_not_known() -> None:
    with pytest.raises(MalformedPush, match='"br" not supported'):
        read_lines(b"", "br", MOST)
