"""GET or POST /loki/api/v1/query_range, /query, /labels, /label/{name}/values, /series: Loki's read API."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from whodid.api.routes.answers import json_answer
from whodid.api.routes.client import cached, parameters, while_connected
from whodid.api.services import services, tenant_of
from whodid.logql.ast import Selector
from whodid.logql.parser import parse_selector
from whodid.query.engine import RangeRequest
from whodid.wire.params import (
    BadParameter,
    read_bounds,
    read_direction,
    read_instant,
    read_limit,
    read_query,
    read_range,
)
from whodid.wire.results import CATEGORIZE, encode_data, encode_result

DRILLDOWN = "source=grafana-lokiexplore-app"
"""How Logs Drilldown tags its queries."""


def categorized(request: Request) -> bool:
    """Whether the client asked for labels by category."""
    flags = request.headers.get("x-loki-response-encoding-flags", "")
    return CATEGORIZE in (flag.strip() for flag in flags.split(","))


def from_drilldown(request: Request) -> bool:
    """Whether Logs Drilldown asks: it shows a part of too many series rather than an error, as Loki lets it."""
    tags = request.headers.get("x-query-tags", "").lower().split(",")
    return DRILLDOWN in (tag.strip() for tag in tags)


def asked_range(request: Request, values: Mapping[str, str], more: str = "") -> RangeRequest:
    """What `query_range` was asked. `more`: text to follow the query."""
    house = services(request)
    asked = read_range(values, house.clock.now_ns())
    return RangeRequest(
        asked.query + more,
        asked.start_ns,
        asked.end_ns,
        asked.step_ns,
        # Who asks for no number of lines must not be told that it is too large.
        asked.limit if values.get("limit") else min(asked.limit, house.engine.limits.max_entries),
        asked.direction,
        asked.interval_ns,
        tenant_of(request),
        takes_part=from_drilldown(request),
        cached=cached(request),
    )


async def query_range(request: Request) -> Response:
    """Lines or a matrix between two instants."""
    wanted = asked_range(request, await parameters(request))
    result = await while_connected(request, services(request).engine.range(wanted))
    return await json_answer(request, encode_result(result, categorize=categorized(request)))


async def query_instant(request: Request) -> Response:
    """A vector or scalar at one instant."""
    house = services(request)
    values = await parameters(request)
    read_limit(values)  # a metric has no lines, but what cannot be read is told
    at_ns = read_instant(values["time"]) if values.get("time") else house.clock.now_ns()
    read_direction(values)
    result = await while_connected(request, house.engine.instant(read_query(values), at_ns, tenant_of(request)))
    return await json_answer(request, encode_result(result))


async def labels(request: Request) -> Response:
    """Names of the labels of streams with lines in the range."""
    return await json_answer(request, encode_data(await asked_names(request)))


async def values_of_label(request: Request) -> Response:
    """Values of one label."""
    return await json_answer(request, encode_data(await asked_values(request)))


async def asked_names(request: Request) -> list[str]:
    """The names that a request asks for."""
    house, values = services(request), await parameters(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    selector = parse_selector(values["query"], narrow=True) if values.get("query") else None
    found = house.engine.labels.names(house.engine.budget(), tenant_of(request), start_ns, end_ns, selector)
    return await while_connected(request, found)


async def asked_values(request: Request) -> list[str]:
    """The values that a request asks for."""
    house, values = services(request), await parameters(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    selector = parse_selector(values["query"], narrow=True) if values.get("query") else None
    name = request.path_params["name"]
    found = house.engine.labels.values(name, house.engine.budget(), tenant_of(request), start_ns, end_ns, selector)
    return await while_connected(request, found)


async def stream_series(request: Request) -> Response:
    """The label sets that match any of the selectors."""
    house = services(request)
    values = await parameters(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    texts = sorted({*values.getlist("match[]"), *values.getlist("match")})
    if [text.replace(" ", "") for text in texts] == ["{}"]:
        texts = []  # alone, it is as if nothing had been asked for
    selectors = [_group(text) for text in texts]
    work = house.engine.labels.series(selectors, house.engine.budget(), tenant_of(request), start_ns, end_ns)
    found = await while_connected(request, work)
    return await json_answer(request, encode_data(found))


def _group(text: str) -> Selector:
    """One selector of several. Raises LogQLError, BadParameter."""
    if text.replace(" ", "") == "{}":
        raise BadParameter(f"0 matchers in group: {text}")
    return parse_selector(text)
