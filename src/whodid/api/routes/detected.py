"""GET or POST /loki/api/v1/detected_labels, /detected_fields, /detected_field/{name}/values: what can be chosen by.

Asked by Logs Drilldown and by Grafana's query builder. Unknown names are empty answers, never errors.
"""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from whodid.api.routes.answers import json_answer
from whodid.api.routes.client import parameters, while_connected
from whodid.api.services import services, tenant_of
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse, parse_selector
from whodid.model.clock import SECOND
from whodid.model.result import Row, Streams
from whodid.query import detected_fields as detection
from whodid.query.detected_labels import detected_labels
from whodid.query.engine import RangeRequest
from whodid.wire.explore import FieldParameters, encode_field_values, encode_fields, encode_plain, read_fields
from whodid.wire.params import BadParameter, read_bounds


async def labels(request: Request) -> Response:
    """Labels worth choosing by, with the number of their values."""
    house, values = services(request), await parameters(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    selectors = [parse_selector(values["query"], narrow=True)] if values.get("query") else []
    asked = house.engine.labels.series(selectors, house.engine.budget(), tenant_of(request), start_ns, end_ns)
    found = detected_labels(await while_connected(request, asked))
    body = [{"label": name, "cardinality": count} for name, count in found]
    return await json_answer(request, encode_plain({"detectedLabels": body}))


async def fields(request: Request) -> Response:
    """Fields of the newest lines of a log query: their types, values counted, and what finds them."""
    asked, rows = await _newest(request)
    found = await asyncio.to_thread(detection.detected_fields, rows, asked.field_limit)
    return await json_answer(request, encode_fields([_field(item) for item in found], asked.field_limit))


async def values_of_field(request: Request) -> Response:
    """Values of one field in the newest lines of a log query."""
    asked, rows = await _newest(request)
    name = request.path_params["name"]
    found = await asyncio.to_thread(detection.detected_values, rows, name, asked.field_limit)
    return await json_answer(request, encode_field_values(found, asked.field_limit))


def _field(found: detection.Field) -> dict[str, Any]:
    body: dict[str, Any] = {
        "label": found.name,
        "type": found.type,
        "cardinality": len(found.values),
        "parsers": found.parsers or None,  # Drilldown tells metadata by this null
    }
    return body | ({"jsonPath": found.json_path} if found.json_path else {})


async def _newest(request: Request) -> tuple[FieldParameters, list[Row]]:
    house, values = services(request), await parameters(request)
    asked = read_fields(values, house.clock.now_ns())
    lines = asked.line_limit if values.get("line_limit") else min(asked.line_limit, house.engine.limits.max_entries)
    if not isinstance(parse(asked.query), LogQuery):
        raise BadParameter("only log selector is supported")
    wanted = RangeRequest(asked.query, asked.start_ns, asked.end_ns, SECOND, lines, "backward", 0, tenant_of(request))
    result = await while_connected(request, house.engine.range(wanted))
    assert isinstance(result, Streams)
    return asked, result.rows
