"""What a route does with the client at the other end: reads its body within bounds, stops working once it has gone.

Used by the routes that take bodies (push.py, query.py) and by those that may work for long.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import ClientDisconnect, Request

from whodid.api.errors import BodyTooLarge

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 1 << 20
T = TypeVar("T")


async def read_body(request: Request, max_bytes: int, too_large: str) -> bytes:
    """The raw body; refused, in the words of `too_large`, as soon as it grows beyond the limit or says that it will."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise BodyTooLarge(too_large)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise BodyTooLarge(too_large)
        chunks.append(chunk)
    return b"".join(chunks)


async def parameters(request: Request) -> ImmutableMultiDict[str, str]:
    """The URL-encoded form, where there may be one, and the query string: Loki takes both. Of one name the first
    counts, as in Go's net/http.
    """
    pairs = request.query_params.multi_items()
    if request.method in ("POST", "PUT") and request.headers.get("content-type", "").startswith(FORM_TYPE):
        form = await read_body(request, MAX_FORM_BYTES, f"the form is larger than {MAX_FORM_BYTES} bytes")
        # Read here, since Starlette's own reader of forms wants a package for uploads that nothing else needs.
        pairs = parse_qsl(form.decode("utf-8", "replace"), keep_blank_values=True) + pairs
    return first_counts(pairs)


def first_counts(pairs: list[tuple[str, str]]) -> ImmutableMultiDict[str, str]:
    """Parameters of which the first of one name counts; Starlette takes the last."""
    return ImmutableMultiDict(reversed(pairs))


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of the work, which is cancelled when the client goes away: nobody would read the answer."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_until_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # the body, or what is left of it


def cached(request: Request) -> bool:
    """Whether what was computed before may be a part of the answer; as in Loki, the client can say no."""
    return "no-cache" not in request.headers.get("cache-control", "").lower()
