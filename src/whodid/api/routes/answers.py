"""How a route answers JSON: Loki's content type, and gzip for a client that takes it.

Only gzip: Loki's own server offers nothing else. Small answers go as they are. Used by every route that answers data.
"""

import asyncio

import cramjam
from starlette.requests import Request
from starlette.responses import Response

JSON_TYPE = "application/json; charset=UTF-8"
SMALLEST_BYTES = 1400
"""Below that a body fits into one packet, compressed or not."""
IN_THREAD_BYTES = 64 << 10
"""From here on compressing would hold up the event loop for more than a millisecond."""
_LEVEL = 1
"""Log lines shrink to a fifth at once; the higher levels take several times as long for a little more."""


async def json_answer(request: Request, body: bytes, status: int = 200) -> Response:
    """The body as the answer to a request."""
    headers = {"Content-Type": JSON_TYPE, "Vary": "Accept-Encoding"}
    if len(body) >= SMALLEST_BYTES and takes_gzip(request.headers.get("accept-encoding", "")):
        body = await asyncio.to_thread(_gzip, body) if len(body) >= IN_THREAD_BYTES else _gzip(body)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, media_type=None, headers=headers)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3)."""
    for item in accepted.lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _gzip(body: bytes) -> bytes:
    return bytes(cramjam.gzip.compress(body, level=_LEVEL))
