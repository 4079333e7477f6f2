"""detected_labels, detected_fields and the values of a field over HTTP, in the shapes that Logs Drilldown reads."""

import pytest

from kit.api_house import House

API = "/loki/api/v1/"


async def test_labels(house: House) -> None:
    await house.store({"job": "db", "host": "a", "request": "7", "pod": "1"}, "x")
    await house.store({"job": "web", "host": "a", "request": "8", "pod": "2"}, "x")
    body = (await house.client.get(f"{API}detected_labels")).json()
    assert {item["label"]: item["cardinality"] for item in body["detectedLabels"]} == {
        "job": 2,
        "host": 1,
        "service_name": 2,
        "pod": 2,
    }
    body = (await house.client.post(f"{API}detected_labels", data={"query": '{job="nobody"}'})).json()
    assert body == {"detectedLabels": []}


async def test_fields(house: House) -> None:
    await house.store({"job": "api"}, '{"status": 200, "user": {"name": "noa"}, "tags": ["a"]}', trace="t1")
    await house.store({"job": "api"}, '{"status": 404, "user": {"name": "dan"}}', trace="t2")
    body = (await house.client.get(f"{API}detected_fields", params={"query": '{job="api"}'})).json()
    assert body["limit"] == 1000
    by_name = {item["label"]: item for item in body["fields"]}
    assert by_name["status"] == {
        "label": "status",
        "type": "int",
        "cardinality": 2,
        "parsers": ["json"],
        "jsonPath": ["status"],
    }
    assert by_name["user_name"]["jsonPath"] == ["user", "name"]
    assert by_name["trace"] == {"label": "trace", "type": "string", "cardinality": 2, "parsers": None}
    assert not {"job", "service_name", "user", "tags"} & set(by_name)


async def test_values_of_a_field(house: House) -> None:
    await house.store({"job": "api"}, "level=info size=1500B", "level=warn size=20MB")
    asked = {"query": '{job="api"}'}
    assert (await house.client.get(f"{API}detected_field/level/values", params=asked)).json() == {
        "values": ["info", "warn"],
        "limit": 1000,
    }
    body = (await house.client.post(f"{API}detected_field/size/values", data={**asked, "limit": "1"})).json()
    assert (len(body["values"]), body["limit"]) == (1, 1)
    body = (await house.client.get(f"{API}detected_field/nothing/values", params=asked)).json()
    assert body == {}
    body = (await house.client.get(f"{API}detected_field/level/values", params={**asked, "line_limit": "1"})).json()
    assert body["values"] == ["warn"]


@pytest.mark.parametrize(
    ("path", "parameters", "words"),
    [
        ("detected_fields", {}, "parse error"),
        ("detected_fields", {"query": 'rate({job="a"}[1m])'}, "only log selector is supported"),
        ("detected_fields", {"query": '{job="a"}', "line_limit": "5001"}, "max entries limit per query exceeded"),
        ("detected_fields", {"query": '{job="a"}', "limit": "0"}, "limit must be a positive value"),
        ("detected_field/x/values", {"query": "{job="}, "parse error"),
        ("detected_labels", {"query": "{job="}, "parse error"),
    ],
)
async def test_bad_questions(house: House, path: str, parameters: dict[str, str], words: str) -> None:
    answer = await house.client.get(API + path, params=parameters)
    assert (answer.status_code, words in answer.text) == (400, True), answer.text
