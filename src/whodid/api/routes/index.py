"""GET or POST /loki/api/v1/index/stats, /index/volume, /index/volume_range, /index/shards: how much there is.

Grafana asks `stats` for its hint how much a query will read, Logs Drilldown builds its start page from `volume`.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from whodid.api.routes.answers import json_answer
from whodid.api.routes.client import cached, parameters, while_connected
from whodid.api.services import services, tenant_of
from whodid.logql.parser import parse_selector
from whodid.model.clock import MILLISECOND
from whodid.model.result import Matrix, Series, Vector
from whodid.query import volume
from whodid.wire.explore import encode_plain, read_volume
from whodid.wire.params import BadParameter, read_bounds, read_query, read_step
from whodid.wire.results import encode_result

_WHOLE_RING = {"min": 0, "max": (1 << 64) - 1}


async def stats(request: Request) -> Response:
    """Streams, entries and bytes of a selector."""
    found = await _stats(request, await parameters(request))
    body = {"streams": found.streams, "chunks": found.chunks, "bytes": found.bytes, "entries": found.entries}
    return await json_answer(request, encode_plain(body))


async def shards(request: Request) -> Response:
    """How a query may be divided among readers: there is one."""
    values = await parameters(request)
    target = values.get("targetBytesPerShard", "")
    if not target.isdecimal() or not int(target[:20]):
        raise BadParameter("targetBytesPerShard must be a positive value")
    found = await _stats(request, values)
    counts = {"streams": found.streams, "chunks": found.chunks, "entries": found.entries, "bytes": found.bytes}
    return await json_answer(request, encode_plain({"shards": [{"bounds": _WHOLE_RING, "stats": counts}]}))


async def volume_instant(request: Request) -> Response:
    """Bytes by series, the largest first."""
    end_ns, found = await _volumes(request, stepped=False)
    vector = Vector(end_ns // MILLISECOND * MILLISECOND, [(series.labels, series.points[0][1]) for series in found])
    return await json_answer(request, encode_result(vector))


async def volume_range(request: Request) -> Response:
    """Bytes by series and step."""
    _, found = await _volumes(request, stepped=True)
    return await json_answer(request, encode_result(Matrix(found)))


async def _stats(request: Request, values: Mapping[str, str]) -> volume.IndexStats:
    house = services(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    selector = parse_selector(read_query(values), narrow=True)
    streams = house.index.streams(tenant_of(request))
    asked = volume.index_stats(streams, selector, start_ns, end_ns, house.engine.budget())
    return await while_connected(request, asked)


async def _volumes(request: Request, *, stepped: bool) -> tuple[int, list[Series]]:
    house, values = services(request), await parameters(request)
    asked = read_volume(values, house.clock.now_ns())
    house.engine.limits.check_length(asked.start_ns, asked.end_ns)
    wanted = volume.VolumeRequest(
        parse_selector(asked.query, narrow=asked.query != "{}"),
        asked.start_ns,
        asked.end_ns,
        read_step(values, asked.start_ns, asked.end_ns) if stepped else 0,
        asked.limit,
        asked.targets,
        asked.by,
    )
    work = house.engine.volumes(wanted, tenant_of(request), cached=cached(request))
    return asked.end_ns, await while_connected(request, work)
