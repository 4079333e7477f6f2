"""Loki's push body in JSON, rewritten as protobuf, so that one write path serves both.

Shape: `{"streams": [{"stream": {…}, "values": [["<ns>", "<line>", {"<name>": "<value>"}?]]}]}` (Grafana Loki HTTP API).
As strict and as lenient as Loki: instants are strings of nanoseconds and metadata a flat map of strings, but a label
may be a number, an entry null, and what stands behind the metadata is passed over. The first API's shape is read too:
`{"streams": [{"labels": "{…}", "entries": [{"ts": "<RFC 3339>", "line": "<line>"}]}]}`.
"""

import re
from typing import Any

import msgspec

from whodid.model.clock import parse_rfc3339
from whodid.model.entry import Entry
from whodid.model.labels import LABEL_NAME, format_labels
from whodid.wire.label_text import BadLabels
from whodid.wire.push_protobuf import MalformedPush, encode_entry, encode_stream


class _OldEntry(msgspec.Struct):
    ts: str = ""
    line: str = ""


class _Stream(msgspec.Struct):
    stream: dict[str, msgspec.Raw] = {}
    values: list[list[Any] | None] | None = []
    labels: str | None = None
    entries: list[_OldEntry] = []


class _Push(msgspec.Struct):
    streams: list[_Stream] | None = None


_decoder = msgspec.json.Decoder(_Push)
_INSTANT = re.compile(r"-?[0-9]{1,19}")
_NS_LIMIT = 1 << 63


def json_to_protobuf(body: bytes) -> bytes:
    """The protobuf form of a JSON push. Raises MalformedPush with the mistake's place, BadLabels for a bad name."""
    try:
        push = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise MalformedPush(f"the push body is not Loki's JSON: {e}") from None
    out = []
    for number, stream in enumerate(push.streams or ()):
        if stream.labels is not None:
            out.append(encode_stream(stream.labels, [_old_entry(e, number, i) for i, e in enumerate(stream.entries)]))
            continue
        for name in stream.stream:
            if not LABEL_NAME.fullmatch(name):
                raise BadLabels(
                    f"couldn't parse labels: {name!r} in stream {number} is not a label name ([a-zA-Z_][a-zA-Z0-9_]*)"
                )
        labels = {name: _label(value) for name, value in stream.stream.items()}
        values = stream.values or ()
        entries = [_entry(value, number, i) for i, value in enumerate(values) if value is not None]
        out.append(encode_stream(format_labels(labels), entries))
    return b"".join(out)


def _old_entry(entry: _OldEntry, stream: int, number: int) -> bytes:
    try:
        ns = parse_rfc3339(entry.ts)
    except (ValueError, OverflowError):
        ns = _NS_LIMIT
    if not -_NS_LIMIT <= ns < _NS_LIMIT:
        raise MalformedPush(f"streams[{stream}].entries[{number}]: {entry.ts!r:.60} is no instant (RFC 3339)")
    return encode_entry(Entry(max(ns, 0), entry.line, {}))


def _label(value: msgspec.Raw) -> str:
    """A label's value; what is no text is taken as it stands there."""
    raw = bytes(value).strip()
    if not raw.startswith(b'"'):
        return raw.decode("utf-8", "replace")
    try:
        text: str = msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        raise MalformedPush(f"the push body is not Loki's JSON: {e}") from None
    return text


def _entry(value: list[Any], stream: int, number: int) -> bytes:
    where = f"streams[{stream}].values[{number}]"
    if not value:
        raise MalformedPush(f'{where} must be ["<ns>", "<line>", {{metadata}}], but is empty')
    stamp = value[0]
    line = value[1] if len(value) > 1 else ""
    metadata = value[2] if len(value) > 2 else {}
    if not isinstance(stamp, str) or not _INSTANT.fullmatch(stamp):
        raise MalformedPush(f"{where}: the instant must be a string of nanoseconds since 1970, not {stamp!r:.60}")
    if not isinstance(line, str) or not isinstance(metadata, dict) or not _are_texts(metadata):
        raise MalformedPush(f"{where}: the line must be a string and the metadata a map of strings")
    ns = int(stamp)
    if not -_NS_LIMIT <= ns < _NS_LIMIT:
        raise MalformedPush(f"{where}: the instant {stamp:.40} is out of range")
    return encode_entry(Entry(max(ns, 0), line, metadata))


def _are_texts(metadata: dict[str, Any]) -> bool:
    return all(isinstance(value, str) for value in metadata.values())
