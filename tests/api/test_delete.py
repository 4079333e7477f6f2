"""Loki's delete API over HTTP: ask, list, cancel; every reader, at once."""

import time

import pytest

from kit.api_house import House
from kit.asgi_socket import lines_of
from whodid.ingest.trail import TRAIL_TENANT
from whodid.query.engine import RangeRequest

DELETE = "/loki/api/v1/delete"
HOUR_AGO = str(int(time.time()) - 3600)


@pytest.fixture
async def full(house: House) -> House:
    await house.store({"job": "a"}, "keep", "secret")
    await house.store({"job": "b"}, "secret")
    return house


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_gone_for_every_reader_at_once(full: House, method: str) -> None:
    async with full.tail('{job=~".+"}') as tail:
        seen = (await tail.frame())["seq"]
    parameters = {"query": '{job=~"a|b"} |= "secret"', "start": HOUR_AGO}
    answer = await full.client.request(method, DELETE, params=parameters)
    assert (answer.status_code, answer.content, len(answer.headers["x-delete-request-id"])) == (204, b"", 8)
    assert await full.lines('{job=~".+"}') == ["keep"]
    assert (await full.client.get("/loki/api/v1/label/job/values")).json()["data"] == ["a"]
    query = {"query": 'sum(count_over_time({job=~".+"}[1h]))'}
    assert (await full.client.get("/loki/api/v1/query", params=query)).json()["data"]["result"][0]["value"][1] == "1"
    assert b"secret" not in (await full.client.get("/whodid/api/v1/export", params={"query": '{job=~".+"}'})).content
    async with full.tail('{job=~".+"}') as tail, full.tail('{job=~".+"}', resume=str(int(seen) - 3)) as resumed:
        assert lines_of(await tail.frame()) == ["keep"]
        assert lines_of(await resumed.frame()) == ["keep"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_by_a_form(full: House, method: str) -> None:
    answer = await full.client.request(method, DELETE, data={"query": '{job="b"}', "start": HOUR_AGO})
    assert answer.status_code == 204
    assert await full.lines('{job="b"}') == []


async def test_the_list_and_a_cancellation(full: House) -> None:
    assert (await full.client.get(DELETE)).json() == []
    await full.client.post(DELETE, params={"query": '{job="a"} |= "secret"', "start": HOUR_AGO})
    [listed] = (await full.client.get(DELETE)).json()
    assert set(listed) == {"request_id", "start_time", "end_time", "query", "status", "created_at", "lines"}
    assert (listed["query"], listed["status"], listed["lines"]) == ('{job="a"} |= "secret"', "received", 1)
    assert listed["start_time"] == float(HOUR_AGO)
    assert abs(listed["created_at"] - time.time()) < 60
    gone = await full.client.delete(DELETE, params={"request_id": listed["request_id"]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await full.client.get(DELETE)).json() == []
    assert sorted(await full.lines('{job="a"}')) == ["keep", "secret"]
    again = await full.client.delete(DELETE, params={"request_id": listed["request_id"]})
    assert (again.status_code, again.text) == (404, "could not find delete request with given id\n")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "query not set"),
        ({"query": '{job="a"}'}, "start time not set"),
        ({"query": '{job="a"', "start": HOUR_AGO}, "parse error at line 1"),
        ({"query": 'rate({job="a"}[1m])', "start": HOUR_AGO}, "a delete request takes a log query"),
        ({"query": '{job="a"} |~ "("', "start": HOUR_AGO}, "error parsing regexp"),
        ({"query": '{job="a"}', "start": HOUR_AGO, "end": "9999999999"}, "deletes in the future are not allowed"),
    ],
)
async def test_mistakes_delete_nothing(full: House, parameters: dict[str, str], words: str) -> None:
    answer = await full.client.post(DELETE, params=parameters)
    assert (answer.status_code, words in answer.text) == (400, True), answer.text
    assert len(await full.lines('{job=~"a|b"}')) == 3


@pytest.mark.parametrize(
    ("tenant", "status", "words"),
    [
        ("whodid", 403, "whodid's own trail cannot be deleted"),
        ("a|whodid", 403, "whodid's own trail cannot be deleted"),
        ("a|b", 400, "multiple org IDs present"),
        ("../a", 400, "contains unsupported character '/'"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_whose_lines_it_does_not_take(full: House, method: str, tenant: str, status: int, words: str) -> None:
    parameters = {"query": '{job="a"}', "start": HOUR_AGO, "request_id": "ffffffff"}
    answer = await full.client.request(method, DELETE, params=parameters, headers={"x-scope-orgid": tenant})
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


async def test_tenants_have_requests_of_their_own(full: House) -> None:
    await full.client.post(DELETE, params={"query": '{job="a"}', "start": HOUR_AGO}, headers={"x-scope-orgid": "other"})
    assert await full.lines('{job="a"}') == ["keep", "secret"]
    for tenant, listed in (("other", 1), ("other|more", 1), ("more", 0), ("", 0)):
        assert len((await full.client.get(DELETE, headers={"x-scope-orgid": tenant})).json()) == listed


async def test_the_dashboard_s_door_deletes_nothing(full: House) -> None:
    parameters = {"query": '{job="a"}', "start": HOUR_AGO}
    assert (await full.page.post(f"/logs{DELETE}", params=parameters)).status_code in (404, 405)
    evil = await full.client.post(DELETE, params=parameters, headers={"origin": "https://evil.example"})
    assert evil.status_code == 403
    assert len(await full.lines('{job="a"}')) == 2


async def test_who_asked_is_in_the_trail(full: House) -> None:
    headers = {"user-agent": "logcli/3.7"}
    answer = await full.client.post(DELETE, params={"query": '{job="a"}', "start": HOUR_AGO}, headers=headers)
    name = answer.headers["x-delete-request-id"]
    now_ns = time.time_ns()
    query = f'{{job="whodid"}} | request_id="{name}"'
    request = RangeRequest(query, now_ns - 10**12, now_ns + 10**9, 10**9, 10, "forward", 0, TRAIL_TENANT)
    [row] = (await full.services.engine.range(request)).rows  # type: ignore[union-attr]
    assert (row.metadata["client"], row.metadata["app"], row.metadata["rows"]) == ("127.0.0.1", "logcli/3.7", "2")
    assert row.metadata["statement"] == '{job="a"}'


async def test_a_query_that_is_none_is_told_in_lokis_words(full: House) -> None:
    answer = await full.client.post(DELETE, params={"query": "{job=", "start": HOUR_AGO})
    assert (answer.status_code, answer.text.startswith("invalid query expression: parse error at line 1")) == (
        400,
        True,
    )
