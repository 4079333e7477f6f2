"""POST, PUT, GET and DELETE /loki/api/v1/delete: Loki's delete API, effective when it answers."""

from starlette.requests import Request
from starlette.responses import Response

from whodid.api.routes.client import parameters
from whodid.api.services import services, tenant_of, writing_tenant_of
from whodid.api.tenants import TRAIL
from whodid.ingest.delete_request import Asker, TrailIsPermanent
from whodid.ingest.deletes import Deletes
from whodid.logql.errors import LogQLError
from whodid.wire.deletes import encode_requests, read_delete, seconds_of
from whodid.wire.params import BadParameter

_SHOWN = {"asked": "received", "hidden": "received", "done": "processed"}


async def delete(request: Request) -> Response:
    """Delete lines (POST, PUT), list the requests (GET), cancel one (DELETE)."""
    house = services(request)
    if request.method in ("GET", "HEAD"):
        return _listed(house.deletes, tenant_of(request))
    tenant = _tenant(request)
    values = await parameters(request)
    if request.method == "DELETE":
        await house.deletes.cancel(values.get("request_id", ""), tenant, _asker(request))
        return Response(status_code=204)
    asked = read_delete(values, house.clock.now_ns())
    try:
        made = await house.deletes.create(asked.query, asked.start_ns, asked.end_ns, tenant, _asker(request))
    except LogQLError as e:
        raise BadParameter(f"invalid query expression: {e}") from None
    return Response(status_code=204, headers={"X-Delete-Request-ID": made.id})


def _tenant(request: Request) -> str:
    """Whose lines go. Raises BadTenant, TrailIsPermanent."""
    if TRAIL in tenant_of(request).split("|"):
        raise TrailIsPermanent("whodid's own trail cannot be deleted; it goes with retention")
    return writing_tenant_of(request)


def _listed(deletes: Deletes, tenant: str) -> Response:
    requests = [
        {
            "request_id": request.id,
            "start_time": seconds_of(request.start_ns),
            "end_time": seconds_of(request.end_ns),
            "query": request.query,
            "status": _SHOWN[request.status],
            "created_at": seconds_of(request.created_ns),
            "lines": request.lines,
        }
        for request in deletes.requests(tenant)
    ]
    return Response(encode_requests(requests), media_type="application/json")


def _asker(request: Request) -> Asker:
    """Who asks: without a sign-in the address is all there is."""
    return Asker(
        client=request.client.host if request.client else "",
        app=request.headers.get("user-agent", "")[:200],
    )
