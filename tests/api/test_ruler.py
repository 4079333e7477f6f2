"""Rules and alerts at the door: asked at each request, filtered, and the rules themselves as YAML."""

from typing import Any

import pytest
import yaml

from kit.api_house import House

FILES = {
    "/etc/whodid/rules/db.yml": [{"name": "g", "interval": "1m", "rules": [{"alert": "A", "expr": "x > 0"}]}],
    "web": [{"name": "h", "interval": "1m", "rules": []}, {"name": "i/j", "interval": "1m", "rules": []}],
}


async def test_alerts_and_rules_are_asked_at_each_request(house: House) -> None:
    answers = [{"status": "success", "data": {"n": n}} for n in range(4)]
    coming = iter(answers)
    house.services.alerts = lambda: next(coming)
    house.services.rules = lambda **chosen: next(coming)
    assert (await house.client.get("/prometheus/api/v1/alerts")).json() == answers[0]
    assert (await house.page.get("/logs/prometheus/api/v1/alerts")).json() == answers[1]
    assert (await house.client.get("/prometheus/api/v1/rules")).json() == answers[2]
    assert (await house.client.get("/api/prom/api/v1/rules")).json() == answers[3]


async def test_the_filters_are_handed_on(house: House) -> None:
    asked: list[dict[str, Any]] = []

    def rules(**chosen: Any) -> dict[str, Any]:
        asked.append(chosen)
        return {}

    house.services.rules = rules
    question = "type=ALERT&file[]=a.yml&file[]=b.yml&rule_group[]=g&rule_name[]=A"
    await house.client.get(f"/prometheus/api/v1/rules?{question}")
    assert asked == [
        {"kind": "alert", "files": {"a.yml", "b.yml"}, "group_names": {"g"}, "rule_names": {"A"}},
    ]


async def test_a_type_that_is_none(house: House) -> None:
    answer = await house.client.get("/prometheus/api/v1/rules?type=x")
    assert answer.status_code == 400
    assert answer.json() == {
        "status": "error",
        "data": None,
        "errorType": "bad_data",
        "error": 'not supported value "x"',
    }


@pytest.mark.parametrize("front", ["/loki/api/v1/rules", "/api/prom/rules"])
async def test_rules_by_file_and_group(house: House, front: str) -> None:
    house.services.rule_files = lambda: FILES
    for path, expected in (
        ("", FILES),
        ("/web", {"web": FILES["web"]}),
        ("//etc/whodid/rules/db.yml", {"/etc/whodid/rules/db.yml": FILES["/etc/whodid/rules/db.yml"]}),
        ("/%2Fetc%2Fwhodid%2Frules%2Fdb.yml/g", FILES["/etc/whodid/rules/db.yml"][0]),
    ):
        answer = await house.client.get(front + path)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "application/yaml")
        assert yaml.safe_load(answer.text) == expected


async def test_what_is_not_there_is_told_in_the_words_that_grafana_looks_for(house: House) -> None:
    front = "/loki/api/v1/rules"
    assert (await house.client.get(front)).text == "no rule groups found\n"
    house.services.rule_files = lambda: FILES
    for path, words in (("/nofile", "no rule groups found\n"), ("/web/nogroup", "group does not exist\n")):
        answer = await house.client.get(front + path)
        assert (answer.status_code, answer.text) == (404, words)
    assert (await house.client.post(f"{front}/web", content=b"name: x")).status_code == 405
