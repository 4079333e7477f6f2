"""The push body in protobuf, against Google's own runtime built from the same schema, and against hostile bytes."""

import re
import time

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.push_schema import message_class
from whodid.model.entry import Entry, Stream
from whodid.model.labels import format_labels
from whodid.wire.push_protobuf import (
    MalformedPush,
    encode_all,
    encode_packed,
    encode_push,
    encode_stream,
    iter_entries,
    pack_attributes,
    scan_streams,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INSTANTS = st.integers(-(1 << 63), (1 << 63) - 1) | st.sampled_from(
    [0, 1, 999_999_999, (1 << 28) - 1, 1 << 28, 1 << 21, (1 << 14) - 1, 1 << 14, -1, 1_795_000_000_000_000_007]
)
ENTRIES = st.builds(Entry, INSTANTS, TEXT | st.just("x" * 20_000), st.dictionaries(TEXT, TEXT, max_size=4))
LABELS = st.dictionaries(st.sampled_from(["job", "host", "_x9", "Zone"]), TEXT, max_size=3)
STREAMS = st.lists(st.builds(Stream, LABELS, st.lists(ENTRIES, max_size=3)), max_size=3)
FEWER = settings(max_examples=50)


def google_reads(data: bytes) -> list[tuple[str, list[Entry]]]:
    request = message_class("PushRequest").FromString(data)
    return [
        (
            stream.labels,
            [
                Entry(
                    entry.timestamp.seconds * 1_000_000_000 + entry.timestamp.nanos,
                    entry.line.decode(),
                    {pair.name: pair.value for pair in entry.pairs},
                )
                for entry in stream.entries
            ],
        )
        for stream in request.streams
    ]


@given(STREAMS)
@FEWER
def test_google_reads_what_is_written(streams: list[Stream]) -> None:
    assert google_reads(encode_push(streams)) == [(format_labels(s.labels), s.entries) for s in streams]


@given(st.lists(ENTRIES, max_size=8), st.lists(st.just("half a pair: \ud800"), max_size=1))
@FEWER
def test_many_at_once_are_what_each_is(entries: list[Entry], more: list[str]) -> None:
    instants, texts = [entry.ns for entry in entries], [entry.line for entry in entries]
    packed = [pack_attributes(entry.metadata) for entry in entries]
    instants, texts, packed = instants + [7] * len(more), texts + more, packed + [b""] * len(more)
    assert encode_all(instants, texts, packed) == list(map(encode_packed, instants, texts, packed))


@given(STREAMS)
@FEWER
def test_what_google_writes_is_read(streams: list[Stream]) -> None:
    data = message_class("PushRequest").FromString(encode_push(streams)).SerializeToString()
    assert [entry for _, entry in iter_entries(data)] == [entry for s in streams for entry in s.entries]
    assert [labels for labels, _, _ in scan_streams(data)] == [format_labels(s.labels) for s in streams]


@given(STREAMS)
@FEWER
def test_the_spans_of_the_streams_are_the_stream_messages(streams: list[Stream]) -> None:
    data = encode_push(streams)
    kind = message_class("Stream")
    for (labels, begin, end), stream in zip(scan_streams(data), streams, strict=True):
        message = kind.FromString(data[begin:end])
        assert message.labels == labels
        assert len(message.entries) == len(stream.entries)


def test_concatenated_bodies_are_one_body() -> None:
    one, other = encode_push([Stream({"a": "1"}, [Entry(1, "x", {})])]), encode_push([Stream({"b": "2"}, [])])
    assert [labels for labels, _, _ in scan_streams(one + other)] == ['{a="1"}', '{b="2"}']


def test_encoding_does_not_remember_another_pairs_value() -> None:
    for value in ("noa", "daniel", "noa", "x" * 100, ""):
        data = encode_push([Stream({}, [Entry(1, "l", {"user": value, "n": "1"})])])
        assert [entry.metadata for _, entry in iter_entries(data)] == [{"user": value, "n": "1"}]


def test_text_that_utf8_cannot_hold_is_replaced() -> None:
    data = encode_push([Stream({}, [Entry(1, "a\ud800b", {"k": "\udcff"})])])
    assert list(iter_entries(data)) == [("{}", Entry(1, "a?b", {"k": "?"}))]


def test_labels_may_stand_behind_the_entries_or_be_missing() -> None:
    entry = b"\x12\x02\x12\x00"
    labels = b"\x0a\x07" + b'{a="b"}'
    assert [t for t, _, _ in scan_streams(b"\x0a\x0d" + entry + labels)] == ['{a="b"}']
    assert [t for t, _, _ in scan_streams(b"\x0a\x04" + entry)] == [""]


@pytest.mark.parametrize(
    "extra",
    [b"\x10\x02", b"\x19" + bytes(8), b"\x1d" + bytes(4), b"\x1a\x03abc", b"\xfa\xff\xff\xff\x0f\x00"],
    ids=["format", "fixed64", "fixed32", "bytes", "highest field"],
)
def test_fields_of_a_later_loki_are_skipped(extra: bytes) -> None:
    known = encode_push([Stream({"a": "b"}, [])])
    for data in (extra + known, known + extra):
        assert [labels for labels, _, _ in scan_streams(data)] == ['{a="b"}']


MALFORMED = {
    "a word": b"garbage",
    "a group": b"\x0b\x0c",
    "wire type 7": b"\x0f",
    "cut in the tag": b"\x80",
    "cut in the size": b"\x0a\x80",
    "cut in the stream": b"\x0a\x05abc",
    "cut in the labels": b"\x0a\x02\x0a\x09",
    "labels beyond the stream": b"\x0a\x02\x0a\x03abc",
    "a number without end": b"\x0a" + b"\xff" * 11,
    "a stream of 2^63 bytes": b"\x0a" + b"\xff" * 9 + b"\x01",
    "fixed64 cut off": b"\x19abc",
    "labels that are no UTF-8": b"\x0a\x04\x0a\x02\xff\xfe",
    # The engine takes these for streams, so they must not pass: its count and whodid's would differ.
    "a stream as fixed32": b"\x0d" + bytes(4),
    "a stream as fixed64": b"\x09" + bytes(8),
    "a stream as a number": b"\x08\x01",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_push_request_is_refused(data: bytes) -> None:
    for body in (data, encode_push([Stream({"a": "b"}, [])]) + data):
        with pytest.raises(MalformedPush, match=r"byte|wire type"):
            scan_streams(body)


HEADERS = st.sampled_from(
    [b"\x0a", b"\x12", b"\x1a", b"\x08", b"\x09", b"\x0d", b"\x0b", b"\x80", b"\xff", b"\x00", b"\x02"]
)
HOSTILE = st.binary(max_size=60) | st.lists(HEADERS | st.binary(max_size=6), max_size=20).map(b"".join)


@given(HOSTILE)
@settings(max_examples=300)
def test_any_bytes_are_answered_or_refused(data: bytes) -> None:
    try:
        streams = scan_streams(data)
    except MalformedPush as e:
        assert re.search("push body|labels", str(e))
        return
    assert all(0 < begin <= end <= len(data) for _, begin, end in streams)
    try:
        for _, entry in iter_entries(data):
            assert isinstance(entry.line, str)
    except MalformedPush:
        pass  # streams are only skimmed: what is inside may still be wrong
    try:
        google = message_class("PushRequest").FromString(data)
    except DecodeError:
        return  # stricter than the skimming
    assert len(google.streams) == len(streams)


@given(STREAMS, st.data())
@FEWER
def test_a_body_cut_off_anywhere_never_gives_other_streams(streams: list[Stream], data: st.DataObject) -> None:
    body = encode_push(streams)
    cut = body[: data.draw(st.integers(0, len(body)))]
    try:
        found = scan_streams(cut)
    except MalformedPush:
        return
    assert found == scan_streams(body)[: len(found)]


@pytest.mark.parametrize(
    "data",
    [b"\x0a\x00" * 3_000_000, b"\x10\x00" * 3_000_000, encode_stream("", [b"\x18\x00" * 3_000_000])],
    ids=["empty streams", "foreign fields", "a stream without labels"],
)
def test_a_body_of_nothing_but_headers_is_refused_soon(data: bytes) -> None:
    started = time.process_time()
    try:
        scan_streams(data)
    except MalformedPush as e:
        assert "smaller batches" in str(e)
    assert time.process_time() - started < 3
