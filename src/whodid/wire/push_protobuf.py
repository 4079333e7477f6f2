"""Loki's push body in protobuf (`logproto.PushRequest`): written by the agent, skimmed by the server.

The server never reads entries in Python: it finds the streams' label texts (`scan_streams`) and hands the bytes to the
engine. Field numbers: Grafana Loki pkg/push/push.proto (Apache-2.0).
"""

from collections.abc import Iterable, Iterator

from whodid.errors import WhodidError
from whodid.model.clock import SECOND
from whodid.model.entry import Entry, Metadata, Stream
from whodid.model.labels import format_labels

SCHEMA = """syntax = "proto3";
message Pair { string name = 1; string value = 2; }
message Instant { int64 seconds = 1; int32 nanos = 2; }
message Entry { Instant timestamp = 1; bytes line = 2; repeated Pair structuredMetadata = 3; }
message Stream { string labels = 1; repeated Entry entries = 2; }
message PushRequest { repeated Stream streams = 1; }
"""


_HEADERS_READ = 200_000
"""Most field headers that are read of one body. Honest clients need one or two a stream; a body of nothing but headers
must not hold up the event loop for seconds."""


class MalformedPush(WhodidError):
    """The body is not a push request: says at which byte and why."""


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_SMALL = [_varint(n) for n in range(1 << 14)]


def _length(size: int) -> bytes:
    return _SMALL[size] if size < 1 << 14 else _varint(size)


def length_prefixed(data: bytes) -> bytes:
    """Bytes with their length before them, as protobuf writes texts and messages."""
    return _length(len(data)) + data


_UNSIGNED = (1 << 64) - 1
_PAIR_CACHE_LIMIT = 32_768
_SHORT_BYTES = 24
"""Longer values hardly repeat: keeping them would only push out those that do."""
_ID_BYTES = 64
"""Longest id that is expected, in hex."""
_pair_cache: dict[tuple[str, str], bytes] = {}
_pair_heads: dict[tuple[str, int], bytes] = {}


def _pair(pair: tuple[str, str]) -> bytes:
    """One metadata pair; short ones are kept encoded, since user, db, app … repeat on every line."""
    name, text = pair
    value = text.encode("utf-8", "replace")
    size = len(value)
    if size > _SHORT_BYTES:
        return _pair_head(name, size) + value
    head = _pair_heads.get((name, size))
    if head is None:
        if len(_pair_heads) >= _PAIR_CACHE_LIMIT:
            _pair_heads.clear()
        head = _pair_heads[name, size] = _pair_head(name, size)
    if len(_pair_cache) >= _PAIR_CACHE_LIMIT:
        _pair_cache.clear()
    out = _pair_cache[pair] = head + value
    return out


def encode_pair(name: str, text: str) -> bytes:
    """One metadata pair that hardly stands in another line: an instant, an id."""
    value = text.encode("utf-8", "replace")
    size = len(value)
    head = _pair_heads.get((name, size))
    if head is None:
        head = _pair_head(name, size)
        if size <= _ID_BYTES:
            if len(_pair_heads) >= _PAIR_CACHE_LIMIT:
                _pair_heads.clear()
            _pair_heads[name, size] = head
    return head + value


def _pair_head(name: str, value_bytes: int) -> bytes:
    """Everything of a pair but its value."""
    encoded = name.encode("utf-8", "replace")
    front = b"\x0a%b%b\x12%b" % (_length(len(encoded)), encoded, _length(value_bytes))
    return b"\x1a%b%b" % (_length(len(front) + value_bytes), front)


_seconds_cache: dict[int, bytes] = {}


def _instant(ns: int) -> bytes:
    """The field `timestamp` of an entry. Written out flat: it is the dearest part of encoding a line otherwise."""
    seconds, n = divmod(ns, SECOND)
    seconds &= _UNSIGNED  # instants before 1970 are negative: two's complement, as protobuf wants it
    head = _seconds_cache.get(seconds)
    if head is None:
        if len(_seconds_cache) >= 4096:
            _seconds_cache.clear()
        head = _seconds_cache[seconds] = b"\x08" + _varint(seconds)
    if n >= 1 << 28:
        tail = bytes((0x10, n & 127 | 128, n >> 7 & 127 | 128, n >> 14 & 127 | 128, n >> 21 & 127 | 128, n >> 28))
    elif n >= 1 << 21:
        tail = bytes((0x10, n & 127 | 128, n >> 7 & 127 | 128, n >> 14 & 127 | 128, n >> 21))
    else:
        tail = b"\x10" + _varint(n) if n else b""
    return b"\x0a%c%b%b" % (len(head) + len(tail), head, tail)


def encode_entry(entry: Entry) -> bytes:
    """One entry as the field `entries` of a stream."""
    return encode_line(*entry)


def encode_line(ns: int, text: str, metadata: Metadata, pairs: bytes = b"") -> bytes:
    """The same, for those who have no Entry and would make one for each line only to hand it over.

    `pairs`: further metadata, encoded with `encode_pair` once for many lines.
    """
    line = text.encode("utf-8", "replace")
    body = b"%b\x12%b%b%b" % (_instant(ns), _length(len(line)), line, pairs)
    if metadata:
        known = _pair_cache.get
        body += b"".join([known(pair) or _pair(pair) for pair in metadata.items()])
    return b"\x12" + _length(len(body)) + body


def encode_stream(label_text: str, encoded_entries: Iterable[bytes]) -> bytes:
    """A stream of already encoded entries as the field `streams` of a push request."""
    labels = label_text.encode()
    body = b"\x0a" + _length(len(labels)) + labels + b"".join(encoded_entries)
    return b"\x0a" + _length(len(body)) + body


def encode_push(streams: Iterable[Stream]) -> bytes:
    """The whole push request, not yet compressed (Loki wants it as a snappy block)."""
    return b"".join(encode_stream(format_labels(s.labels), map(encode_entry, s.entries)) for s in streams)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    shift = value = 0
    while True:
        if at >= len(data) or shift > 63:
            raise MalformedPush(f"the push body ends inside a number at byte {at}")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _UNSIGNED, at
        shift += 7


def _skip(data: bytes, at: int, wire_type: int) -> int:
    if wire_type == 0:
        return _read_varint(data, at)[1]
    if wire_type == 1:
        return at + 8
    if wire_type == 2:
        size, at = _read_varint(data, at)
        return at + size
    if wire_type == 5:
        return at + 4
    raise MalformedPush(f"the push body is no protobuf PushRequest: wire type {wire_type} at byte {at}")


def scan_streams(data: bytes) -> list[tuple[str, int, int]]:
    """The streams of a decompressed push request, in order: (label text, first byte, end byte of the stream message).

    Reads field headers only, never entries: its cost grows with the number of streams, not of lines.
    Raises MalformedPush where the bytes are no PushRequest.
    """
    streams, at, end, budget = [], 0, len(data), _HEADERS_READ
    while at < end:
        tag, at = _read_varint(data, at)
        budget -= 1
        if tag == 0x0A:
            size, at = _read_varint(data, at)
            if at + size > end:
                raise MalformedPush(f"the push body is cut off: a stream of {size} bytes at byte {at}, {end - at} left")
            labels, budget = _stream_labels(data, at, at + size, budget)
            streams.append((labels, at, at + size))
            at += size
        elif tag >> 3 == 1:
            # The engine takes field 1 of any wire type for a stream, and would count one more than is counted here.
            raise MalformedPush(
                f"the push body is no protobuf PushRequest: a stream of wire type {tag & 7} at byte {at}"
            )
        else:
            at = _skip(data, at, tag & 7)
        if budget < 0:
            raise MalformedPush(
                f"the push body holds more than {_HEADERS_READ} streams and foreign fields; send smaller batches"
            )
    if at != end:
        raise MalformedPush(f"the push body is cut off at byte {end}")
    return streams


def _stream_labels(data: bytes, at: int, end: int, budget: int) -> tuple[str, int]:
    """The label text of one stream message, and what is left of the budget of headers.

    The field stands first in what every known client writes.
    """
    while at < end and budget >= 0:
        tag, at = _read_varint(data, at)
        budget -= 1
        if tag == 0x0A:
            size, at = _read_varint(data, at)
            if at + size > end:
                raise MalformedPush(f"the push body is cut off inside labels at byte {at}")
            try:
                return data[at : at + size].decode(), budget
            except UnicodeDecodeError as e:
                raise MalformedPush(f"the labels at byte {at} are not UTF-8: {e.reason}") from None
        at = _skip(data, at, tag & 7)
    return "", budget


def iter_entries(data: bytes) -> Iterator[tuple[str, Entry]]:
    """Every entry of a decompressed push request with its stream's label text.

    For the few bodies that must be read in Python (what a server refused, tests); far too slow for the write path.
    """
    for labels, begin, end in scan_streams(data):
        for number, value in _fields(data, begin, end):
            if number == 2 and isinstance(value, bytes):
                yield labels, _entry(value)


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int | bytes]]:
    """The varint and length-delimited fields of one message."""
    while at < end:
        tag, at = _read_varint(data, at)
        if tag & 7 == 0:
            value, at = _read_varint(data, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            size, at = _read_varint(data, at)
            if at + size > end:
                raise MalformedPush(f"the push body is cut off: a field of {size} bytes at byte {at}, {end - at} left")
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            at = _skip(data, at, tag & 7)
    if at != end:
        raise MalformedPush(f"the push body is cut off at byte {end}")


def _entry(message: bytes) -> Entry:
    ns, line, metadata = 0, "", {}
    for number, value in _fields(message, 0, len(message)):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            ns = _instant_ns(value)
        elif number == 2:
            line = value.decode("utf-8", "replace")
        elif number == 3:
            texts = {
                n: text.decode("utf-8", "replace")
                for n, text in _fields(value, 0, len(value))
                if isinstance(text, bytes)
            }
            metadata[texts.get(1, "")] = texts.get(2, "")
    return Entry(ns, line, metadata)


def _instant_ns(message: bytes) -> int:
    parts = {n: value for n, value in _fields(message, 0, len(message)) if isinstance(value, int)}
    seconds, nanos = parts.get(1, 0), parts.get(2, 0) & 0xFFFF_FFFF
    seconds -= (seconds >> 63) << 64
    nanos -= (nanos >> 31) << 32
    return seconds * SECOND + nanos
