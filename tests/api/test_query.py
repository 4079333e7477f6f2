"""The read API: every route by GET and by POST form, in Loki's shapes, and its mistakes in Loki's words."""

import time
from typing import Any

import httpx2
import pytest

from kit.api_house import QUERY_RANGE, House
from whodid.api.routes import client

QUERY, LABELS, SERIES = "/loki/api/v1/query", "/loki/api/v1/labels", "/loki/api/v1/series"
CATEGORIZE = {"x-loki-response-encoding-flags": "categorize-labels"}


async def ask(house: House, method: str, path: str, **parameters: str) -> httpx2.Response:
    """The same question in the query string or in a form; the dashboard's door must answer it alike."""
    if method == "GET":
        answer = await house.client.get(path, params=parameters)
        beside = await house.page.get(f"/logs{path}", params=parameters)
        assert (beside.status_code, _data(beside)) == (answer.status_code, _data(answer))
        return answer
    return await house.client.post(path, data=parameters)


def _data(answer: httpx2.Response) -> Any:
    """What was answered, without the statistics, which hold times."""
    if answer.status_code != 200:
        return answer.text
    data = answer.json()["data"]
    return {name: value for name, value in data.items() if name != "stats"} if isinstance(data, dict) else data


both = pytest.mark.parametrize("method", ["GET", "POST"])


@both
async def test_lines(house: House, method: str) -> None:
    await house.store({"job": "db", "host": "a"}, "one", "two", user="raz")
    answer = await ask(house, method, QUERY_RANGE, query='{job="db"} |= "o"', limit="1", direction="forward")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    body = answer.json()
    assert (body["status"], body["data"]["resultType"]) == ("success", "streams")
    (stream,) = body["data"]["result"]
    assert {"job": "db", "host": "a", "user": "raz"}.items() <= stream["stream"].items()
    assert [line for _, line in stream["values"]] == ["one"]
    assert body["data"]["stats"]["summary"]["totalEntriesReturned"] == 1


async def test_labels_by_category(house: House) -> None:
    await house.store({"job": "db"}, "level=warn n=7", user="raz")
    asked = {"query": '{job="db"} | logfmt'}
    data = (await house.client.get(QUERY_RANGE, params=asked, headers=CATEGORIZE)).json()["data"]
    assert data["encodingFlags"] == ["categorize-labels"]
    (stream,) = data["result"]
    assert stream["stream"] == {"job": "db", "service_name": "db"}
    ((_, _, parts),) = stream["values"]
    assert parts["structuredMetadata"]["user"] == "raz"
    assert parts["parsed"] == {"level": "warn", "n": "7"}
    plain = (await house.client.get(QUERY_RANGE, params=asked)).json()["data"]
    assert "encodingFlags" not in plain
    assert plain["result"][0]["stream"]["user"] == "raz"


@both
async def test_a_matrix_and_a_vector(house: House, method: str) -> None:
    await house.store({"job": "db"}, "one", "two")
    now = time.time()
    count = 'sum by (job) (count_over_time({job="db"}[5m]))'
    asked = {"query": count, "start": str(int(now) - 60), "end": str(int(now) + 60), "step": "60"}
    data = (await ask(house, method, QUERY_RANGE, **asked)).json()["data"]
    assert data["resultType"] == "matrix"
    assert data["result"][0]["metric"] == {"job": "db"}
    assert data["result"][0]["values"][-1][1] == "2"
    data = (await ask(house, method, QUERY, query=count, time=str(int(now) + 1))).json()["data"]
    assert (data["resultType"], data["result"]) == (
        "vector",
        [{"metric": {"job": "db"}, "value": [int(now) + 1, "2"]}],
    )
    data = (await ask(house, method, QUERY, query="1 + 1", time="5")).json()["data"]
    assert (data["resultType"], data["result"]) == ("scalar", [5, "2"])


@both
async def test_labels_and_their_values(house: House, method: str) -> None:
    await house.store({"job": "db", "host": "a"}, "one")
    await house.store({"job": "web", "env": "x/y"}, "two")
    names = ["env", "host", "job", "service_name"]
    assert (await ask(house, method, LABELS)).json() == {"status": "success", "data": names}
    assert (await ask(house, method, "/loki/api/v1/label")).json()["data"] == names
    assert (await ask(house, method, LABELS, query='{job="db"}')).json()["data"] == ["host", "job", "service_name"]
    assert (await ask(house, method, "/loki/api/v1/label/job/values")).json()["data"] == ["db", "web"]
    assert (await ask(house, method, "/loki/api/v1/label/job/values", query='{host="a"}')).json()["data"] == ["db"]
    assert (await ask(house, method, "/loki/api/v1/label/nothing/values")).json()["data"] == []
    long_ago = {"start": "1000000000", "end": "1000000001"}
    assert (await ask(house, method, LABELS, **long_ago)).json()["data"] == []


@both
@pytest.mark.parametrize("name", ["match[]", "match"])
async def test_series(house: House, method: str, name: str) -> None:
    await house.store({"job": "db", "host": "a"}, "one")
    await house.store({"job": "web"}, "two")
    db, web = {"job": "db", "host": "a", "service_name": "db"}, {"job": "web", "service_name": "web"}
    assert (await ask(house, method, SERIES, **{name: '{job="db"}'})).json() == {"status": "success", "data": [db]}
    assert (await ask(house, method, SERIES)).json()["data"] == [db, web]
    assert (await ask(house, method, SERIES, **{name: "{}"})).json()["data"] == [db, web]


async def test_series_of_several_selectors_in_every_place_at_once(house: House) -> None:
    for job in ("a", "b", "c", "d"):
        await house.store({"job": job}, "x")
    params = [("match[]", '{job="a"}'), ("match", '{job="b"}')]
    answer = await house.client.post(SERIES, params=params, data={"match[]": '{job="c"}'})
    assert [labels["job"] for labels in answer.json()["data"]] == ["a", "b", "c"]


async def test_of_two_places_the_form_counts(house: House) -> None:
    await house.store({"job": "a"}, "one + two = 3 & שלום")
    answer = await house.client.post(QUERY_RANGE, params={"query": "{bad"}, data={"query": '{job="a"} |= "3 & שלום"'})
    assert answer.json()["data"]["result"][0]["values"][0][1] == "one + two = 3 & שלום"
    # A body that is no form is no part of the question.
    answer = await house.client.post(QUERY_RANGE, params={"query": '{job="a"}'}, json={"query": "{bad"})
    assert answer.status_code == 200


async def test_a_form_without_bounds_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_FORM_BYTES", 100)
    answer = await house.client.post(QUERY_RANGE, data={"query": "x" * 100})
    assert (answer.status_code, answer.text) == (413, "the form is larger than 100 bytes")


BAD = [
    (QUERY_RANGE, {}, "parse error"),
    (QUERY_RANGE, {"query": '{job="a"'}, "parse error at line 1, col "),
    (QUERY_RANGE, {"query": '{job="a"}', "limit": "0"}, "limit must be a positive value"),
    (QUERY_RANGE, {"query": '{job="a"}', "limit": "5001"}, "max entries limit per query exceeded, limit > max_entries"),
    (
        QUERY_RANGE,
        {"query": '{job="a"}', "start": "tomorrow"},
        "could not parse 'start' parameter: strconv.ParseInt: parsing",
    ),
    (
        QUERY_RANGE,
        {"query": '{job="a"}', "start": "10", "end": "5"},
        "end timestamp must not be before or equal to start",
    ),
    (QUERY_RANGE, {"query": '{job="a"}', "direction": "up"}, "invalid direction 'up'"),
    (QUERY_RANGE, {"query": 'rate({job="a"}[1m])', "step": "0"}, "zero or negative query resolution step widths"),
    (QUERY_RANGE, {"query": 'rate({job="a"}[1m])', "step": "1ms"}, "exceeded maximum resolution of 11,000 points"),
    (QUERY, {"query": '{job="a"}'}, "log queries are not supported as an instant query type"),
    (QUERY, {"query": "1", "time": "noon"}, 'strconv.ParseInt: parsing "noon": invalid syntax'),
    (LABELS, {"query": "{"}, "parse error"),
    (LABELS, {"since": "x"}, "could not parse 'since' parameter: not a valid duration string"),
    ("/loki/api/v1/label/job/values", {"query": 'count_over_time({job="a"}[1m])'}, "parse error"),
    (SERIES, {"match[]": "{job="}, "parse error"),
]


@both
@pytest.mark.parametrize(("path", "parameters", "words"), BAD)
async def test_a_bad_question_gets_one_clear_line(
    house: House, method: str, path: str, parameters: dict[str, str], words: str
) -> None:
    answer = await ask(house, method, path, **parameters)
    assert (answer.status_code, words in answer.text) == (400, True), answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert not answer.text.endswith("\n")


async def test_what_was_computed_is_a_part_of_the_answer_unless_the_client_says_no(house: House) -> None:
    async def counted(**headers: str) -> tuple[int, int]:
        """Lines that were read, and the count."""
        asked = {"query": 'sum(count_over_time({job="db"}[1h]))', "step": "3600", "start": start, "end": end}
        data = (await house.client.get(QUERY_RANGE, params=asked, headers=headers)).json()["data"]
        return data["stats"]["summary"]["totalLinesProcessed"], sum(int(n) for _, n in data["result"][0]["values"])

    start, end = str(time.time_ns() - 3600 * 10**9), str(time.time_ns() + 10**9)
    await house.store({"job": "db"}, "one", "two")
    assert await counted() == (2, 2)
    assert await counted() == (0, 2)
    assert await counted(**{"Cache-Control": "no-cache"}) == (2, 2)
    await house.store({"job": "db", "host": "new"}, "three")
    assert (await counted())[1] == 3
