"""A push as the agent's own listener takes it: every entry in Python, for it is going to be read again.

The server never does that (push_protobuf.py). Shapes and encodings are Loki's; `read_lines` is Promtail's raw endpoint,
one entry a line.
"""

from collections.abc import Iterator, Mapping

from whodid.model.entry import Entry
from whodid.wire.label_text import parse_label_text
from whodid.wire.push_json import json_to_protobuf
from whodid.wire.push_protobuf import MalformedPush, iter_entries
from whodid.wire.unpack import inflate, unsnappy


def read_push(body: bytes, media_type: str, encoding: str, max_bytes: int) -> Iterator[tuple[Mapping[str, str], Entry]]:
    """The entries of a push with their streams' labels. Raises MalformedPush, BadLabels, UnpacksTooLarge."""
    data = unpack_body(body, encoding, max_bytes)
    if media_type == "application/json":
        data = json_to_protobuf(unsnappy(data, max_bytes) if encoding == "snappy" else data)
    else:
        data = unsnappy(data, max_bytes)
    known: dict[str, Mapping[str, str]] = {}
    for text, entry in iter_entries(data):
        if text not in known:
            known[text] = parse_label_text(text)
        yield known[text], entry


def read_lines(body: bytes, encoding: str, max_bytes: int) -> list[str]:
    """The lines of a body. Raises MalformedPush, UnpacksTooLarge."""
    data = unpack_body(body, encoding, max_bytes)
    if encoding == "snappy":
        data = unsnappy(data, max_bytes)
    lines = (line.rstrip("\r") for line in data.decode("utf-8", "replace").split("\n"))
    return [line for line in lines if line]


def unpack_body(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """The body without its content coding; snappy is left, for in protobuf it is part of the format."""
    if encoding in ("gzip", "deflate"):
        return inflate(body, encoding, max_bytes)
    if encoding not in ("", "identity", "snappy"):
        raise MalformedPush(f'Content-Encoding "{encoding[:40]}" not supported')
    return body
