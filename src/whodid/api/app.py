"""The two web applications: Loki's API on port 3100, the dashboard under /logs/ on 7778. One process serves both.

The dashboard's page asks for its data by relative addresses, so the same routes stand under /logs/ as well and any
reverse proxy may move the whole to another path.
"""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whodid.api.errors import handle_error, handle_gone, handle_unknown
from whodid.api.metrics import Timed
from whodid.api.routes import (
    delete,
    detected,
    export,
    format_query,
    index,
    legacy,
    limits,
    otlp,
    patterns,
    push,
    query,
    ruler,
    status,
    tail,
    trail,
    webhooks,
)
from whodid.api.services import Services
from whodid.errors import WhodidError

STATIC = Path(__file__).parent / "static"
_BOTH = ["GET", "POST"]
_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
]


def _read_routes() -> list[BaseRoute]:
    """What both doors offer: reading."""
    return [
        Route("/loki/api/v1/query_range", query.query_range, methods=_BOTH),
        Route("/loki/api/v1/query", query.query_instant, methods=_BOTH),
        Route("/loki/api/v1/labels", query.labels, methods=_BOTH),
        Route("/loki/api/v1/label", query.labels, methods=_BOTH),
        Route("/loki/api/v1/label/{name}/values", query.values_of_label, methods=_BOTH),
        Route("/loki/api/v1/series", query.stream_series, methods=_BOTH),
        Route("/loki/api/v1/index/stats", index.stats, methods=_BOTH),
        Route("/loki/api/v1/index/shards", index.shards, methods=_BOTH),
        Route("/loki/api/v1/index/volume", index.volume_instant, methods=_BOTH),
        Route("/loki/api/v1/index/volume_range", index.volume_range, methods=_BOTH),
        Route("/loki/api/v1/detected_labels", detected.labels, methods=_BOTH),
        Route("/loki/api/v1/detected_fields", detected.fields, methods=_BOTH),
        Route("/loki/api/v1/detected_field/{name}/values", detected.values_of_field, methods=_BOTH),
        Route("/loki/api/v1/patterns", patterns.patterns, methods=_BOTH),
        Route("/loki/api/v1/format_query", format_query.format_query, methods=_BOTH),
        Route("/loki/api/v1/drilldown-limits", limits.drilldown_limits),
        Route("/config/tenant/v1/limits", limits.tenant_limits),
        WebSocketRoute("/loki/api/v1/tail", tail.tail),
        Route("/loki/api/v1/status/buildinfo", status.build_info),
        Route("/prometheus/api/v1/alerts", ruler.alerts),
        Route("/prometheus/api/v1/rules", ruler.rules),
        Route("/whodid/api/v1/findings", trail.findings),
        Route("/whodid/api/v1/export", export.export, methods=_BOTH),
        Route("/ready", status.ready),
    ]


def api_app(services: Services, hosts: frozenset[str] | None) -> ASGIApp:
    """Loki's API. `hosts`: the Host names that are answered, None for any (see LoopbackOnly)."""
    routes = [
        Route("/loki/api/v1/push", push.push, methods=["POST"]),
        Route("/api/prom/push", push.push, methods=["POST"]),
        Route("/api/prom/query", legacy.query, methods=_BOTH),
        Route("/api/prom/label", legacy.labels, methods=_BOTH),
        Route("/api/prom/label/{name}/values", legacy.values_of_label, methods=_BOTH),
        Route("/api/prom/series", query.stream_series, methods=_BOTH),
        WebSocketRoute("/api/prom/tail", legacy.tail),
        Route("/otlp/v1/logs", otlp.logs, methods=["POST"]),
        Route("/webhooks/github", webhooks.github, methods=["POST"]),
        Route("/webhooks/deploy", webhooks.deploy, methods=["POST"]),
        Route("/loki/api/v1/delete", delete.delete, methods=["GET", "POST", "PUT", "DELETE"]),
        *_ruler_routes(),
        Route("/config", limits.configuration),
        Route("/services", status.parts),
        Route("/metrics", status.metrics),
        *_read_routes(),
    ]
    return Timed(_application(routes, services, hosts, lambda: webhooks.signed(services.hooks)), services)


def _ruler_routes() -> list[BaseRoute]:
    """Loki's ruler under its two addresses."""
    return [
        *(Route(f"{front}/rules", ruler.rule_files) for front in ("/loki/api/v1", "/api/prom")),
        *(Route(f"{front}/rules/{{path:path}}", ruler.rule_files) for front in ("/loki/api/v1", "/api/prom")),
        Route("/api/prom/api/v1/alerts", ruler.alerts),
        Route("/api/prom/api/v1/rules", ruler.rules),
    ]


def dashboard_app(services: Services, hosts: frozenset[str] | None) -> ASGIApp:
    """The dashboard under /logs/, with the reading half of the API beside it."""
    page: BaseRoute
    if (STATIC / "index.html").is_file():
        page = Mount("/", StaticFiles(directory=STATIC, html=True))
    else:
        page = Route("/{path:path}", _not_built)
    routes = [
        Route("/", lambda request: RedirectResponse("/logs/")),
        Mount("/logs", routes=[*_read_routes(), page]),
    ]
    return _application(routes, services, hosts)


def _application(
    routes: list[BaseRoute],
    services: Services,
    hosts: frozenset[str] | None,
    signed: Callable[[], frozenset[str]] = frozenset,
) -> ASGIApp:
    handlers = {WhodidError: handle_error, ClientDisconnect: handle_gone, HTTPStatus.NOT_FOUND: handle_unknown}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.services = services
    return SafeHeaders(LoopbackOnly(app, hosts, signed))


async def _not_built(request: Request) -> Response:
    return PlainTextResponse(
        "The dashboard has not been built. Run `make web` in the checkout, or install the wheel.\n", 503
    )


class LoopbackOnly:
    """Refuses requests whose Host or Origin is not this machine while there is no sign-in.

    Without it any web page a team member opens could read the trail through DNS rebinding or a cross-site WebSocket.
    `signed`: addresses that only answer to who knows a secret; a proxy may well bring them under its own name.
    """

    def __init__(
        self, app: ASGIApp, hosts: frozenset[str] | None, signed: Callable[[], frozenset[str]] = frozenset
    ) -> None:
        self._app, self._hosts, self._signed = app, hosts, signed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        guarded = scope["type"] == "websocket" or (scope["type"] == "http" and scope["path"] not in self._signed())
        if self._hosts is not None and guarded:
            headers = Headers(scope=scope)
            host, origin = _host_of(headers.get("host", "")), headers.get("origin")
            if host not in self._hosts or (origin and _host_of(origin.partition("://")[2]) not in self._hosts):
                await self._refuse(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "this host name is not allowed"})
            return
        text = (
            "This host name is not allowed: without authentication whodid answers on this machine's own names only.\n"
        )
        await PlainTextResponse(text, 403)(scope, receive, send)


def _host_of(authority: str) -> str:
    """The host of `host:port`, without brackets."""
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        return host if not rest or rest.startswith(":") else ""
    return authority.partition(":")[0].lower()


class SafeHeaders:
    """Adds the headers that keep a page from running or framing what it should not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            await send(message)

        await self._app(scope, receive, with_headers)
