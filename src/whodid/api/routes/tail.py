"""WebSocket /loki/api/v1/tail: history, then every newly committed line that matches, without a gap between the two.

The tail is a query over the committed sequence range: history ends at a sequence number, live begins after it. A client
too slow to take its frames is closed with a reason; it never holds up the others, and resumes with `resume=<seq>`. One
that takes them, but slower than lines come, is told what it misses in Loki's `dropped_entries`; one that resumes misses
nothing.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from whodid.api.errors import status_of
from whodid.api.routes.client import first_counts
from whodid.api.services import Services, services, tenant_of
from whodid.errors import WhodidError
from whodid.logql.ast import LogQuery
from whodid.logql.parser import parse
from whodid.model.clock import SECOND
from whodid.model.result import Row, Streams
from whodid.query.engine import RangeRequest
from whodid.wire.params import BadParameter, read_bounds, read_limit, read_query
from whodid.wire.results import CATEGORIZE
from whodid.wire.tail import FRAME_ROWS, encode_frame

MAX_TAILS = 100
"""Loki allows 10; a dashboard that is open on every desk of a team must not meet the limit."""
SEND_TIMEOUT_S = 10.0
GOODBYE_TIMEOUT_S = 1.0
SCAN_LINES = 50_000
"""Sequence numbers looked at in one go."""
BEHIND_LINES = 500_000
"""A tail that is so many sequence numbers behind skips to the newest: whoever watches wants to see now."""
DROPPED_TOLD = 1000
"""As in Loki; further ones are not named."""
CLOSE_BAD_REQUEST = 1008
CLOSE_TOO_SLOW = 1013


@dataclass(frozen=True, slots=True)
class _Asked:
    query: LogQuery
    text: str
    limit: int
    start_ns: int
    delay_ns: int
    resume_seq: int | None
    categorize: bool
    tenant: str


async def tail(websocket: WebSocket) -> None:
    """One tail, until the client leaves or is too slow."""
    house = services(websocket)
    try:
        asked = _read(websocket, house)
    except WhodidError as e:
        await _refuse(websocket, e)
        return
    await websocket.accept()
    house.tails += 1
    feed = asyncio.create_task(_feed(websocket, house, asked))
    gone = asyncio.create_task(_until_gone(websocket))
    try:
        await asyncio.wait({feed, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        house.tails -= 1
        for task in (feed, gone):
            task.cancel()
        outcomes = await asyncio.gather(feed, gone, return_exceptions=True)
    await _say_goodbye(websocket, outcomes[0])


async def _refuse(websocket: WebSocket, error: WhodidError) -> None:
    """Says what is wrong before the connection is one, as Loki does; to a page afterwards, for a page cannot read it
    before.
    """
    if "origin" not in websocket.headers and "websocket.http.response" in websocket.scope.get("extensions", {}):
        status, text = status_of(error)
        await websocket.send_denial_response(PlainTextResponse(text, status))
        return
    await websocket.accept()
    await websocket.close(CLOSE_BAD_REQUEST, _reason(error))


def _reason(error: WhodidError) -> str:
    """What a close frame can hold: 123 bytes, not characters."""
    return str(error).encode("utf-8", "replace")[:120].decode("utf-8", "ignore")


async def _say_goodbye(websocket: WebSocket, outcome: object) -> None:
    if isinstance(outcome, TimeoutError):
        said = websocket.close(CLOSE_TOO_SLOW, "the client reads too slowly; reconnect with resume=<seq> to go on")
        with suppress(TimeoutError):  # a client that reads nothing does not read this either
            await asyncio.wait_for(said, GOODBYE_TIMEOUT_S)
    elif isinstance(outcome, WhodidError):
        await websocket.close(1011, _reason(outcome))
    elif isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect | RuntimeError):
        raise outcome


def _read(websocket: WebSocket, house: Services) -> _Asked:
    values = first_counts(websocket.query_params.multi_items())
    text = read_query(values)
    query = parse(text)
    if not isinstance(query, LogQuery):
        raise BadParameter("tail takes a log query, not a metric query")
    if house.tails >= MAX_TAILS:
        raise BadParameter(
            f"max concurrent tail requests limit exceeded, count > limit ({house.tails + 1} > {MAX_TAILS})"
        )
    limit = read_limit(values)
    house.engine.limits.check_entries(limit)
    start_ns, _ = read_bounds({k: v for k, v in values.items() if k == "start"}, house.clock.now_ns())
    delay = values.get("delay_for") or "0"
    if delay not in ("0", "1", "2", "3", "4", "5"):
        raise BadParameter("delay_for can't be greater than 5")
    resume = values.get("resume") or ""
    flags = websocket.headers.get("x-loki-response-encoding-flags", "")
    categorize = CATEGORIZE in flags or values.get("categorize") == "1"
    return _Asked(
        query,
        text,
        limit,
        start_ns,
        int(delay) * SECOND,
        int(resume) if resume.isdecimal() and len(resume) <= 20 else None,
        categorize,
        tenant_of(websocket),
    )


async def _until_gone(websocket: WebSocket) -> None:
    """Ends when the client closes; whatever it says in between is of no interest."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return


async def _feed(websocket: WebSocket, house: Services, asked: _Asked) -> None:
    seen = asked.resume_seq
    if seen is None or seen > house.ingest.bus.last_seq:  # beyond the last: the store was replaced since
        # Everything up to here is history; what is committed while history is read comes by the live path.
        seen = house.ingest.bus.last_seq
        await _send(websocket, await _history(house, asked, seen), asked, None, seen)
    while True:
        last = await house.ingest.bus.wait(seen)
        if asked.delay_ns:
            await house.clock.sleep(asked.delay_ns / SECOND)
        before, dropped = seen, []
        if asked.resume_seq is None and last - seen > BEHIND_LINES:
            dropped = (await _committed(house, asked, seen + 1, seen + SCAN_LINES))[:DROPPED_TOLD]
            seen = last - SCAN_LINES
        last = min(last, seen + SCAN_LINES)  # a tail that resumes after a weekend must not bring it all into memory
        rows = await _committed(house, asked, seen + 1, last)
        seen = last
        if rows or dropped:
            await _send(websocket, rows, asked, before, seen, dropped)


async def _committed(house: Services, asked: _Asked, first_seq: int, last_seq: int) -> list[Row]:
    return (await house.live.committed([asked.query], first_seq, last_seq, asked.tenant))[0]


async def _history(house: Services, asked: _Asked, last_seq: int) -> list[Row]:
    """The newest `limit` lines since `start`, forward in time, none of them committed after `last_seq`."""
    request = RangeRequest(
        asked.text,
        asked.start_ns,
        house.clock.now_ns() + 600 * SECOND,
        SECOND,
        asked.limit,
        "backward",
        0,
        asked.tenant,
    )
    result = await house.engine.range(request)
    assert isinstance(result, Streams)
    return [row for row in reversed(result.rows) if row.seq <= last_seq]


async def _send(
    websocket: WebSocket, rows: list[Row], asked: _Asked, before_seq: int | None, seq: int, dropped: Sequence[Row] = ()
) -> None:
    """Sends rows in frames. Only the last frame carries `seq`: a connection lost between two of them must not skip any.

    The first frame is sent even when empty, for it tells the client its resume token, or what was dropped before it.
    """
    for at in range(0, max(len(rows), 1), FRAME_ROWS):
        told = seq if at + FRAME_ROWS >= len(rows) else before_seq
        missed = list(dropped) if at == 0 else None
        frame = encode_frame(rows[at : at + FRAME_ROWS], categorize=asked.categorize, seq=told, dropped=missed)
        await asyncio.wait_for(websocket.send_text(frame), SEND_TIMEOUT_S)
