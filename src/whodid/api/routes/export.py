"""GET /whodid/api/v1/export: every line of a log query, without a limit, as NDJSON, CSV or Parquet.

Sent page by page at the client's pace. A mistake in the query is a 400; a failure in the middle breaks the connection
off, so that half an export never looks like a whole one. Ends when the client leaves, or takes nothing for a minute.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from whodid.api.errors import TooManyExports
from whodid.api.routes.client import parameters
from whodid.api.services import Services, services, tenant_of
from whodid.errors import WhodidError
from whodid.model.clock import format_rfc3339
from whodid.query.export import Exporter, Wanted
from whodid.wire.export import Encoder, encoder
from whodid.wire.params import read_bounds, read_query

MAX_EXPORTS = 4
"""Exports at one time: each keeps a thread of the engine busy."""
SEND_TIMEOUT_S = 60.0
log = logging.getLogger("whodid.export")


async def export(request: Request) -> Response:
    """All lines of a log query, without a limit, as NDJSON, CSV or Parquet."""
    house, tenant = services(request), tenant_of(request)
    values = await parameters(request)
    start_ns, end_ns = read_bounds(values, house.clock.now_ns())
    made = encoder(values.get("format") or "ndjson")
    if house.exports >= MAX_EXPORTS:
        raise TooManyExports(f"{MAX_EXPORTS} exports are running already; try again when one has ended")
    wanted = Wanted(read_query(values), start_ns, end_ns, await house.ingest.settled(), tenant)
    pages = _pages(house, wanted, made)
    house.exports += 1
    try:
        # The first page before the first header: a query that cannot run is still an error of its own.
        first = await anext(pages)
        await _record(request, house, wanted, values.get("format") or "ndjson")
    except BaseException:
        house.exports -= 1
        raise
    return _Export(house, first, pages, made.media_type)


async def _record(request: Request, house: Services, wanted: Wanted, form: str) -> None:
    """Who takes which lines away, in the trail before the first of them leaves."""
    client = request.client.host if request.client else ""
    first, last = format_rfc3339(wanted.start_ns), format_rfc3339(wanted.end_ns)
    await house.trail.record(
        "export",
        f"{client} exports {wanted.query} from {first} to {last} as {form}",
        {
            "operation": "export",
            "statement": wanted.query,
            "start": first,
            "end": last,
            "tenant": wanted.tenant,
            "client": client,
            "app": request.headers.get("user-agent", "")[:200],
        },
    )


async def _pages(house: Services, wanted: Wanted, made: Encoder) -> AsyncGenerator[bytes, None]:
    """The file, in pieces. What a format puts first goes with the first page."""
    head = made.begin()
    exporter = Exporter(house.store, house.index, house.engine.limits)
    async with aclosing(exporter.pages(wanted, made.page)) as pages:
        async for _, piece in pages:
            yield head + (piece or b"")
            head = b""
    yield head + await asyncio.to_thread(made.end)


class _Export(StreamingResponse):
    """A response that breaks off, and says so, where a plain one would wait for ever."""

    def __init__(self, house: Services, first: bytes, rest: AsyncGenerator[bytes, None], media_type: str) -> None:
        super().__init__(_chained(first, rest), media_type=media_type)
        self._house, self._rest = house, rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def within_time(message: Message) -> None:
            await asyncio.wait_for(send(message), SEND_TIMEOUT_S)

        try:
            await super().__call__(scope, receive, within_time)
        except* (TimeoutError, WhodidError) as errors:
            # Returning without the last chunk is how HTTP says that something is missing.
            log.warning(
                "an export was broken off: %s", str(errors.exceptions[0]) or "the client takes nothing any more"
            )
        finally:
            self._house.exports -= 1
            await self._rest.aclose()


async def _chained(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
