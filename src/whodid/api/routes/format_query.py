"""GET or POST /loki/api/v1/format_query: a query laid out over lines, for editors.

A bad query is told in JSON, with 400, as Loki does.
"""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from whodid.api.routes.answers import json_answer
from whodid.api.routes.client import parameters
from whodid.logql.errors import LogQLError
from whodid.logql.parser import parse
from whodid.logql.pretty import pretty
from whodid.wire.explore import encode_plain
from whodid.wire.params import read_query


async def format_query(request: Request) -> Response:
    """The query in Loki's layout."""
    try:
        text = pretty(parse(read_query(await parameters(request))))
    except LogQLError as e:
        body = encode_plain({"status": "invalid-query", "error": str(e)})
        return await json_answer(request, body, HTTPStatus.BAD_REQUEST)
    return await json_answer(request, encode_plain({"status": "success", "data": text}))
