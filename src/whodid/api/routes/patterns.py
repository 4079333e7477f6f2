"""GET or POST /loki/api/v1/patterns: the patterns of a selector's lines, with counts over time."""

from starlette.requests import Request
from starlette.responses import Response

from whodid.api.routes.answers import json_answer
from whodid.api.routes.client import parameters, while_connected
from whodid.api.services import services, tenant_of
from whodid.logql.parser import parse_selector
from whodid.query import mining
from whodid.wire.explore import encode_patterns, read_pattern_step
from whodid.wire.params import read_bounds, read_query


async def patterns(request: Request) -> Response:
    """Patterns mined from the lines of a selector, the most frequent first."""
    house, values = services(request), await parameters(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    house.engine.limits.check_length(start_ns, end_ns)
    step_ns = read_pattern_step(values, start_ns, end_ns)
    selector = parse_selector(read_query(values), narrow=True)
    streams = house.index.streams(tenant_of(request))
    work = mining.patterns(streams, selector, start_ns, end_ns, step_ns, house.engine.budget())
    return await json_answer(request, encode_patterns(await while_connected(request, work)))
