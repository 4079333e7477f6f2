"""Bytes into lines: partial tails, over-long lines, bad bytes, CRLF, holes. Pure; how the bytes were cut never matters.

No byte is dropped silently: what is no text becomes U+FFFD, what is too long is cut with a visible mark and counted.
Only NUL bytes at the beginning of a line are skipped: they are the hole that a writer without O_APPEND leaves behind
when its file is truncated under it (logrotate's copytruncate), and were never written by anybody.
"""

from itertools import accumulate
from typing import NamedTuple

DEFAULT_MAX_LINE_BYTES = 1 << 20


class Lines(NamedTuple):
    """Complete lines and, for each, the offset just behind its newline. Two lists, because a tuple per line is dear."""

    texts: list[str]
    ends: list[int]


class LineSplitter:
    """Cuts one feed into lines; `offset` is where in the feed the first byte stands. `codec` extends ASCII."""

    __slots__ = ("_codec", "_hole", "_max", "_offset", "_skipped", "_tail", "cut_lines")

    def __init__(self, offset: int = 0, max_line_bytes: int = DEFAULT_MAX_LINE_BYTES, codec: str = "utf-8") -> None:
        self._codec = codec
        self._offset = offset  # of the first byte of the unfinished line, holes included
        self._max = max_line_bytes
        self._tail = b""  # the unfinished line, at most _max bytes of it
        self._hole = 0  # NUL bytes skipped in front of the tail
        self._skipped = 0  # bytes of the unfinished line behind the first _max
        self.cut_lines = 0

    @property
    def unfinished_bytes(self) -> int:
        """How many bytes of a line without a newline are held back."""
        return len(self._tail) + self._hole + self._skipped

    def feed(self, data: bytes) -> Lines:
        """The lines that `data` completes."""
        last = data.rfind(b"\n")
        if last < 0:
            self._keep(data)
            return Lines([], [])
        first = data.find(b"\n")
        self._keep(data[:first])
        lines = self._end(1)
        if last > first:
            self._whole(data[first + 1 : last], lines)
        self._keep(data[last + 1 :])
        return lines

    def finish(self) -> Lines:
        """The unfinished line as a line of its own, for a feed that will never go on."""
        return self._end(0) if self.unfinished_bytes else Lines([], [])

    def _whole(self, block: bytes, lines: Lines) -> None:
        """Adds the lines of a block that begins and ends at line borders (its last newline left off)."""
        parts = block.split(b"\n")
        if b"\0" in block or len(max(parts, key=len)) > self._max:
            self._one_by_one(parts, lines)
            return
        # At once: a newline ends every broken character, too.
        texts = block.decode(self._codec, "replace").split("\n")
        if len(texts) != len(parts):  # but not in every encoding there is
            self._one_by_one(parts, lines)
            return
        lines.ends.extend(accumulate([len(part) + 1 for part in parts], initial=self._offset))
        del lines.ends[-len(parts) - 1]  # the initial value is no line's end
        self._offset += len(block) + 1
        lines.texts.extend([text.removesuffix("\r") for text in texts] if b"\r" in block else texts)

    def _one_by_one(self, parts: list[bytes], lines: Lines) -> None:
        """Adds lines that have to be looked at closely."""
        for part in parts:
            self._keep(part)
            text, end = self._end(1)
            lines.texts.extend(text)
            lines.ends.extend(end)

    def _keep(self, data: bytes) -> None:
        """Appends to the unfinished line, within bounds."""
        if not self._tail and data.startswith(b"\0"):
            rest = data.lstrip(b"\0")
            self._hole += len(data) - len(rest)
            data = rest
        room = self._max - len(self._tail)
        if len(data) > room:
            self._skipped += len(data) - room
            data = data[:room]
        if data:
            self._tail += data

    def _end(self, newline_bytes: int) -> Lines:
        """Closes the unfinished line and returns it."""
        self._offset += self.unfinished_bytes + newline_bytes
        tail, skipped = self._tail, self._skipped
        self._tail, self._skipped, self._hole = b"", 0, 0
        if not skipped:
            return Lines([tail.removesuffix(b"\r").decode(self._codec, "replace")], [self._offset])
        self.cut_lines += 1
        text = tail.decode(self._codec, "replace")
        return Lines([text + cut_mark(skipped)], [self._offset])


def cut_mark(surplus_bytes: int) -> str:
    """What stands at the end of a line that was cut."""
    return f"… [whodid: line cut here, {surplus_bytes} more bytes]"
