"""Rules and alerts as Prometheus' API prints them: `/prometheus/api/v1/alerts` and `/prometheus/api/v1/rules`. Pure.

The shapes are those Grafana's and Loki's clients read (Loki's ruler API). api/ serves them; nothing here knows HTTP.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

from whodid.model.alert import Alert
from whodid.model.clock import SECOND, format_duration, format_rfc3339
from whodid.model.go_text import show_exponent
from whodid.rules.evaluator import RuleHealth
from whodid.rules.rule import Rule, RuleGroup
from whodid.rules.state import Tracked, as_alert

Active = Mapping[str, Mapping[str, Tracked]]
_NEVER = "0001-01-01T00:00:00Z"
_ORDER = {"inactive": 0, "pending": 1, "firing": 2}


def alerts_json(alerts: Iterable[Alert]) -> dict[str, Any]:
    """All pending and firing alerts."""
    return {"status": "success", "data": {"alerts": [alert_json(alert) for alert in alerts]}}


def alert_json(alert: Alert) -> dict[str, Any]:
    return {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": alert.state,
        "activeAt": format_rfc3339(alert.starts_at_ns),
        "value": show_exponent(alert.value),
    }


def rules_json(
    groups: Sequence[RuleGroup],
    active: Active,
    health: Mapping[str, RuleHealth],
    *,
    kind: Literal["alert", "record"] | None = None,
    files: Collection[str] = (),
    group_names: Collection[str] = (),
    rule_names: Collection[str] = (),
) -> dict[str, Any]:
    """All groups with their rules; the filters are the parameters `type`, `file[]`, `rule_group[]` and `rule_name[]`.
    With a filter on rules, groups that are left empty are left out."""
    out = []
    for group in groups:
        if (files and group.file not in files) or (group_names and group.name not in group_names):
            continue
        rules = [
            rule
            for rule in group.rules
            if (kind is None or rule.kind == kind) and (not rule_names or rule.name in rule_names)
        ]
        if rules or not (kind or rule_names):
            out.append(_group_json(group, rules, active, health))
    return {"status": "success", "data": {"groups": out}}


def rule_files(groups: Sequence[RuleGroup]) -> dict[str, list[dict[str, Any]]]:
    """The groups of each file with their rules, in the words of a rule file."""
    out: dict[str, list[dict[str, Any]]] = {}
    for group in groups:
        body: dict[str, Any] = {"name": group.name, "interval": format_duration(group.interval_ns)}
        body |= {"limit": group.limit} if group.limit else {}
        out.setdefault(group.file, []).append({**body, "rules": [_written(rule) for rule in group.rules]})
    return out


def _written(rule: Rule) -> dict[str, Any]:
    spans = {"for": rule.for_ns, "keep_firing_for": rule.keep_firing_for_ns}
    texts = {"labels": dict(rule.labels), "annotations": dict(rule.annotations)}
    return {
        rule.kind: rule.name,
        "expr": rule.expr,
        **{name: format_duration(span) for name, span in spans.items() if span},
        **{name: values for name, values in texts.items() if values},
    }


def _group_json(
    group: RuleGroup, rules: Sequence[Rule], active: Active, health: Mapping[str, RuleHealth]
) -> dict[str, Any]:
    known = [health.get(rule.key, RuleHealth()) for rule in group.rules]
    return {
        "name": group.name,
        "file": group.file,
        "rules": [_rule_json(rule, active.get(rule.key, {}), health.get(rule.key, RuleHealth())) for rule in rules],
        "interval": _seconds(group.interval_ns),
        "limit": group.limit,
        "lastEvaluation": _instant(max((state.last_evaluation_ns for state in known), default=0)),
        "evaluationTime": sum(state.evaluation_s for state in known),
    }


def _rule_json(rule: Rule, alerts: Mapping[str, Tracked], health: RuleHealth) -> dict[str, Any]:
    shared = {
        "name": rule.name,
        "query": rule.expr,
        "labels": dict(rule.labels),
        "health": health.health,
        "lastError": health.last_error,
        "lastEvaluation": _instant(health.last_evaluation_ns),
        "evaluationTime": health.evaluation_s,
    }
    if rule.kind == "record":
        return {**shared, "type": "recording"}
    return {
        "state": max((tracked.state for tracked in alerts.values()), key=_ORDER.__getitem__, default="inactive"),
        **shared,
        "duration": _seconds(rule.for_ns),
        "keepFiringFor": _seconds(rule.keep_firing_for_ns),
        "annotations": dict(rule.annotations),
        "alerts": [alert_json(as_alert(tracked)) for tracked in alerts.values()],
        "type": "alerting",
    }


def _seconds(duration_ns: int) -> int | float:
    return duration_ns // SECOND if duration_ns % SECOND == 0 else duration_ns / SECOND


def _instant(ns: int) -> str:
    return format_rfc3339(ns) if ns else _NEVER
