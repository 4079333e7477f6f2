"""POST /loki/api/v1/push: Loki's push API, protobuf (snappy) or JSON (optionally gzip or deflate).

204 only when the lines are durable. `X-Whodid-Idempotency-Key` makes a repeat harmless; `X-Whodid-Attempt` greater
than 1 says that the client does not know whether an earlier attempt arrived.
"""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from whodid.api.errors import UnsupportedEncoding
from whodid.api.routes.client import read_body
from whodid.api.routes.unpack import inflate, unsnappy
from whodid.api.services import services, writing_tenant_of
from whodid.ingest.body import Refusal
from whodid.ingest.limits import Limits
from whodid.wire.push_headers import ATTEMPT_HEADER, KEY_HEADER
from whodid.wire.push_json import json_to_protobuf

MAX_BYTES = Limits().max_body_bytes


async def push(request: Request) -> Response:
    """One push body."""
    house, tenant = services(request), writing_tenant_of(request)
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
    refused = await house.ingest.push(data, tenant, key, repeated=attempt != "1")
    return PlainTextResponse(told(refused) + "\n", 400) if refused else Response(status_code=204)


def told(refusals: Sequence[Refusal]) -> str:
    """What was refused, in one text; Loki counts equal ones, and says a single one as it is."""
    counts: dict[str, int] = {}
    for refusal in refusals:
        counts[refusal.text] = counts.get(refusal.text, 0) + (1 if refusal.is_stream else refusal.lines)
    if list(counts.values()) == [1]:
        return refusals[0].text
    return "; ".join(f"{count} errors like: {text}" for text, count in counts.items())


def _decode(body: bytes, media_type: str, encoding: str) -> bytes:
    """The body as decompressed protobuf."""
    if encoding in ("gzip", "deflate"):
        body = inflate(body, encoding, MAX_BYTES)
    elif encoding not in ("", "snappy", "identity"):
        raise UnsupportedEncoding(f'Content-Encoding "{encoding[:40]}" not supported')
    if media_type == "application/json":
        return json_to_protobuf(unsnappy(body, MAX_BYTES) if encoding == "snappy" else body)
    return unsnappy(body, MAX_BYTES)
