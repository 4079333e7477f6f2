"""format_query by GET and POST: the layout, and a bad query told in JSON."""

import pytest

from kit.api_house import House

FORMAT = "/loki/api/v1/format_query"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_query_is_laid_out(house: House, method: str) -> None:
    query = {"query": '{ job = "db" }|="x"'}
    answer = await house.client.request(
        method,
        FORMAT,
        **({"params": query} if method == "GET" else {"data": query}),  # type: ignore[arg-type]
    )
    assert answer.json() == {"status": "success", "data": '{job="db"} |= "x"'}


@pytest.mark.parametrize("query", ["", "{", 'count_over_time({a="b"} | unwrap x [1m])'])
async def test_a_bad_one_is_told(house: House, query: str) -> None:
    answer = await house.client.get(FORMAT, params={"query": query})
    assert answer.status_code == 400
    body = answer.json()
    assert body["status"] == "invalid-query"
    assert "parse error" in body["error"]
