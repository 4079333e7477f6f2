"""GET or POST /loki/api/v1/query_range, /query, /labels, /label/{name}/values, /series: Loki's read API."""

from starlette.requests import Request
from starlette.responses import Response

from whodid.api.routes.client import parameters, while_connected
from whodid.api.services import services, tenant_of
from whodid.logql.parser import parse_selector
from whodid.query.engine import RangeRequest
from whodid.query.labels import label_names, label_values, series
from whodid.query.limits import Limits
from whodid.wire.params import read_bounds, read_instant, read_limit, read_query, read_range
from whodid.wire.results import CATEGORIZE, encode_data, encode_result

JSON_TYPE = "application/json; charset=UTF-8"
MOST_ENTRIES = Limits().max_entries


def _json(body: bytes) -> Response:
    return Response(body, media_type=None, headers={"Content-Type": JSON_TYPE})


def categorized(request: Request) -> bool:
    """Whether the client asked for labels by category."""
    flags = request.headers.get("x-loki-response-encoding-flags", "")
    return CATEGORIZE in (flag.strip() for flag in flags.split(","))


async def query_range(request: Request) -> Response:
    """Lines or a matrix between two instants."""
    house = services(request)
    asked = read_range(await parameters(request), house.clock.now_ns(), MOST_ENTRIES)
    wanted = RangeRequest(
        asked.query,
        asked.start_ns,
        asked.end_ns,
        asked.step_ns,
        asked.limit,
        asked.direction,
        asked.interval_ns,
        tenant_of(request),
    )
    result = await while_connected(request, house.engine.range(wanted))
    return _json(encode_result(result, categorize=categorized(request)))


async def query_instant(request: Request) -> Response:
    """A vector or scalar at one instant."""
    house = services(request)
    values = await parameters(request)
    at_ns = read_instant(values["time"]) if values.get("time") else house.clock.now_ns()
    read_limit(values, MOST_ENTRIES)
    result = await while_connected(request, house.engine.instant(read_query(values), at_ns, tenant_of(request)))
    return _json(encode_result(result))


async def labels(request: Request) -> Response:
    """Names of the labels of streams with lines in the range."""
    house = services(request)
    values = await parameters(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    selector = parse_selector(values["query"]) if values.get("query") else None
    names = await label_names(house.index, house.store, tenant_of(request), start_ns, end_ns, selector)
    return _json(encode_data(names))


async def values_of_label(request: Request) -> Response:
    """Values of one label."""
    house = services(request)
    values = await parameters(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    selector = parse_selector(values["query"]) if values.get("query") else None
    name = request.path_params["name"]
    found = await label_values(name, house.index, house.store, tenant_of(request), start_ns, end_ns, selector)
    return _json(encode_data(found))


async def stream_series(request: Request) -> Response:
    """The label sets that match any of the selectors."""
    house = services(request)
    values = await parameters(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    texts = values.getlist("match[]") + values.getlist("match")
    selectors = [parse_selector(text) for text in texts if text.strip() != "{}"]
    found = await series(selectors, house.index, house.store, tenant_of(request), start_ns, end_ns)
    return _json(encode_data(found))
