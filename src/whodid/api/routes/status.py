"""GET /ready, /services, /metrics, /loki/api/v1/status/buildinfo: is it up, how is it, what is it."""

import platform

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from whodid.api.metrics import of_store
from whodid.api.services import LOKI_VERSION, services

_PARTS = ("distributor", "ingester", "querier", "ruler", "compactor", "server")
"""Loki's names of the parts."""


async def ready(request: Request) -> Response:
    """200 `ready`, or 503 with what is missing."""
    problem = services(request).is_ready()
    return PlainTextResponse(problem + "\n", 503) if problem else PlainTextResponse("ready\n")


async def parts(request: Request) -> Response:
    """What the server consists of, and that it runs: a part that ends takes the server with it."""
    return PlainTextResponse("".join(f"{name} => Running\n" for name in _PARTS))


async def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    house = services(request)
    text = generate_latest(house.registry) + generate_latest(of_store(await house.store_state()))
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def build_info(request: Request) -> Response:
    """Loki's build information; `revision` names whodid's own version."""
    info = {
        "version": LOKI_VERSION,
        "revision": f"whodid-{services(request).version}",
        "branch": "main",
        "buildUser": "whodid",
        "buildDate": "",
        "goVersion": f"python{platform.python_version()}",
    }
    return Response(orjson.dumps(info) + b"\n", media_type="application/json")
