"""POST /loki/api/v1/push: Loki's push API, protobuf (snappy) or JSON (optionally gzip or deflate).

204 only when the lines are durable. `X-Whodid-Idempotency-Key` makes a repeat harmless; `X-Whodid-Attempt` greater
than 1 says that the client does not know whether an earlier attempt arrived.
"""

import asyncio
import zlib

import cramjam
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from whodid.api.errors import BodyTooLarge, UnsupportedEncoding
from whodid.api.routes.client import read_body
from whodid.api.services import services, tenant_of
from whodid.ingest.limits import Limits
from whodid.wire.push_headers import ATTEMPT_HEADER, KEY_HEADER
from whodid.wire.push_json import json_to_protobuf
from whodid.wire.push_protobuf import MalformedPush

MAX_BYTES = Limits().max_body_bytes


async def push(request: Request) -> Response:
    """One push body."""
    house = services(request)
    body = await read_body(request, MAX_BYTES, f"the push body is larger than {MAX_BYTES} bytes; send smaller batches")
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "").strip().lower()
    data = (
        await asyncio.to_thread(_decode, body, media_type, encoding)
        if len(body) > 64 << 10
        else _decode(body, media_type, encoding)
    )
    key = request.headers.get(KEY_HEADER, "")
    attempt = request.headers.get(ATTEMPT_HEADER, "1")
    refused = await house.ingest.push(data, tenant_of(request), key, repeated=attempt != "1")
    if refused:
        count = len(refused)
        return PlainTextResponse(f"{count} error{'s' if count > 1 else ''} like: {refused[0]}\n", 400)
    return Response(status_code=204)


def _decode(body: bytes, media_type: str, encoding: str) -> bytes:
    """The body as decompressed protobuf."""
    if encoding in ("gzip", "deflate"):
        body = _inflate(body, encoding)
    elif encoding not in ("", "snappy", "identity"):
        raise UnsupportedEncoding(f'Content-Encoding "{encoding[:40]}" not supported')
    if media_type == "application/json":
        return json_to_protobuf(_snappy(body) if encoding == "snappy" else body)
    return _snappy(body)


def _snappy(body: bytes) -> bytes:
    try:
        if _snappy_length(body) > MAX_BYTES:
            raise BodyTooLarge(f"the push body unpacks to more than {MAX_BYTES} bytes; send smaller batches")
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


def _inflate(body: bytes, encoding: str) -> bytes:
    # wbits 47 reads gzip and zlib streams; raw deflate, which Loki's own clients send, has no header.
    wbits = 47 if encoding == "gzip" or body[:1] == b"\x78" else -15
    parts: list[bytes] = []
    size = 0
    while body or not parts:  # a gzip stream may have several members (RFC 1952)
        engine = zlib.decompressobj(wbits)
        try:
            # One byte more than allowed, for what is exactly at the limit is not cut off.
            parts.append(engine.decompress(body, MAX_BYTES - size + 1))
        except zlib.error as e:
            raise MalformedPush(f"the push body is no {encoding} stream: {e}") from None
        size += len(parts[-1])
        if size > MAX_BYTES:
            raise BodyTooLarge(f"the push body unpacks to more than {MAX_BYTES} bytes; send smaller batches")
        if not engine.eof:
            raise MalformedPush(f"the push body is no {encoding} stream: it ends early")
        body = engine.unused_data
    return b"".join(parts)
