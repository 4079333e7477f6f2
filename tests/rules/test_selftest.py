"""The runner of rule files' own tests must be able to fail: each fault it should find, it names."""

from kit.rule_store import open_rule_store
from whodid.logql import parse
from whodid.rules.load import load_text
from whodid.rules.selftest import run_tests

FILE = """
groups:
  - name: g
    interval: 1m
    rules:
      - alert: Waits
        expr: sum by (user) (count_over_time({job="x"}[5m])) > 1
        for: 2m
        annotations: {summary: "{{ $labels.user }}"}
      - alert: Lines
        expr: '{job="x"}'
      - alert: Broken
        expr: rate({job="x"}[5m]) > 1
tests:
  - {name: too early, rule: Waits, lines: &two [{labels: {job: x}, metadata: {user: a}, repeat: 2}], at: 1m, fires: []}
  - {name: in time, rule: Waits, lines: *two, at: 2m, fires: [{labels: {user: a}, annotations: {summary: a}, value: 2}]}
  - {name: wrong value, rule: Waits, lines: *two, at: 2m, fires: [{value: 3}]}
  - {name: wrong text, rule: Waits, lines: *two, at: 2m, fires: [{annotations: {summary: b}}]}
  - {name: one too many, rule: Lines, lines: *two, fires: []}
  - {name: one too few, rule: Lines, lines: *two, fires: [{}, {}]}
  - {name: broken, rule: Broken, lines: *two, fires: []}
"""


async def test_faults_are_found_and_named() -> None:
    loaded = load_text(FILE, "f.yml", parse).checked()
    outcomes = {o.test.name: o.faults for o in await run_tests(loaded.groups, loaded.tests, open_rule_store)}
    assert outcomes["too early"] == ()
    assert outcomes["in time"] == ()
    assert outcomes["wrong value"] == (
        "did not fire: value 3",
        'fired: {alertname="Waits", user="a"} {summary="a"} value 2',
    )
    assert outcomes["wrong text"][0] == 'did not fire: {summary="b"}'
    assert outcomes["one too many"] == ('fired: {alertname="Lines", job="x", user="a"} value 2',)
    assert outcomes["one too few"] == ("did not fire: an alert",)
    assert "the rule failed: this store does not know" in outcomes["broken"][0]
