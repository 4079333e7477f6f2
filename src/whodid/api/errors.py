"""Which error becomes which HTTP answer: one table. Bodies are plain text, as Loki's clients expect."""

from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from whodid.api.tenants import BadTenant
from whodid.errors import WhodidError
from whodid.formats.deployment import BadEvent
from whodid.ingest.committer import TooMuchPending
from whodid.ingest.delete_request import NoSuchRequest, NotCancellable, TrailIsPermanent
from whodid.ingest.pipeline import NoStreams
from whodid.logql.errors import LogQLError
from whodid.query.errors import EvaluationError, QueryError, QueryTimeout
from whodid.store.store import StoreError
from whodid.wire.label_text import BadLabels
from whodid.wire.otlp import UnfoldsTooLarge
from whodid.wire.params import BadParameter
from whodid.wire.push_protobuf import MalformedPush


class BodyTooLarge(WhodidError):
    """The body is larger than the server takes (HTTP 413)."""


class UnsupportedEncoding(WhodidError):
    """A Content-Encoding that is none of snappy, gzip, deflate (HTTP 400)."""


class UnsupportedMediaType(WhodidError):
    """A Content-Type that this address does not take (HTTP 415)."""


class TooManyExports(WhodidError):
    """As many exports are running as may run at one time (HTTP 429)."""


class WebhookClosed(WhodidError):
    """A webhook without the secret that it needs (HTTP 404)."""


class NotSigned(WhodidError):
    """A webhook's request that does not prove that it knows the secret (HTTP 403)."""


class SecretUnreadable(WhodidError):
    """The file with a webhook's secret cannot be read or is empty (HTTP 503)."""


STATUSES: tuple[tuple[type[WhodidError], int], ...] = (
    (LogQLError, HTTPStatus.BAD_REQUEST),
    (QueryTimeout, HTTPStatus.GATEWAY_TIMEOUT),  # before its base class: the first that fits counts
    (EvaluationError, HTTPStatus.INTERNAL_SERVER_ERROR),  # so does Loki: such a query met series that it cannot join
    (QueryError, HTTPStatus.BAD_REQUEST),
    (BadParameter, HTTPStatus.BAD_REQUEST),
    (BadTenant, HTTPStatus.BAD_REQUEST),
    (MalformedPush, HTTPStatus.BAD_REQUEST),
    (BadLabels, HTTPStatus.BAD_REQUEST),
    (UnsupportedEncoding, HTTPStatus.BAD_REQUEST),
    (UnsupportedMediaType, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (NotCancellable, HTTPStatus.BAD_REQUEST),
    (TrailIsPermanent, HTTPStatus.FORBIDDEN),
    (NoSuchRequest, HTTPStatus.NOT_FOUND),
    (NoStreams, HTTPStatus.UNPROCESSABLE_ENTITY),
    (BadEvent, HTTPStatus.BAD_REQUEST),
    (WebhookClosed, HTTPStatus.NOT_FOUND),
    (NotSigned, HTTPStatus.FORBIDDEN),
    (SecretUnreadable, HTTPStatus.SERVICE_UNAVAILABLE),
    (BodyTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnfoldsTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (TooManyExports, HTTPStatus.TOO_MANY_REQUESTS),
    (TooMuchPending, HTTPStatus.TOO_MANY_REQUESTS),
)
_WRITES = ("/push", "/delete", "/github", "/deploy")
"""Addresses whose errors end with a line feed in Loki (http.Error); those of queries do not (fmt.Fprint)."""
CLIENT_CLOSED = 499
"""nginx' status for a client that did not wait."""
ENGINE_STATUSES = {
    "MEMORY_LIMIT_EXCEEDED": (
        HTTPStatus.BAD_REQUEST,
        "the query needs more memory than one query may use; shorten the time range or add label matchers",
    ),
    "TIMEOUT_EXCEEDED": (
        HTTPStatus.GATEWAY_TIMEOUT,
        "request timed out, decrease the duration of the request or add more label matchers (prefer exact match over "
        "regex match) to reduce the amount of data processed",
    ),
}


def status_of(error: WhodidError) -> tuple[int, str]:
    """HTTP status and text of an error."""
    if isinstance(error, StoreError) and error.code in ENGINE_STATUSES:
        return ENGINE_STATUSES[error.code]
    for kind, status in STATUSES:
        if isinstance(error, kind):
            return status, str(error)
    return HTTPStatus.INTERNAL_SERVER_ERROR, str(error)


async def handle_error(request: Request, error: Exception) -> Response:
    """Starlette's handler for every WhodidError."""
    assert isinstance(error, WhodidError)
    status, text = status_of(error)
    headers = {"Retry-After": "1"} if status == HTTPStatus.TOO_MANY_REQUESTS else None
    end = "\n" if request.url.path.endswith(_WRITES) else ""
    return PlainTextResponse(text + end, status, headers)


async def handle_unknown(request: Request, error: Exception) -> Response:
    """Starlette's handler for an address that nobody has; Loki's words are those of Go's net/http."""
    return PlainTextResponse("404 page not found\n", HTTPStatus.NOT_FOUND)


async def handle_gone(request: Request, error: Exception) -> Response:
    """Starlette's handler for a client that left in the middle: nobody reads the answer, and it is no bug."""
    assert isinstance(error, ClientDisconnect)
    return Response(status_code=CLIENT_CLOSED)
