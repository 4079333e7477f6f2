"""/api/prom/query, /label, /label/{name}/values, /series, /tail: Loki's first API, for what still speaks it.

The questions are those of query.py and tail.py, the answers are in the old shapes. New clients use /loki/api/v1.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from whodid.api.routes import tail as current
from whodid.api.routes.answers import json_answer
from whodid.api.routes.client import parameters, while_connected
from whodid.api.routes.query import asked_names, asked_range, asked_values
from whodid.api.services import services
from whodid.model.labels import quote
from whodid.model.result import Streams
from whodid.query.errors import QueryError
from whodid.wire.legacy import encode_legacy_streams, encode_legacy_values, legacy_frame


async def query(request: Request) -> Response:
    """Lines between two instants. `regexp` is one more filter."""
    values = await parameters(request)
    pattern = values.get("regexp")
    wanted = asked_range(request, values, f" |~ {quote(pattern)}" if pattern else "")
    result = await while_connected(request, services(request).engine.range(wanted))
    if not isinstance(result, Streams):
        raise QueryError("legacy endpoints only support streams result type")
    return await json_answer(request, encode_legacy_streams(result))


async def labels(request: Request) -> Response:
    """Names of labels."""
    return await json_answer(request, encode_legacy_values(await asked_names(request)))


async def values_of_label(request: Request) -> Response:
    """Values of one label."""
    return await json_answer(request, encode_legacy_values(await asked_values(request)))


async def tail(websocket: WebSocket) -> None:
    """One tail in frames of the old shape."""
    await current.tail(_OldFrames(websocket.scope, websocket.receive, websocket.send))


class _OldFrames(WebSocket):
    """A connection that says every frame in the old shape."""

    async def send_text(self, data: str) -> None:
        await super().send_text(legacy_frame(data))
