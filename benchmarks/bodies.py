"""Push bodies, ready to send before anything is measured: encoded once, moved in time as often as needed.

Lines are dear to make (5 µs each in Python) and bodies are pushed again and again: with other instants they are other
lines to the server. Moving is a replacement of bytes: an instant's seconds have as many bytes today as next year.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cramjam

from benchmarks.lines import SOURCES, mixed
from whodid.model.entry import Entry, Stream
from whodid.wire.push_protobuf import encode_push

SECOND = 10**9
ORIGIN_S = 1_700_000_000
"""When the first line of a stock is, until it is moved."""


@dataclass(frozen=True, slots=True)
class Body:
    """A push request before compression; all of its instants are in [first_s, last_s + 1 s)."""

    raw: bytes
    lines: int
    first_s: int
    last_s: int

    def moved(self, by_s: int) -> "Body":
        """The same lines, later by whole seconds."""
        raw, seconds = self.raw, range(self.first_s, self.last_s + 1)
        # From the far end: a second that was just written must not be taken for one that is still to be moved.
        for second in reversed(seconds) if by_s > 0 else seconds:
            raw = raw.replace(_seconds(second), _seconds(second + by_s))
        return replace(self, raw=raw, first_s=self.first_s + by_s, last_s=self.last_s + by_s)

    def packed(self) -> bytes:
        """As promtail sends it: a snappy block."""
        return bytes(cramjam.snappy.compress_raw(self.raw))


def _seconds(second: int) -> bytes:
    """The field `seconds` of an instant: its tag and a varint, four bytes of which are no ASCII."""
    if not 1 << 28 <= second < 1 << 35:
        raise ValueError(f"second {second} does not have five bytes as a varint")
    return bytes([0x08, *(second >> shift & 127 | 128 for shift in (0, 7, 14, 21)), second >> 28])


def encode(lines: Iterable[tuple[int, int, str]], per_body: int, **more: str) -> Iterator[Body]:
    """Bodies of so many lines (index in SOURCES, ns, text), in order of time; `more` are labels of all streams."""
    streams = [Stream({**source.labels, **more}) for source in SOURCES]
    count = first_ns = last_ns = 0
    for source, ns, text in lines:
        first_ns, last_ns, count = (first_ns if count else ns), ns, count + 1
        streams[source].entries.append(Entry(ns, text, {}))
        if count == per_body:
            yield _body(streams, count, first_ns, last_ns)
            count = 0
    if count:
        yield _body(streams, count, first_ns, last_ns)


def _body(streams: Sequence[Stream], count: int, first_ns: int, last_ns: int) -> Body:
    raw = encode_push(stream for stream in streams if stream.entries)
    for stream in streams:
        stream.entries.clear()
    return Body(raw, count, first_ns // SECOND, last_ns // SECOND)


@dataclass(frozen=True, slots=True)
class Stock:
    """Bodies in order of time, from ORIGIN_S on, at an even pace."""

    bodies: tuple[Body, ...]
    lines: int
    span_s: int

    @property
    def raw_bytes(self) -> int:
        return sum(len(body.raw) for body in self.bodies)

    def packed(self, begin_s: int) -> list[bytes]:
        """All bodies, compressed, the first line in the second `begin_s`."""
        return [body.moved(begin_s - ORIGIN_S).packed() for body in self.bodies]


def make_stock(lines: int, lines_per_s: float, per_body: int, seed: int = 11, **more: str) -> Stock:
    """So many lines of all sources, so many a second of their own time."""
    made = mixed(lines, ORIGIN_S, 1 / lines_per_s, seed)
    return Stock(tuple(encode(made, per_body, **more)), lines, int(lines / lines_per_s) + 1)
