"""POST /webhooks/github and /webhooks/deploy: what others tell of, stored like a push, durable when 204 is answered.

A GitHub delivery is believed by its signature alone (HMAC-SHA256 over the body as it came, X-Hub-Signature-256), which
is checked before anything of it is read. Its id is the idempotency key, so that GitHub may deliver it again, also to a
server that has been started anew. What the events say is read in formats/.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from whodid.api.errors import NotSigned, SecretUnreadable, UnsupportedMediaType, WebhookClosed
from whodid.api.hooks import Hooks
from whodid.api.routes.client import FORM_TYPE, read_body
from whodid.api.routes.push import told
from whodid.api.services import Services, services, writing_tenant_of
from whodid.formats import deployment
from whodid.formats import github as github_events
from whodid.formats.github import Delivery, read_delivery
from whodid.ingest.limits import Limits
from whodid.ingest.pipeline import TooMuchPending
from whodid.model.clock import SECOND
from whodid.model.entry import Entry, Stream
from whodid.wire.push_headers import ATTEMPT_HEADER, KEY_HEADER
from whodid.wire.push_protobuf import encode_push

GITHUB, DEPLOY = "/webhooks/github", "/webhooks/deploy"
MAX_GITHUB_BYTES = 25 << 20
"""GitHub delivers nothing larger."""
MAX_DEPLOY_BYTES = 1 << 20
MAX_READING_BYTES = 4 * MAX_GITHUB_BYTES
"""Of large deliveries that are being read at one time; 429 beyond."""
SMALL_BYTES = 256 << 10
"""Nearly all deliveries are smaller."""
READ_TIMEOUT_S = 30.0
"""GitHub gives up after 10."""
_READ_ASIDE_BYTES = 64 << 10
"""Larger payloads are read in a thread."""
_MARGIN_NS = 60 * SECOND
"""How much before the end of retention an event's own instant is given up: it must not be too old when it is stored."""
_SIGNATURE = re.compile(r"sha256=([0-9a-fA-F]{64})")
_JSON = "application/json"
_PROXIED = ("x-forwarded-for", "x-real-ip", "forwarded", "via")
"""Headers by which a request that a proxy passes on shows that it is not this machine's own."""


def signed(hooks: Hooks) -> frozenset[str]:
    """The addresses that take nothing without a secret."""
    return frozenset({GITHUB} | ({DEPLOY} if hooks.deploy.secret_file else set()))


async def github(request: Request) -> Response:
    """One delivery of GitHub, signed with `webhooks.github.secret_file`."""
    house = services(request)
    hook = house.hooks.github
    if hook.secret_file is None:
        raise WebhookClosed("GitHub's deliveries are not taken here: set webhooks.github.secret_file in whodid.yml")
    secret = await asyncio.to_thread(_read_secret, hook.secret_file, "webhooks.github.secret_file")
    given = _signature_of(request)
    if given is None:
        raise NotSigned("the delivery is not signed (X-Hub-Signature-256): enter the secret in the webhook's settings")
    with _room(request, house):
        return await _take(request, secret, given)


async def _take(request: Request, secret: bytes, given: str) -> Response:
    """Reads, believes and stores a delivery."""
    house = services(request)
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            body = await read_body(request, MAX_GITHUB_BYTES, f"the delivery is larger than {MAX_GITHUB_BYTES} bytes")
    except TimeoutError:
        raise ClientDisconnect from None  # whoever it is, GitHub would have given up before
    _check(secret, body, given)
    words = house.hooks.github.deploy_workflows
    event, guid = request.headers.get("x-github-event", ""), request.headers.get("x-github-delivery", "")
    media_type = _media_type(request)

    def read() -> Delivery:
        return read_delivery(event, guid, _payload(body, media_type), words, house.redact)

    delivery = await asyncio.to_thread(read) if len(body) > _READ_ASIDE_BYTES else read()
    key = f"github {guid or hashlib.sha256(body).hexdigest()}"
    return await _store(request, _streams(delivery, house), key, repeated=True)


def _streams(delivery: Delivery, house: Services) -> list[Stream]:
    """The delivery itself, and the deployment that it tells the end of."""
    ns = _accepted(delivery.ns, house)
    labels = {"job": github_events.JOB, "repository": delivery.repository}
    streams = [Stream({n: text for n, text in labels.items() if text}, [Entry(ns, delivery.line, delivery.attributes)])]
    if ended := delivery.deployment:
        line = deployment.event_line(ended)
        streams.append(Stream({"job": deployment.JOB}, [Entry(ns, line, ended)]))
    return streams


async def deploy(request: Request) -> Response:
    """A deployment as a JSON object: `service`, `version`, `environment`, `user`, `outcome`, `message`, `url`, `at`."""
    house = services(request)
    path = house.hooks.deploy.secret_file
    if path is None and not _is_local(request):
        raise WebhookClosed(
            "deployments are taken from this machine alone: set webhooks.deploy.secret_file in whodid.yml"
        )
    secret = await asyncio.to_thread(_read_secret, path, "webhooks.deploy.secret_file") if path else b""
    given = _signature_of(request)
    if path and given is None:
        _check_token(secret, request)
    if _media_type(request) != _JSON:
        raise UnsupportedMediaType(f"a deployment is told as {_JSON}")
    body = await read_body(request, MAX_DEPLOY_BYTES, f"the deployment is larger than {MAX_DEPLOY_BYTES} bytes")
    if path and given is not None:
        _check(secret, body, given)
    event = deployment.read_deployment(body, house.redact)
    ns = house.clock.now_ns() if event.ns is None else event.ns
    entry = Entry(ns, deployment.event_line(event.attributes), event.attributes)
    repeated = request.headers.get(ATTEMPT_HEADER, "1") != "1"
    return await _store(
        request, [Stream({"job": deployment.JOB}, [entry])], request.headers.get(KEY_HEADER, ""), repeated=repeated
    )


@contextmanager
def _room(request: Request, house: Services) -> Iterator[None]:
    """Room in the memory for a large body. This address is open to everybody: whether a delivery is genuine is not
    known before all of it is there. Raises TooMuchPending; ordinary deliveries are small and always find room.
    """
    length = request.headers.get("content-length", "")
    size_bytes = int(length) if length.isdecimal() and len(length) < 12 else MAX_GITHUB_BYTES
    if size_bytes <= SMALL_BYTES:
        size_bytes = 0
    if size_bytes + house.hook_bytes > MAX_READING_BYTES:
        raise TooMuchPending("too many large deliveries come at one time; send this again later")
    house.hook_bytes += size_bytes
    try:
        yield
    finally:
        house.hook_bytes -= size_bytes


async def _store(request: Request, streams: list[Stream], key: str, *, repeated: bool) -> Response:
    refused = await services(request).ingest.push(encode_push(streams), writing_tenant_of(request), key, repeated)
    return PlainTextResponse(told(refused) + "\n", 400) if refused else Response(status_code=204)


def _accepted(ns: int | None, house: Services) -> int:
    """An instant that the write path takes: the event's own if possible, else now."""
    now_ns = house.clock.now_ns()
    oldest_ns = now_ns - (house.retention_ns or Limits().reject_older_ns) + _MARGIN_NS
    newest_ns = now_ns + Limits().creation_grace_ns - _MARGIN_NS
    return ns if ns is not None and oldest_ns <= ns <= newest_ns else now_ns


def _payload(body: bytes, media_type: str) -> bytes:
    """The JSON of a delivery, which GitHub sends as it is or as the field `payload` of a form."""
    if media_type != FORM_TYPE:
        return body
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return body
    return fields.get("payload", [""])[0].encode() or body


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


# ---- proof ----


def _read_secret(path: Path, key: str) -> bytes:
    """Raises SecretUnreadable. An empty secret would be known to everybody."""
    try:
        secret = path.read_bytes().strip()
    except OSError as e:
        raise SecretUnreadable(f"{key}: {path} cannot be read: {e.strerror}") from None
    if not secret:
        raise SecretUnreadable(f"{key}: {path} is empty")
    return secret


def _signature_of(request: Request) -> str | None:
    match = _SIGNATURE.fullmatch(request.headers.get("x-hub-signature-256", ""))
    return match[1].lower() if match else None


def _check(secret: bytes, body: bytes, given: str) -> None:
    """Raises NotSigned."""
    if not hmac.compare_digest(hmac.new(secret, body, hashlib.sha256).hexdigest(), given):
        raise NotSigned("the signature (X-Hub-Signature-256) does not fit: sender and server have different secrets")


def _check_token(secret: bytes, request: Request) -> None:
    """Raises NotSigned."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode("latin-1"), secret):
        raise NotSigned(
            "the request does not prove that it may tell: send `Authorization: Bearer …` with the content of the file "
            "webhooks.deploy.secret_file, or sign the body (X-Hub-Signature-256)"
        )


def _is_local(request: Request) -> bool:
    """Whether a request comes from this machine itself, and not through a proxy on it."""
    if any(name in request.headers for name in _PROXIED):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
