"""/ready, /metrics and the build information, as their readers parse them."""

from prometheus_client.parser import text_string_to_metric_families

from kit.api_house import House
from whodid.api.services import LOKI_VERSION


async def test_ready_or_what_is_missing(house: House) -> None:
    answer = await house.client.get("/ready")
    assert (answer.status_code, answer.text) == (200, "ready\n")
    house.services.is_ready = lambda: "the store is being opened"
    answer = await house.client.get("/ready")
    assert (answer.status_code, answer.text) == (503, "the store is being opened\n")


async def test_metrics_are_prometheus_text_and_count_what_was_stored(house: House) -> None:
    await house.store({"job": "a"}, "four", "more", "ünï")
    async with house.tail('{job="a"}') as tail:
        await tail.frame()
        answer = await house.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["content-type"].count("charset=") == 1
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert all(family.documentation for family in families.values())
    values = {sample.name: sample.value for family in families.values() for sample in family.samples}
    assert values["whodid_ingested_lines_total"] == 3
    assert values["whodid_ingested_bytes_total"] > len("fourmoreünï".encode()), "the bodies, with what is about them"
    assert values["whodid_commits_total"] == 1
    assert values["whodid_refused_total"] == 0
    assert values["whodid_repeated_pushes_total"] == 0
    assert values["whodid_tails"] == 1
    assert values["whodid_last_sequence"] == house.services.ingest.bus.last_seq
    assert values["whodid_store_lines"] >= 3
    assert values["whodid_store_parts"] >= 1
    (info,) = families["whodid_build_info"].samples
    assert info.labels == {"version": "7.7.7"}


async def test_metrics_are_not_on_the_dashboard_s_door(house: House) -> None:
    assert (await house.page.get("/logs/metrics")).status_code == 404 or "make web" in (
        await house.page.get("/logs/metrics")
    ).text


async def test_build_information_as_loki_gives_it(house: House) -> None:
    info = (await house.client.get("/loki/api/v1/status/buildinfo")).json()
    assert set(info) == {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}
    assert info["version"] == LOKI_VERSION
    assert info["revision"] == "whodid-7.7.7"
    assert all(isinstance(value, str) for value in info.values())


async def test_the_parts_of_the_server(house: House) -> None:
    text = (await house.client.get("/services")).text
    assert "ingester => Running\n" in text
    assert all(line.endswith(" => Running") for line in text.splitlines())


async def test_requests_are_timed_by_route_and_not_by_address(house: House) -> None:
    for name in ("job", "api", "%D7%A9", "no-such"):
        await house.client.get(f"/loki/api/v1/label/{name}/values")
    await house.client.get("/loki/api/v1/query_range", params={"query": "{"})
    for path in ("/nobody", "/knows/this"):
        await house.client.request("HACK", path)
    text = (await house.client.get("/metrics")).text
    counts = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status_code"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "loki_request_duration_seconds_count"
    }
    assert counts == {
        ("GET", "loki_api_v1_label_name_values", "200"): 4,
        ("GET", "loki_api_v1_query_range", "400"): 1,
        ("other", "other", "404"): 2,
    }
