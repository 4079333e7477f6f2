"""whodid's own endpoint: findings.

`GET /whodid/api/v1/findings?since=24h|start=…&end=…&word=…` is what `whodid who` and the
dashboard show; with `format=text` it is the report for a terminal.
"""

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from whodid.api.routes.client import while_connected
from whodid.api.services import services
from whodid.investigate.report import render
from whodid.wire.params import read_bounds

DEFAULT_SINCE = "24h"


def _json(value: object) -> Response:
    return Response(orjson.dumps(value) + b"\n", media_type="application/json")


async def findings(request: Request) -> Response:
    """Dangerous statements with outcome, session, person and evidence."""
    house = services(request)
    values = dict(request.query_params)
    if not values.get("start"):
        values.setdefault("since", DEFAULT_SINCE)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    words = [word for word in request.query_params.getlist("word") if word.strip()]
    found = await while_connected(request, house.find(start_ns, end_ns, words))
    if values.get("format") != "text":
        return _json({"findings": [finding.to_json() for finding in found]})
    has_deeds = bool(found) or await while_connected(request, house.has_deeds(start_ns, end_ns))
    return PlainTextResponse(render(found, words, has_deeds=has_deeds))
