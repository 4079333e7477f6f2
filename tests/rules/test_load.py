"""Rule files: good ones are read whole, bad ones are reported whole. A file of bad/ names its mistakes in comments."""

import re
from pathlib import Path

import pytest

from whodid.logql import parse
from whodid.logql.ast import LogQuery
from whodid.model.clock import SECOND
from whodid.rules.load import RuleFileError, load_rules, load_text

HERE = Path(__file__).parent
GOOD = """
groups:
  - name: g
    interval: 30s
    query_offset: 10s
    limit: 5
    labels: {team: backend, severity: none}
    rules:
      - alert: Many
        expr: sum by (app) (rate({app="x"} |= "error" [5m])) > 1
        for: 5m
        keep_firing_for: 1h30m
        labels: &page {severity: page, level: 1, loud: true}
        annotations:
          summary: "{{ $labels.app }} {{ $value | humanize }}"
      - alert: Line
        expr: '{app="x"} |= "panic"'
        labels: {<<: *page, level: 2}
      - alert: Line
        expr: '{app="x"} |= "fatal"'
      - alert: Prompt
        expr: count_over_time({app="x"}[1m]) > 0
        instant: true
      - record: app:errors:rate5m
        expr: sum by (app) (rate({app="x"}[5m]))
  - name: h
    rules: []
tests:
  - name: fires
    rule: Line
    lines:
      - {labels: {app: x}, metadata: {user: a}, line: panic, offset: 10s, repeat: 3, every: 500ms}
    at: 1m
    fires:
      - {labels: {app: x}, value: 3}
"""


def test_a_good_file_is_read_whole() -> None:
    loaded = load_text(GOOD, "good.yml", parse).checked()
    g, h = loaded.groups
    assert (g.interval_ns, g.query_offset_ns, g.limit) == (30 * SECOND, 10 * SECOND, 5)
    assert (h.interval_ns, h.rules) == (60 * SECOND, ())
    many, line, second, prompt, recorded = g.rules
    assert many.kind == "alert"
    assert (many.for_ns, many.keep_firing_for_ns) == (300 * SECOND, 5400 * SECOND)
    assert many.labels == {"team": "backend", "severity": "page", "level": "1", "loud": "true"}
    assert not many.instant
    assert line.instant
    assert line.per_line
    assert isinstance(line.parsed, LogQuery)
    assert line.labels["level"] == "2"
    assert line.labels["severity"] == "page"
    assert (line.key, second.key) == ("good.yml;g;Line", "good.yml;g;Line#2")
    assert prompt.instant
    assert not prompt.per_line
    assert (recorded.kind, recorded.name) == ("record", "app:errors:rate5m")
    (test,) = loaded.tests
    assert (test.rule, test.at_ns, test.fires[0].value) == ("Line", 60 * SECOND, 3.0)
    assert (test.lines[0].repeat, test.lines[0].every_ns) == (3, SECOND // 2)


@pytest.mark.parametrize("path", sorted((HERE / "bad").glob("*.yml")), ids=lambda path: path.stem)
def test_a_bad_file_names_every_mistake_with_its_place(path: Path) -> None:
    text = path.read_text()
    expected = re.findall(r"^# expect (.*)$", text, re.MULTILINE)
    found = [str(mistake).removeprefix("f.yml:") for mistake in load_text(text, "f.yml", parse).mistakes]
    missing = [want for want in expected if not any(have.startswith(want) for have in found)]
    unexpected = [have for have in found if not any(have.startswith(want) for want in expected)]
    assert not missing, (missing, found)
    assert not unexpected, unexpected


def test_checked_raises_all_mistakes_at_once() -> None:
    with pytest.raises(RuleFileError) as caught:
        load_text("groups: 5\ntest: []\n", "f.yml", parse).checked()
    assert str(caught.value).splitlines() == [
        "f.yml:1:9: groups must be a list",
        "f.yml:2:1: unknown key 'test' in a rule file; did you mean 'tests'?",
    ]


def test_patterns_name_files_globs_and_the_shipped_rules(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(GOOD)
    (tmp_path / "b.yml").write_text("groups: []\n")
    loaded = load_rules(["builtin", str(tmp_path / "*.yml"), str(tmp_path / "a.yml")], parse).checked()
    assert [group.name for group in loaded.groups] == [
        "destruction",
        "the log itself",
        "thresholds",
        "backups",
        "g",
        "h",
    ]
    absent = load_rules([str(tmp_path / "c*.yml"), str(tmp_path / "d.yml")], parse)
    assert len(absent.mistakes) == 2
    assert "no rule file matches" in str(absent.mistakes[0])


def test_a_good_rule_beside_a_bad_one_is_still_read() -> None:
    text = "groups: [{name: g, rules: [{alert: A, expr: '{a=\"b\"}'}, {alert: B}]}]"
    loaded = load_text(text, "f.yml", parse)
    assert [rule.name for group in loaded.groups for rule in group.rules] == ["A"]
    assert len(loaded.mistakes) == 1
