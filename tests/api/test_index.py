"""index/stats, index/volume, index/volume_range and index/shards over HTTP, in Loki's shapes."""

import time

import pytest

from kit.api_house import House

API = "/loki/api/v1/index/"


async def test_stats_are_bare_counts(house: House) -> None:
    await house.store({"job": "db"}, "12345", "1234567")
    await house.store({"job": "web"}, "1")
    answer = await house.client.get(f"{API}stats", params={"query": '{job="db"}'})
    body = answer.json()
    assert (body["streams"], body["entries"], set(body)) == (1, 2, {"streams", "chunks", "bytes", "entries"})
    level = len("detected_level") + len("unknown")
    assert body["bytes"] == 12 + 2 * level
    assert body["chunks"] >= 1
    nothing = await house.client.post(f"{API}stats", data={"query": '{job="nobody"}'})
    assert nothing.json() == {"streams": 0, "chunks": 0, "bytes": 0, "entries": 0}


async def test_volume_is_a_vector_largest_first(house: House) -> None:
    await house.store({"job": "db", "host": "a"}, "x" * 50)
    await house.store({"job": "web", "host": "a"}, "x" * 500)
    end = int(time.time()) + 5
    answer = await house.client.get(f"{API}volume", params={"query": '{job=~".+"}', "end": str(end)})
    data = answer.json()["data"]
    assert data["resultType"] == "vector"
    assert [sample["metric"] for sample in data["result"]] == [{"job": "web"}, {"job": "db"}]
    assert all(sample["value"][0] == end and int(sample["value"][1]) >= 50 for sample in data["result"])
    answer = await house.client.get(f"{API}volume", params={"query": "{}", "targetLabels": "host", "limit": "0"})
    assert [sample["metric"] for sample in answer.json()["data"]["result"]] == [{"host": "a"}]
    answer = await house.client.get(f"{API}volume", params={"query": "{}", "limit": "1"})
    assert len(answer.json()["data"]["result"]) == 1


async def test_volume_range_is_a_matrix_even_of_one_step(house: House) -> None:
    await house.store({"job": "db"}, "x")
    asked = {"query": '{job="db"}', "step": "1h", "targetLabels": "detected_level"}
    data = (await house.client.get(f"{API}volume_range", params=asked)).json()["data"]
    assert data["resultType"] == "matrix"
    (series,) = data["result"]
    assert series["metric"] == {"detected_level": "unknown"}
    assert sum(int(value) for _, value in series["values"]) > 0


async def test_shards(house: House) -> None:
    await house.store({"job": "db"}, "x")
    answer = await house.client.get(f"{API}shards", params={"query": '{job="db"}', "targetBytesPerShard": "1000"})
    (shard,) = answer.json()["shards"]
    assert shard["stats"]["entries"] == 1
    assert shard["bounds"] == {"min": 0, "max": 18446744073709551615}


@pytest.mark.parametrize(
    ("path", "parameters", "words"),
    [
        ("stats", {"query": "{"}, "parse error"),
        ("stats", {"query": '{job="a"} |= "x"'}, "only label matchers is supported"),
        ("volume", {"query": "{}", "aggregateBy": "x"}, "invalid aggregation option"),
        ("volume", {"query": "{}", "limit": "-1"}, "limit must be a positive value"),
        ("volume", {"query": "{}", "targetLabels": ",".join("abcdefghij" * 6)}, "names 60 labels"),
        ("volume_range", {"query": "{}", "step": "0"}, "zero or negative query resolution step widths"),
        ("volume_range", {"query": "{}", "step": "1ms"}, "exceeded maximum resolution of 11,000 points"),
        ("shards", {"query": "{}"}, "targetBytesPerShard must be a positive value"),
        ("volume", {"query": "{}", "start": "5", "end": "1"}, "end timestamp must not be before"),
    ],
)
async def test_bad_questions(house: House, path: str, parameters: dict[str, str], words: str) -> None:
    answer = await house.client.get(API + path, params=parameters)
    assert (answer.status_code, words in answer.text) == (400, True), answer.text
