"""One HTTP/1.1 request after the other off a connection, within bounds: all that a listener for pushes needs.

The agent has no web framework: a watched host needs none. Bodies come with a length or in chunks; anything that could
be read in two ways is refused. Source: RFC 9112.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 16 << 10
_MOST_CHUNKS: Final = 100_000
_LINE: Final = re.compile(rb"([A-Z]{1,16}) ([!-~]{1,4096}) HTTP/1\.([01])")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_CHUNK: Final = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?")
_REASONS: Final = {
    100: "Continue",
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class BadRequest(Exception):
    """A request that is not taken: the status of the answer, and why. The connection cannot be read on."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """Everything of a request but its body."""

    method: str
    path: str
    """Without the query."""
    headers: Mapping[str, str]
    """By their names in small letters."""
    keep_alive: bool
    length: int | None
    """Bytes of the body; None: it comes in chunks."""

    @property
    def expects_continue(self) -> bool:
        return self.headers.get("expect", "").lower() == "100-continue"


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The head of the next request; None when the connection ends. Raises BadRequest."""
    try:
        data = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise BadRequest(400, f"the head of the request is longer than {HEAD_BYTES} bytes") from None
    first, *rest = data[:-4].split(b"\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise BadRequest(400, "this is no HTTP/1.1 request")
    headers: dict[str, str] = {}
    for text in rest:
        header = _HEADER.fullmatch(text)
        if header is None:
            raise BadRequest(400, f"{text[:80]!r} is no header")
        name = header.group(1).decode("ascii").lower()
        if name in headers and name in ("content-length", "transfer-encoding", "host"):
            raise BadRequest(400, f"the header {name} stands twice")
        headers[name] = header.group(2).decode("latin-1")
    close = headers.get("connection", "").lower() == "close" or line.group(3) == b"0"
    path = line.group(2).decode("ascii").partition("?")[0]
    return Head(line.group(1).decode("ascii"), path, headers, not close, _length(headers))


async def read_body(reader: asyncio.StreamReader, head: Head, max_bytes: int) -> bytes:
    """The body of a request. Raises BadRequest; EOFError where the connection ends in it."""
    if head.length is not None:
        if head.length > max_bytes:
            raise BadRequest(413, f"the body is larger than {max_bytes} bytes; send smaller batches")
        return await reader.readexactly(head.length)
    parts: list[bytes] = []
    size = 0
    for _ in range(_MOST_CHUNKS):
        chunk = _CHUNK.fullmatch(await _line(reader))
        if chunk is None:
            raise BadRequest(400, "what must be a chunk of the body is none")
        length = int(chunk.group(1), 16)
        if length == 0:
            while await _line(reader):  # trailers
                size += 1
                if size > max_bytes:
                    raise BadRequest(413, "too many trailers")
            return b"".join(parts)
        size += length
        if size > max_bytes:
            raise BadRequest(413, f"the body is larger than {max_bytes} bytes; send smaller batches")
        parts.append(await reader.readexactly(length))
        if await reader.readexactly(2) != b"\r\n":
            raise BadRequest(400, "a chunk of the body is longer than it says")
    raise BadRequest(413, "the body comes in too many chunks")


def answer(status: int, text: str = "", headers: Mapping[str, str] | None = None, *, keep_alive: bool = True) -> bytes:
    """An answer with a text for people."""
    body = f"{text}\n".encode() if text else b""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}"]
    if status >= 200:
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if status != 204:
            lines += [f"Content-Length: {len(body)}", "Content-Type: text/plain; charset=utf-8"]
        if not keep_alive:
            lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def _length(headers: Mapping[str, str]) -> int | None:
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if length is not None or coding.lower() != "chunked":
            raise BadRequest(400, "a body has a length or is chunked, and nothing else")
        return None
    if length is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,15}", length):
        raise BadRequest(400, f"{length[:40]!r} is no length of a body")
    return int(length)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\r\n"))[:-2]
    except asyncio.LimitOverrunError:
        raise BadRequest(400, "a line between the chunks of the body is too long") from None
