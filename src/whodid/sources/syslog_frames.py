"""Cuts the bytes of a syslog connection into messages, octet-counted or by line. Pure.

Which of both a sender speaks is seen by its first bytes: a number and a blank before `<` count octets, everything else
ends its messages with a newline (or NUL, as some routers do). Source: RFC 6587 sections 3.4.1 and 3.4.2.
"""

import re
from typing import Final

_COUNTED: Final = re.compile(rb"[1-9][0-9]{0,9} <")
_COUNT: Final = re.compile(rb"([1-9][0-9]{0,9}) ")
_UNDECIDED_BYTES: Final = 12
_END: Final = re.compile(rb"[\n\0]")


class FrameSplitter:
    """One connection. Holds at most one message, cut to `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._counted: bool | None = None  # not known yet
        self._data = b""
        self._skip = 0  # octets of a counted message that is too long
        self._skipping = False  # a line that is too long: up to its end
        self.cut = 0
        """How many messages were too long."""
        self.broken = ""
        """Why nothing more can be told apart: octets are counted, and there is no count where one must be."""

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._data or self._skip or self._skipping)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes."""
        if self.broken:
            return []
        self._data += data
        if self._counted is None and not self._decide():
            return []
        return self._by_count() if self._counted else self._by_line()

    def finish(self) -> list[bytes]:
        """What is left when the connection ends: a last line without its newline. Half a counted message, too: it is
        all there will be of it."""
        rest, self._data = self._data, b""
        if self._skipping or self._skip:
            return []
        if self._counted:
            head = _COUNT.match(rest)
            rest = rest[head.end() :] if head else b""
        return [rest[: self._max]] if rest.strip() else []

    def _decide(self) -> bool:
        data = self._data
        if not data:
            return False
        if _COUNTED.match(data):
            self._counted = True
        elif len(data) >= _UNDECIDED_BYTES or not re.fullmatch(rb"[1-9][0-9]{0,9} ?", data):
            self._counted = False
        return self._counted is not None

    def _by_line(self) -> list[bytes]:
        data, self._data = self._data, b""
        if b"\0" in data:
            data = data.replace(b"\0", b"\n")
        *lines, rest = data.split(b"\n")
        out: list[bytes] = []
        for line in lines:
            if self._skipping:
                self._skipping = False
            elif len(line) > self._max:
                self.cut += 1
                out.append(line[: self._max])
            elif line and line != b"\r":
                out.append(line.removesuffix(b"\r"))
        if self._skipping:
            return out
        if len(rest) > self._max:
            self.cut += 1
            self._skipping = True
            out.append(rest[: self._max])
        else:
            self._data = rest
        return out

    def _by_count(self) -> list[bytes]:
        data, at = self._data, 0
        out: list[bytes] = []
        if self._skip:
            at = min(self._skip, len(data))
            self._skip -= at
        while at < len(data):
            head = _COUNT.match(data, at)
            if head is None:
                if data[at : at + 1] in b"\n\r\0":  # some count, and end the line as well
                    at += 1
                    continue
                if re.fullmatch(rb"[1-9][0-9]{0,9}", data[at:]):
                    break
                self.broken = f"octets are counted, but {data[at : at + 20]!r} is no count"
                self._data = b""
                return out
            size, begin = int(head.group(1)), head.end()
            if size > self._max:
                if len(data) < begin + self._max:
                    break
                self.cut += 1
                out.append(data[begin : begin + self._max])
                at = min(len(data), begin + size)
                self._skip = begin + size - at
            elif len(data) < begin + size:
                break
            else:
                message = data[begin : begin + size]
                at = begin + size
                if message.strip():
                    out.append(message)
        self._data = data[at:]
        return out
