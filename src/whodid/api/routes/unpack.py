"""Bodies as they come over the wire, unpacked within bounds: snappy blocks, gzip, deflate, zstd, LZ4.

The first three are wire/unpack.py's; here what does not fit becomes the answer 413. Used by the routes that take lines
(push.py, otlp.py).
"""

import cramjam

from whodid.api.errors import BodyTooLarge
from whodid.wire import unpack
from whodid.wire.push_protobuf import MalformedPush

_FRAMES = {"zstd": cramjam.zstd, "lz4": cramjam.lz4}


def unsnappy(body: bytes, max_bytes: int) -> bytes:
    """A snappy block, as Loki's clients send it."""
    try:
        return unpack.unsnappy(body, max_bytes)
    except unpack.UnpacksTooLarge as e:
        raise BodyTooLarge(str(e)) from None


def inflate(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """A gzip or deflate stream."""
    try:
        return unpack.inflate(body, encoding, max_bytes)
    except unpack.UnpacksTooLarge as e:
        raise BodyTooLarge(str(e)) from None


def unframe(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """A zstd or LZ4 frame."""
    room = bytearray(max_bytes)  # zero pages: what is not written costs no memory
    try:
        size = _FRAMES[encoding].decompress_into(body, room)
    except cramjam.DecompressionError as e:
        if "whole buffer" in str(e):
            raise BodyTooLarge(f"the push body unpacks to more than {max_bytes} bytes; send smaller batches") from None
        raise MalformedPush(f"the body is no {encoding} frame: {e}") from None
    return bytes(memoryview(room)[:size])
