"""Bodies as Loki's clients send them, unpacked within bounds: snappy blocks, gzip, deflate.

A few kilobytes may unpack to gigabytes, so every way stops at the limit that the caller gives. Used by the server's
routes (api/routes/unpack.py) and by the agent's listener for pushes (read_push.py).
"""

import zlib

import cramjam

from whodid.errors import WhodidError
from whodid.wire.push_protobuf import MalformedPush


class UnpacksTooLarge(WhodidError):
    """The body unpacks to more than the limit."""


def unsnappy(body: bytes, max_bytes: int) -> bytes:
    """A snappy block, as Loki's clients send it."""
    try:
        if _snappy_length(body) > max_bytes:
            raise _too_large(max_bytes)
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise MalformedPush("snappy: corrupt input") from None


def _snappy_length(body: bytes) -> int:
    """The unpacked size that a snappy block states in its first bytes (a varint)."""
    value = 0
    for i, byte in enumerate(body[:6]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value
    raise MalformedPush("snappy: corrupt input")


def inflate(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """A gzip or deflate stream."""
    # wbits 47 reads gzip and zlib streams; raw deflate, which Loki's own clients send, has no header.
    wbits = 47 if encoding == "gzip" or body[:1] == b"\x78" else -15
    parts: list[bytes] = []
    size = 0
    while body or not parts:  # a gzip stream may have several members (RFC 1952)
        engine = zlib.decompressobj(wbits)
        try:
            # One byte more than allowed, for what is exactly at the limit is not cut off.
            parts.append(engine.decompress(body, max_bytes - size + 1))
        except zlib.error as e:
            raise MalformedPush(f"the push body is no {encoding} stream: {e}") from None
        size += len(parts[-1])
        if size > max_bytes:
            raise _too_large(max_bytes)
        if not engine.eof:
            raise MalformedPush(f"the push body is no {encoding} stream: it ends early")
        body = engine.unused_data
    return b"".join(parts)


def _too_large(max_bytes: int) -> UnpacksTooLarge:
    return UnpacksTooLarge(f"the push body unpacks to more than {max_bytes} bytes; send smaller batches")
