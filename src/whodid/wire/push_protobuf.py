"""Loki's push body in protobuf (`logproto.PushRequest`): written by the agent, skimmed by the server.

The server never reads entries in Python: it finds the streams' label texts (`scan_streams`) and hands the bytes to the
engine as rows of their own (push_rows.py). Field numbers: Grafana Loki pkg/push/push.proto (Apache-2.0).
"""

from collections.abc import Iterable, Iterator, Sequence

from whodid.errors import WhodidError
from whodid.model.clock import SECOND
from whodid.model.entry import Entry, Metadata, Stream
from whodid.model.labels import format_labels

_ENTRIES = 2
"""Number of the field of a stream that holds an entry."""
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


_KEPT = 1 << 14
_SMALL = [_varint(n) for n in range(_KEPT)]
_FIELD_2 = [b"\x12" + size for size in _SMALL]
"""Tag and length of field 2, which the line of an entry and the entries of a stream both are."""
_NANOS = [b"", *(b"\x10" + size for size in _SMALL[1:])]


def length_of(size: int) -> bytes:
    """A size, as it stands in front of a field's bytes."""
    return _SMALL[size] if size < _KEPT else _varint(size)


def length_prefixed(data: bytes) -> bytes:
    """Bytes with their length before them, as protobuf writes texts and messages."""
    return length_of(len(data)) + data


_UNSIGNED = (1 << 64) - 1
_PAIR_CACHE_LIMIT = 32_768
_SHORT_BYTES = 24
"""Longer values hardly repeat: keeping them would only push out those that do."""
_pair_cache: dict[tuple[str, str], bytes] = {}
_pair_fronts: dict[tuple[str, int], bytes] = {}


def pack_attribute(name: str, value: bytes) -> bytes:
    """One metadata pair of an entry; its value is in UTF-8."""
    return attribute_front(name, len(value)) + value


def attribute_front(name: str, value_bytes: int) -> bytes:
    """What stands before the value of a metadata pair."""
    return _pair_fronts.get((name, value_bytes)) or _pair_front(name, value_bytes)


def pack_attributes(metadata: Metadata) -> bytes:
    """All metadata pairs of an entry. Short ones are kept encoded, since user, db, app … repeat on every line."""
    known = _pair_cache.get
    return b"".join([known(pair) or _pair(pair) for pair in metadata.items()])


def _pair(pair: tuple[str, str]) -> bytes:
    name, text = pair
    out = pack_attribute(name, text.encode("utf-8", "replace"))
    if len(text) <= _SHORT_BYTES:
        if len(_pair_cache) >= _PAIR_CACHE_LIMIT:
            _pair_cache.clear()
        _pair_cache[pair] = out
    return out


def _pair_front(name: str, value_bytes: int) -> bytes:
    """Everything of a pair but its value."""
    encoded = name.encode("utf-8", "replace")
    front = b"\x0a%b%b\x12%b" % (length_of(len(encoded)), encoded, length_of(value_bytes))
    if len(_pair_fronts) >= _PAIR_CACHE_LIMIT:
        _pair_fronts.clear()
    out = _pair_fronts[name, value_bytes] = b"\x1a%b%b" % (length_of(len(front) + value_bytes), front)
    return out


_SECONDS_KEPT = 4096
_seconds: dict[int, tuple[bytes, ...]] = {}


def _fronts(seconds: int) -> tuple[bytes, ...]:
    """The field `timestamp` up to its nanoseconds, by how many bytes those take."""
    if len(_seconds) >= _SECONDS_KEPT:
        _seconds.clear()
    # Instants before 1970 are negative: two's complement, as protobuf wants it.
    head = b"\x08" + _varint(seconds & _UNSIGNED)
    out = _seconds[seconds] = tuple([b"\x0a%c%b" % (len(head) + tail, head) for tail in range(7)])
    return out


def _nanos(n: int) -> bytes:
    """Written out flat, since many logs stamp milliseconds."""
    if n >= 1 << 28:
        return bytes((0x10, n & 127 | 128, n >> 7 & 127 | 128, n >> 14 & 127 | 128, n >> 21 & 127 | 128, n >> 28))
    if n >= 1 << 21:
        return bytes((0x10, n & 127 | 128, n >> 7 & 127 | 128, n >> 14 & 127 | 128, n >> 21))
    return b"\x10" + _varint(n)


def encode_entry(entry: Entry) -> bytes:
    """One entry as the field `entries` of a stream."""
    return encode_packed(entry.ns, entry.line, pack_attributes(entry.metadata))


def encode_packed(ns: int, text: str, packed: bytes) -> bytes:
    """The same, for those who have its attributes packed already."""
    line = text.encode("utf-8", "replace")
    seconds, n = divmod(ns, SECOND)
    # Most instants are whole seconds, but for what was added to keep the order of lines within one.
    tail = _NANOS[n] if n < _KEPT else _nanos(n)
    instant = (_seconds.get(seconds) or _fronts(seconds))[len(tail)]
    line_bytes = len(line)
    front = _FIELD_2[line_bytes] if line_bytes < _KEPT else b"\x12" + _varint(line_bytes)
    size = len(instant) + len(tail) + len(front) + line_bytes + len(packed)
    outer = _FIELD_2[size] if size < _KEPT else b"\x12" + _varint(size)
    return b"".join((outer, instant, tail, front, line, packed))


def encode_all(instants: Sequence[int], texts: Sequence[str], packed: Sequence[bytes]) -> list[bytes]:
    """Many such entries, without a call for each."""
    try:
        lines = [text.encode() for text in texts]
    except UnicodeEncodeError:  # half of a surrogate pair: no bytes say that
        lines = [text.encode("utf-8", "replace") for text in texts]
    entries: list[bytes] = []
    add, join, field_2, nanos, kept = entries.append, b"".join, _FIELD_2, _NANOS, _KEPT
    begin = 0
    fronts: tuple[bytes, ...] = ()
    for ns, line, pairs in zip(instants, lines, packed, strict=True):
        n = ns - begin
        if not 0 <= n < SECOND or not fronts:
            seconds, n = divmod(ns, SECOND)
            begin = ns - n
            fronts = _seconds.get(seconds) or _fronts(seconds)
        tail = nanos[n] if n < kept else _nanos(n)
        instant, line_bytes = fronts[len(tail)], len(line)
        front = field_2[line_bytes] if line_bytes < kept else b"\x12" + _varint(line_bytes)
        size = len(instant) + len(tail) + len(front) + line_bytes + len(pairs)
        add(join((field_2[size] if size < kept else b"\x12" + _varint(size), instant, tail, front, line, pairs)))
    return entries


def encode_stream(label_text: str, encoded_entries: Iterable[bytes]) -> bytes:
    """A stream of already encoded entries as the field `streams` of a push request."""
    body = encode_labels(label_text) + b"".join(encoded_entries)
    return b"\x0a" + length_of(len(body)) + body


def encode_labels(label_text: str) -> bytes:
    """The field `labels` of a stream; alone, the message of a stream without entries."""
    labels = label_text.encode()
    return b"\x0a" + length_of(len(labels)) + labels


def encode_push(streams: Iterable[Stream]) -> bytes:
    """The whole push request, not yet compressed (Loki wants it as a snappy block)."""
    return b"".join(encode_stream(format_labels(s.labels), map(encode_entry, s.entries)) for s in streams)


def read_varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """The number at `at`, and the first byte behind it. Raises MalformedPush where there is none."""
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
        return read_varint(data, at)[1]
    if wire_type == 1:
        return at + 8
    if wire_type == 2:
        size, at = read_varint(data, at)
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
        tag, at = read_varint(data, at)
        budget -= 1
        if tag == 0x0A:
            size, at = read_varint(data, at)
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


def count_entries(data: bytes, begin: int, end: int) -> int:
    """Entries of one stream message; for those that are refused as a whole."""
    return sum(number == _ENTRIES for number, _ in _fields(data, begin, end))


def _stream_labels(data: bytes, at: int, end: int, budget: int) -> tuple[str, int]:
    """The label text of one stream message, and what is left of the budget of headers.

    The field stands first in what every known client writes.
    """
    while at < end and budget >= 0:
        tag, at = read_varint(data, at)
        budget -= 1
        if tag == 0x0A:
            size, at = read_varint(data, at)
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
            if number == _ENTRIES and isinstance(value, bytes):
                yield labels, _entry(value)


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int | bytes]]:
    """The varint and length-delimited fields of one message."""
    while at < end:
        tag, at = read_varint(data, at)
        if tag & 7 == 0:
            value, at = read_varint(data, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            size, at = read_varint(data, at)
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
