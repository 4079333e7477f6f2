"""A container's log as Docker's API sends it: bytes in, lines out. Pure.

Without a terminal the two streams come in frames (one message each): a byte for the stream, three zeros, four of the
length. With one there are no frames. Every message begins with its instant (`timestamps=1`). A line of more than 16 KiB
comes in parts, each with the instant of the first; only the last ends with a newline. Source: Docker Engine API,
"Attach to a container"; moby daemon/logger/copier.go.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from whodid.model.clock import parse_rfc3339

PART_BYTES: Final = 16 << 10
_HEAD_BYTES: Final = 8
_STREAMS: Final = {0: "stdout", 1: "stdout", 2: "stderr"}
_COMPLAINT: Final = 3
_STAMP: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ?")
_STAMP_BYTES: Final = 40
_CUT: Final = "… [whodid: line cut here, {} more bytes]"


class LogLine(NamedTuple):
    """One line of a container."""

    ns: int
    stream: str
    text: str


class _Unfinished:
    """A line of which more is to come."""

    __slots__ = ("data", "left_out", "ns")

    def __init__(self, ns: int) -> None:
        self.ns = ns
        self.data = b""
        self.left_out = 0

    def add(self, data: bytes, most: int) -> None:
        room = max(0, most - len(self.data))
        self.data += data[:room]
        self.left_out += max(0, len(data) - room)


class LogDecoder:
    """One answer of the API. Holds at most one message and one unfinished line of each stream, within bounds."""

    def __init__(self, terminal: bool, max_line_bytes: int) -> None:
        self._terminal = terminal
        self._max = max_line_bytes
        self._data = b""
        self._skip = 0  # bytes of a frame that is too long
        self._lines: dict[str, _Unfinished] = {}
        self._newest_ns = 0
        self._part_room = PART_BYTES  # with a terminal: bytes up to where a part's instant may stand
        self._part_stamp = b""
        self.complaint = ""
        """What the engine says in the midst of the log."""
        self.broken = ""
        """Why nothing more can be read: what must be a frame is none."""

    @property
    def oldest_unfinished_ns(self) -> int | None:
        """The instant of the oldest line of which more is to come."""
        return min((line.ns for line in self._lines.values()), default=None)

    def feed(self, data: bytes) -> list[LogLine]:
        """The lines that `data` completes."""
        if self.broken:
            return []
        self._data = self._data + data if self._data else data
        return list(self._read_terminal() if self._terminal else self._read_frames())

    def finish(self) -> list[LogLine]:
        """What is unfinished when the container has ended: all there will be of it."""
        lines = sorted(self._lines.items(), key=lambda pair: pair[1].ns)
        self._lines = {}
        return [_line(stream, line) for stream, line in lines if line.data]

    def _read_frames(self) -> Iterator[LogLine]:
        data, at = self._data, 0
        if self._skip:
            at = min(self._skip, len(data))
            self._skip -= at
        while len(data) - at >= _HEAD_BYTES:
            kind, begin = data[at], at + _HEAD_BYTES
            if kind > _COMPLAINT or data[at + 1 : at + 4] != b"\0\0\0":
                self.broken = f"{data[at : at + _HEAD_BYTES]!r} is no head of a frame"
                at = len(data)
                break
            size = int.from_bytes(data[at + 4 : begin], "big")
            kept = min(size, self._max + _STAMP_BYTES)
            if len(data) - begin < kept:
                break
            message = data[begin : begin + kept]
            at = min(len(data), begin + size)
            self._skip = begin + size - at
            if kind == _COMPLAINT:
                self.complaint = message.decode("utf-8", "replace").strip()
            else:
                yield from self._message(_STREAMS[kind], message, size - kept)
            if self._skip:
                break
        self._data = data[at:]

    def _message(self, stream: str, message: bytes, left_out: int) -> Iterator[LogLine]:
        """One frame: a line or a part of one, behind its instant."""
        ns, begin = self._stamp(message, 0)
        line = self._lines.get(stream)
        if line is None:
            line = self._lines[stream] = _Unfinished(ns)
        ends = message.endswith(b"\n") or left_out > 0  # where a frame was cut, its end was not seen
        line.add(message[begin : -1 if message.endswith(b"\n") else None], self._max)
        line.left_out += left_out
        if ends:
            del self._lines[stream]
            yield _line(stream, line)

    def _read_terminal(self) -> Iterator[LogLine]:
        data, at = self._data, 0
        while at < len(data):
            line = self._lines.get("stdout")
            if line is None:
                end = data.find(b"\n", at)
                if end < 0 and len(data) - at < _STAMP_BYTES:
                    break
                ns, begin = self._stamp(data, at)
                self._part_stamp, at = data[at:begin], begin
                line = self._lines["stdout"] = _Unfinished(ns)
                self._part_room = PART_BYTES
            elif self._part_room == 0:
                # The next part begins with the same instant, unless the line ends or goes on by itself.
                stamp = self._part_stamp
                if stamp and data[at : at + len(stamp)] == stamp[: len(data) - at]:
                    if len(data) - at < len(stamp):
                        break
                    at += len(stamp)
                self._part_room = PART_BYTES
            end = data.find(b"\n", at, at + self._part_room + 1)
            stop = end if end >= 0 else min(len(data), at + self._part_room)
            line.add(data[at:stop], self._max)
            self._part_room -= stop - at
            at = stop
            if end >= 0:
                at += 1
                del self._lines["stdout"]
                yield _line("stdout", line)
        self._data = data[at:]

    def _stamp(self, data: bytes, at: int) -> tuple[int, int]:
        """The instant of a message, and where its text begins. One without has the instant of the one before."""
        match = _STAMP.match(data, at)
        if match is None:
            return self._newest_ns, at
        try:
            self._newest_ns = ns = parse_rfc3339(match.group(1).decode())
        except ValueError:
            return self._newest_ns, at
        return ns, match.end()


def _line(stream: str, line: _Unfinished) -> LogLine:
    text = line.data.removesuffix(b"\r").decode("utf-8", "replace")
    return LogLine(line.ns, stream, text + _CUT.format(line.left_out) if line.left_out else text)
