"""Each error as a status and a text: the table of errors.py, through a real route."""

import httpx2
import pytest

from kit.api_house import QUERY_RANGE, House
from whodid.api.errors import ENGINE_STATUSES, BodyTooLarge, UnsupportedEncoding
from whodid.api.tenants import BadTenant
from whodid.errors import WhodidError
from whodid.ingest.committer import TooMuchPending
from whodid.ingest.pipeline import NoStreams
from whodid.query.errors import EvaluationError, QueryError, QueryTimeout
from whodid.server import QuestionTooLarge
from whodid.store.store import StoreError
from whodid.wire.label_text import BadLabels
from whodid.wire.params import BadParameter
from whodid.wire.push_protobuf import MalformedPush

CASES = [
    (BadParameter("so"), 400, "so"),
    (BadTenant("so"), 400, "so"),
    (QueryError("so"), 400, "so"),
    (EvaluationError("so"), 500, "so"),
    (QuestionTooLarge("so"), 400, "so"),
    (MalformedPush("so"), 400, "so"),
    (BadLabels("so"), 400, "so"),
    (UnsupportedEncoding("so"), 400, "so"),
    (StoreError("so", "MEMORY_LIMIT_EXCEEDED"), 400, ENGINE_STATUSES["MEMORY_LIMIT_EXCEEDED"][1]),
    (BodyTooLarge("so"), 413, "so"),
    (NoStreams("so"), 422, "so"),
    (TooMuchPending("so"), 429, "so"),
    (StoreError("so", "CANNOT_WRITE"), 500, "so"),
    (WhodidError("so"), 500, "so"),
    (QueryTimeout(), 504, str(QueryTimeout())),
    (StoreError("so", "TIMEOUT_EXCEEDED"), 504, ENGINE_STATUSES["TIMEOUT_EXCEEDED"][1]),
]


@pytest.mark.parametrize(("error", "status", "text"), CASES, ids=lambda value: getattr(type(value), "__name__", ""))
async def test_each_error_has_its_status_and_its_own_words(
    house: House, monkeypatch: pytest.MonkeyPatch, error: WhodidError, status: int, text: str
) -> None:
    async def fails(request: object) -> None:
        raise error

    monkeypatch.setattr(house.services.engine, "range", fails)
    answer = await house.client.get(QUERY_RANGE, params={"query": '{job="a"}'})
    assert (answer.status_code, answer.text) == (status, text)
    assert answer.headers.get("retry-after") == ("1" if status == 429 else None)


async def test_what_is_no_error_of_ours_is_a_bug_and_is_told_to_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(request: object) -> None:
        raise ValueError("a secret of the code")

    monkeypatch.setattr(house.services.engine, "range", fails)
    transport = httpx2.ASGITransport(house.api, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get(QUERY_RANGE, params={"query": '{job="a"}'})
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")


async def test_too_much_pending_tells_the_client_to_come_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.services.ingest._committer, "pending_bytes", 1 << 60)
    answer = await house.push_json([{"stream": {"job": "a"}, "values": [["1", "x"]]}])
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.text == "too many lines wait to be written; send this again later\n"
