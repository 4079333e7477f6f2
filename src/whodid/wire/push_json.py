"""Loki's push body in JSON, rewritten as protobuf, so that one write path serves both.

Shape: `{"streams": [{"stream": {…}, "values": [["<ns>", "<line>", {"<name>": "<value>"}?]]}]}` (Grafana Loki HTTP API).
Checked strictly, as Loki does: instants are strings of nanoseconds, metadata a flat map of strings.
"""

import re
from typing import Any

import msgspec

from whodid.model.entry import Entry
from whodid.model.labels import LABEL_NAME, format_labels
from whodid.wire.label_text import BadLabels
from whodid.wire.push_protobuf import MalformedPush, encode_entry, encode_stream


class _Stream(msgspec.Struct):
    stream: dict[str, str] = {}
    values: list[list[str | dict[str, str]]] = []


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
        for name in stream.stream:
            if not LABEL_NAME.fullmatch(name):
                raise BadLabels(
                    f"couldn't parse labels: {name!r} in stream {number} is not a label name ([a-zA-Z_][a-zA-Z0-9_]*)"
                )
        entries = [_entry(value, number, i) for i, value in enumerate(stream.values)]
        out.append(encode_stream(format_labels(stream.stream), entries))
    return b"".join(out)


def _entry(value: list[Any], stream: int, number: int) -> bytes:
    where = f"streams[{stream}].values[{number}]"
    if not value or len(value) > 3:
        raise MalformedPush(f'{where} must be ["<ns>", "<line>", {{metadata}}], but has {len(value)} items')
    stamp = value[0]
    line = value[1] if len(value) > 1 else ""
    metadata = value[2] if len(value) > 2 else {}
    if not isinstance(stamp, str) or not _INSTANT.fullmatch(stamp):
        raise MalformedPush(f"{where}: the instant must be a string of nanoseconds since 1970, not {stamp!r:.60}")
    if not isinstance(line, str) or not isinstance(metadata, dict):
        raise MalformedPush(f"{where}: the line must be a string and the metadata a map of strings")
    ns = int(stamp)
    if not -_NS_LIMIT <= ns < _NS_LIMIT:
        raise MalformedPush(f"{where}: the instant {stamp:.40} is out of range")
    return encode_entry(Entry(max(ns, 0), line, metadata))
