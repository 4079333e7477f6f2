"""The first API, /api/prom: the same answers in the old shapes."""

from kit.api_house import House
from kit.asgi_socket import AsgiSocket

API = "/api/prom/"


async def test_lines_as_entries(house: House) -> None:
    await house.store({"job": "db"}, "one", "two", "three")
    asked = {"query": '{job="db"}', "regexp": "t.", "direction": "forward"}
    body = (await house.client.get(f"{API}query", params=asked)).json()
    (stream,) = body["streams"]
    assert stream["labels"] == '{detected_level="unknown", job="db", service_name="db"}'
    assert [entry["line"] for entry in stream["entries"]] == ["two", "three"]
    assert stream["entries"][0]["ts"].endswith("Z")
    assert body["stats"]["summary"]["totalEntriesReturned"] == 2


async def test_labels_values_and_series(house: House) -> None:
    await house.store({"job": "db"}, "one")
    assert (await house.client.get(f"{API}label")).json() == {"values": ["job", "service_name"]}
    assert (await house.client.get(f"{API}label/job/values")).json() == {"values": ["db"]}
    body = (await house.client.get(f"{API}series", params={"match": '{job="db"}'})).json()
    assert body["data"] == [{"job": "db", "service_name": "db"}]


async def test_a_metric_query_has_no_old_shape(house: House) -> None:
    answer = await house.client.get(f"{API}query", params={"query": 'rate({job="db"}[1m])'})
    assert (answer.status_code, "legacy endpoints only support streams" in answer.text) == (400, True)


async def test_a_tail_in_old_frames(house: House) -> None:
    await house.store({"job": "db"}, "before")
    socket = AsgiSocket(house.api, f"{API}tail", {"query": '{job="db"}'}, {"host": "127.0.0.1:3100"})
    async with socket:
        frame = await socket.frame()
        (stream,) = frame["streams"]
        assert set(stream) == {"labels", "entries"}
        assert [entry["line"] for entry in stream["entries"]] == ["before"]
        await house.store({"job": "db"}, "after")
        (stream,) = (await socket.frame())["streams"]
        assert [entry["line"] for entry in stream["entries"]] == ["after"]
