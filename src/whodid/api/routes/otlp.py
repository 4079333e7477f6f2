"""POST /otlp/v1/logs: OpenTelemetry's export of logs (OTLP/HTTP), protobuf or JSON, as Loki takes it.

Ends in the same push as Loki's own bodies. 204 when all is durable, as Loki answers; 200 with a partial success when
some records were refused; errors are google.rpc.Status, and what may pass is 429 or 503, which exporters try again.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from whodid.api.errors import UnsupportedEncoding, UnsupportedMediaType, status_of
from whodid.api.routes.client import read_body
from whodid.api.routes.push import told
from whodid.api.routes.unpack import inflate, unframe
from whodid.api.services import Services, services, writing_tenant_of
from whodid.errors import WhodidError
from whodid.ingest.body import Refusal
from whodid.ingest.limits import Limits
from whodid.wire.otlp import Rewritten, encode_answer, read_request, to_push
from whodid.wire.push_headers import ATTEMPT_HEADER, KEY_HEADER
from whodid.wire.rpc_status import encode_status

MAX_BYTES = Limits().max_body_bytes
JSON_TYPE, PROTOBUF_TYPE = "application/json", "application/x-protobuf"
_UNPACK: dict[str, Callable[[bytes, str, int], bytes]] = {
    "gzip": inflate,
    "deflate": inflate,
    "zstd": unframe,
    "lz4": unframe,
}


async def logs(request: Request) -> Response:
    """One OTLP export of logs."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    as_json = media_type == JSON_TYPE
    try:
        if media_type not in (JSON_TYPE, PROTOBUF_TYPE):
            raise UnsupportedMediaType(
                f'content type "{media_type[:80]}" is not supported: {PROTOBUF_TYPE}, {JSON_TYPE}'
            )
        rejected, reason = await _store(request, services(request), as_json=as_json)
    except WhodidError as e:
        return _refusal(e, as_json=as_json)
    if not rejected:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return _answer(HTTPStatus.OK, encode_answer(as_json=as_json, rejected=rejected, reason=reason), as_json=as_json)


async def _store(request: Request, house: Services, *, as_json: bool) -> tuple[int, str]:
    """Stores what can be stored: how many records could not, and why."""
    tenant = writing_tenant_of(request)
    body = await read_body(request, MAX_BYTES, f"the body is larger than {MAX_BYTES} bytes; send smaller batches")
    encoding = request.headers.get("content-encoding", "").strip().lower()
    now_ns = house.clock.now_ns()
    if len(body) > 16 << 10:
        rewritten = await asyncio.to_thread(_rewrite, body, encoding, now_ns, as_json)
    else:
        rewritten = _rewrite(body, encoding, now_ns, as_json)
    refused: list[Refusal] = []
    if rewritten.body:
        key, attempt = request.headers.get(KEY_HEADER, ""), request.headers.get(ATTEMPT_HEADER, "1")
        refused = await house.ingest.push(rewritten.body, tenant, key, repeated=attempt != "1")
    reason = told(refused) if refused else rewritten.reason
    return rewritten.rejected + sum(refusal.lines for refusal in refused), reason


def _rewrite(body: bytes, encoding: str, now_ns: int, as_json: bool) -> Rewritten:
    if encoding in _UNPACK:
        body = _UNPACK[encoding](body, encoding, MAX_BYTES)
    elif encoding not in ("", "identity", "none"):
        raise UnsupportedEncoding(f'Content-Encoding "{encoding[:40]}" not supported')
    return to_push(read_request(body, as_json=as_json), now_ns, MAX_BYTES)


def _refusal(error: WhodidError, *, as_json: bool) -> Response:
    status, text = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        status = HTTPStatus.SERVICE_UNAVAILABLE  # exporters give up at 500, and the lines would be lost
    answer = _answer(status, encode_status(status, text, as_json=as_json), as_json=as_json)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        answer.headers["Retry-After"] = "1"
    return answer


def _answer(status: int, body: bytes, *, as_json: bool) -> Response:
    return Response(body, status, media_type=JSON_TYPE if as_json else PROTOBUF_TYPE)
