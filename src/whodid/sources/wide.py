"""Bytes into lines where a character has two or four bytes: UTF-16 and UTF-32. Pure; `lines.py` has all others.

The same rules: no byte is dropped silently, what is too long is cut with a mark. Slower by far, and hardly ever needed.
"""

from whodid.sources.encodings import Encoding
from whodid.sources.lines import DEFAULT_MAX_LINE_BYTES, Lines, LineSplitter, cut_mark


class WideSplitter:
    """Cuts one feed into lines; `offset` is where in the feed the first byte stands."""

    __slots__ = ("_codec", "_max", "_newline", "_offset", "_searched", "_skipped", "_tail", "_width", "cut_lines")

    def __init__(self, encoding: Encoding, offset: int = 0, max_line_bytes: int = DEFAULT_MAX_LINE_BYTES) -> None:
        self._codec, self._width, self._newline = encoding.codec, encoding.width, encoding.newline
        self._max = max(max_line_bytes // encoding.width, 1) * encoding.width
        self._offset = offset  # of the first byte of the unfinished line
        self._tail = b""  # the unfinished line, at most _max bytes and a unit of it
        self._skipped = 0
        self._searched = 0  # no newline begins before it in the tail
        self.cut_lines = 0

    @property
    def unfinished_bytes(self) -> int:
        """How many bytes of a line without a newline are held back."""
        return len(self._tail) + self._skipped

    def feed(self, data: bytes) -> Lines:
        """The lines that `data` completes."""
        lines = Lines([], [])
        self._tail += data
        begin = 0
        while (end := self._find(begin)) >= 0:
            self._end(self._tail[begin:end], self._width, lines)
            begin = self._searched = end + self._width
        self._tail = self._tail[begin:]
        self._searched = max(0, len(self._tail) // self._width * self._width)
        surplus = (len(self._tail) - self._max) // self._width * self._width
        if surplus > 0:  # whole units only: the next newline must stay where it is
            self._skipped += surplus
            self._tail = self._tail[: self._max] + self._tail[self._max + surplus :]
            self._searched = len(self._tail) // self._width * self._width
        return lines

    def finish(self) -> Lines:
        """The unfinished line as a line of its own, for a feed that will never go on."""
        lines = Lines([], [])
        if self.unfinished_bytes:
            self._end(self._tail, 0, lines)
            self._tail = b""
        self._searched = 0
        return lines

    def _find(self, begin: int) -> int:
        """Where the next newline begins in the tail, at a multiple of the width."""
        at = max(begin, self._searched)
        while (at := self._tail.find(self._newline, at)) >= 0:
            if (at - begin) % self._width == 0:
                return at
            at += 1
        return -1

    def _end(self, data: bytes, newline_bytes: int, lines: Lines) -> None:
        """Adds one line. Holes (lines.py) are characters here: U+0000."""
        self._offset += len(data) + self._skipped + newline_bytes
        surplus = max(0, len(data) - self._max) + self._skipped
        text = data[: self._max].decode(self._codec, "replace").lstrip("\0").removesuffix("\r")
        if surplus:
            self.cut_lines += 1
            text += cut_mark(surplus)
        lines.texts.append(text)
        lines.ends.append(self._offset)
        self._skipped = 0


def make_splitter(
    encoding: Encoding, offset: int = 0, max_line_bytes: int = DEFAULT_MAX_LINE_BYTES
) -> LineSplitter | WideSplitter:
    """What cuts a feed of this encoding."""
    if encoding.width > 1:
        return WideSplitter(encoding, offset, max_line_bytes)
    return LineSplitter(offset, max_line_bytes, encoding.codec)
