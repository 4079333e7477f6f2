"""From the results of a rule's query to what changed: samples with their labels and annotations, then a Turn. Pure.

Metric rules: one sample per label set of the vector. Per-line rules: one alert per set of identity labels, and every
label and all metadata of the line are there for the templates. evaluator.py asks the questions and calls these.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from whodid.errors import WhodidError
from whodid.model.clock import MILLISECOND, SECOND, format_rfc3339
from whodid.model.labels import format_labels
from whodid.model.result import Row, Vector
from whodid.rules.journal import Notice, Turn
from whodid.rules.rule import Rule
from whodid.rules.state import Sample, Tracked, advance, as_alert, fingerprint, hit, quieten
from whodid.rules.template import TemplateData, expand

IDENTITY = ("job", "host", "user", "client", "db", "operation", "table", "task")
"""What of a line becomes labels of an instant alert: who, what, from where, on what. Lines equal in these share one
alert. The rest (statement, session, app, person, timestamp, line …) is for annotations only."""
QUIET_NS = 300 * SECOND
"""An instant alert resolves when this long no further line came; `keep_firing_for` overrides it."""


class JudgementError(WhodidError):
    """A rule's result cannot be made into alerts; the text says why."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What templates may say about the server."""

    external_url: str = ""
    external_labels: Mapping[str, str] = field(default_factory=dict)


def vector_samples(rule: Rule, vector: Vector, around: Surroundings) -> dict[str, Sample]:
    """The samples of a metric rule by fingerprint. Raises JudgementError if two would be the same alert."""
    out: dict[str, Sample] = {}
    for labels, value in vector.samples:
        own = {name: text for name, text in labels.items() if name != "__name__"}
        data = TemplateData(own, value, around.external_labels, around.external_url)
        final = final_labels(rule, own, data)
        key = fingerprint(final)
        if key in out:
            raise JudgementError(f"two series have the same labels {format_labels(final)} after the rule's labels")
        out[key] = Sample(final, _annotations(rule, data), value)
    return out


def final_labels(rule: Rule, labels: Mapping[str, str], data: TemplateData) -> dict[str, str]:
    """The series' labels, the rule's over them, alertname over all; empty ones are no labels."""
    own = {name: expand(text, data) for name, text in rule.labels.items()}
    name = {"alertname": rule.name} if rule.kind == "alert" else {}
    return {label: text for label, text in {**labels, **own, **name}.items() if text}


def metric_turn(
    rule: Rule, before: Mapping[str, Tracked], samples: Mapping[str, Sample], now_ns: int
) -> tuple[Turn, dict[str, Tracked]]:
    """One evaluation of a metric rule: what changed, and the alerts from now on."""
    entered: list[Tracked] = []
    dropped: list[str] = []
    for key in {**before, **samples}:
        after = advance(before.get(key), samples.get(key), now_ns, rule.for_ns, rule.keep_firing_for_ns)
        if after is None:
            dropped.append(key)
        else:
            entered.append(after)
    changed = [after for after in entered if _state(before.get(after.fingerprint)) != after.state]
    return _turn(rule.key, now_ns, entered, dropped, changed), _standing(entered)


def line_turn(
    rule: Rule, before: Mapping[str, Tracked], rows: Sequence[Row], now_ns: int, around: Surroundings, limit: int
) -> tuple[Turn, dict[str, Tracked]]:
    """Newly committed lines of a per-line rule: every line is a new deed, so each commit with lines is told."""
    grouped: dict[str, tuple[dict[str, str], list[Row]]] = {}
    for row in rows:
        seen = line_labels(row)
        data = TemplateData(seen, 1.0, around.external_labels, around.external_url)
        final = final_labels(rule, {name: seen[name] for name in IDENTITY if name in seen}, data)
        grouped.setdefault(fingerprint(final), (final, []))[1].append(row)
    if limit and len({**before, **grouped}) > limit:
        raise JudgementError(f"exceeded limit of {limit} with {len({**before, **grouped})} alerts")
    entered: list[Tracked] = []
    for key, (final, members) in grouped.items():
        last = max(members, key=lambda row: row.ns)
        earlier = before.get(key)
        count = (earlier.value if earlier is not None else 0.0) + len(members)
        data = TemplateData(line_labels(last), count, around.external_labels, around.external_url)
        sample = Sample(final, _annotations(rule, data), count)
        entered.append(hit(earlier, sample, min(row.ns for row in members), now_ns))
    return _turn(rule.key, now_ns, entered, [], entered), {**before, **_standing(entered)}


def line_labels(row: Row) -> dict[str, str]:
    """All that templates may say of a line. What the stream and the agent state wins over what the text claims."""
    return {
        **row.parsed,
        **row.metadata,
        **row.labels,
        "line": row.line,
        # For people: what is below a millisecond is only there to tell lines of one instant apart.
        "timestamp": format_rfc3339(row.ns // MILLISECOND * MILLISECOND),
    }


def quiet_turn(rule: Rule, before: Mapping[str, Tracked], now_ns: int) -> tuple[Turn, dict[str, Tracked]] | None:
    """The alerts of a per-line rule that have been quiet long enough; None if there are none."""
    quiet_ns = rule.keep_firing_for_ns or QUIET_NS
    after = [quieten(tracked, now_ns, quiet_ns) for tracked in before.values()]
    resolved = [tracked for tracked in after if tracked.state == "resolved"]
    return (_turn(rule.key, now_ns, resolved, [], resolved), _standing(after)) if resolved else None


def retired_turn(rule: str, before: Mapping[str, Tracked], now_ns: int) -> Turn:
    """The alerts of a rule that no longer exists end."""
    ended = [after for tracked in before.values() if (after := advance(tracked, None, now_ns)) is not None]
    return _turn(rule, now_ns, ended, [key for key, tracked in before.items() if tracked.state != "firing"], ended)


def _turn(rule: str, now_ns: int, entered: Iterable[Tracked], dropped: list[str], changed: list[Tracked]) -> Turn:
    told = [as_alert(tracked) for tracked in changed if tracked.state in ("firing", "resolved")]
    notice = Notice(uuid.uuid4().hex, tuple(told)) if told else None
    return Turn(rule, now_ns, tuple(entered), tuple(dropped), tuple(changed), notice)


def _standing(entered: Iterable[Tracked]) -> dict[str, Tracked]:
    return {tracked.fingerprint: tracked for tracked in entered if tracked.state != "resolved"}


def _state(tracked: Tracked | None) -> str:
    return tracked.state if tracked is not None else "inactive"


def _annotations(rule: Rule, data: TemplateData) -> dict[str, str]:
    return {name: expand(text, data) for name, text in rule.annotations.items()}
