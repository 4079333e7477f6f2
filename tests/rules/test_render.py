"""The JSON of Prometheus' API for rules and alerts."""

from kit.rule_bench import bench
from whodid.rules.render import alerts_json, rule_files, rules_json

RULES = """
groups:
  - name: g
    interval: 30s
    limit: 7
    rules:
      - alert: A
        expr: sum by (user) (count_over_time({job="x"}[5m])) > 0
        for: 1m
        labels: {s: x}
        annotations: {t: y}
      - {record: a:b, expr: 'sum(count_over_time({job="x"}[5m]))'}
  - name: h
    rules: [{alert: B, expr: '{job="y"}'}]
"""


async def test_alerts_and_rules() -> None:
    async with bench(RULES) as it:
        it.store.add(it.clock.ns, {"job": "x"}, {"user": "raz"})
        await it.evaluate("A")
        alert = {
            "labels": {"user": "raz", "s": "x", "alertname": "A"},
            "annotations": {"t": "y"},
            "state": "pending",
            "activeAt": "2026-01-01T00:00:00Z",
            "value": "1e+00",
        }
        assert alerts_json(it.evaluator.alerts()) == {"status": "success", "data": {"alerts": [alert]}}
        data = rules_json(it.groups, it.evaluator.active, it.evaluator.health)["data"]
        g, h = data["groups"]
        assert (g["name"], g["file"], g["interval"], g["limit"]) == ("g", "rules.yml", 30, 7)
        assert g["lastEvaluation"] == "2026-01-01T00:00:00Z"
        assert g["rules"][0] == {
            "state": "pending",
            "name": "A",
            "query": 'sum by (user) (count_over_time({job="x"}[5m])) > 0',
            "duration": 60,
            "keepFiringFor": 0,
            "labels": {"s": "x"},
            "annotations": {"t": "y"},
            "alerts": [alert],
            "health": "ok",
            "lastError": "",
            "type": "alerting",
            "lastEvaluation": "2026-01-01T00:00:00Z",
            "evaluationTime": 0.0,
        }
        assert g["rules"][1]["type"] == "recording"
        assert (g["rules"][1]["health"], g["rules"][1]["lastEvaluation"]) == ("unknown", "0001-01-01T00:00:00Z")
        assert "state" not in g["rules"][1]
        assert (h["rules"][0]["state"], h["lastEvaluation"]) == ("inactive", "0001-01-01T00:00:00Z")


async def test_filters() -> None:
    async with bench(RULES) as it:

        def names(**filters: object) -> list[str]:
            found = rules_json(it.groups, {}, {}, **filters)["data"]["groups"]  # type: ignore[arg-type]
            return [rule["name"] for group in found for rule in group["rules"]]

        assert names() == ["A", "a:b", "B"]
        assert names(kind="record") == ["a:b"]
        assert names(group_names=["h"]) == ["B"]
        assert names(rule_names=["A"], files=["rules.yml"]) == ["A"]
        assert names(files=["other.yml"]) == []


async def test_rules_as_they_are_written() -> None:
    async with bench(RULES) as it:
        [(file, [first, second])] = rule_files(it.evaluator.groups).items()
    assert file.endswith(".yml")
    assert (first["name"], first["interval"], first["limit"], second["name"]) == ("g", "30s", 7, "h")
    assert first["rules"][0] == {
        "alert": "A",
        "expr": 'sum by (user) (count_over_time({job="x"}[5m])) > 0',
        "for": "1m",
        "labels": {"s": "x"},
        "annotations": {"t": "y"},
    }
    assert first["rules"][1] == {"record": "a:b", "expr": 'sum(count_over_time({job="x"}[5m]))'}
    assert second["rules"] == [{"alert": "B", "expr": '{job="y"}'}]
