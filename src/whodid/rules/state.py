"""The life of an alert: inactive → pending → firing → resolved. Pure: states in, states out, no clock and no I/O.

`advance` is one evaluation of a metric rule (Prometheus' `for` and `keep_firing_for`); `hit` and `quieten` are the life
of an instant alert, which fires at each line and resolves after a time without one. evaluator.py calls these.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from whodid.model.alert import Alert, AlertState


@dataclass(frozen=True, slots=True)
class Tracked:
    """An alert that a rule watches. Instants are in ns; 0 means not yet."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: AlertState
    value: float
    fingerprint: str
    active_at_ns: int
    """Since when the condition holds (the instant of the first line, for an instant alert)."""
    last_true_ns: int
    """When it was last seen to hold."""
    cleared_at_ns: int = 0
    """The first evaluation at which it no longer held; `keep_firing_for` counts from here, as in Prometheus."""
    resolved_at_ns: int = 0


class Sample(NamedTuple):
    """What one evaluation says about one label set: the condition holds, with this value."""

    labels: dict[str, str]
    annotations: dict[str, str]
    value: float


def fingerprint(labels: Mapping[str, str]) -> str:
    """16 hex digits that stand for a label set, the same on every machine and after every restart."""
    digest = hashlib.sha256()
    for name in sorted(labels):
        for part in (name, labels[name]):
            # Lengths, because values come from attackers: no value can pretend to be another pair.
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()[:16]


def advance(
    before: Tracked | None, sample: Sample | None, now_ns: int, for_ns: int = 0, keep_firing_for_ns: int = 0
) -> Tracked | None:
    """The alert after an evaluation at `now_ns`; None is inactive. A resolved alert is returned once and not kept."""
    if sample is None:
        if before is None or before.state != "firing":
            return None
        cleared_at_ns = before.cleared_at_ns or now_ns
        if now_ns - cleared_at_ns < keep_firing_for_ns:
            return replace(before, cleared_at_ns=cleared_at_ns)
        return replace(before, state="resolved", resolved_at_ns=now_ns)
    since_ns = before.active_at_ns if before is not None else now_ns
    firing = (before is not None and before.state == "firing") or now_ns - since_ns >= for_ns
    return Tracked(
        labels=sample.labels,
        annotations=sample.annotations,
        state="firing" if firing else "pending",
        value=sample.value,
        fingerprint=fingerprint(sample.labels),
        active_at_ns=since_ns,
        last_true_ns=now_ns,
    )


def hit(before: Tracked | None, sample: Sample, line_ns: int, now_ns: int) -> Tracked:
    """An instant alert after further lines: it fires, its value counts the lines since it began."""
    return Tracked(
        labels=sample.labels,
        annotations=sample.annotations,
        state="firing",
        value=sample.value,
        fingerprint=fingerprint(sample.labels),
        active_at_ns=before.active_at_ns if before is not None else line_ns,
        last_true_ns=now_ns,
    )


def quieten(before: Tracked, now_ns: int, quiet_ns: int) -> Tracked:
    """An instant alert as time passes: resolved when no line has come for `quiet_ns`."""
    if before.state != "firing" or now_ns - before.last_true_ns < quiet_ns:
        return before
    return replace(before, state="resolved", resolved_at_ns=now_ns)


def as_alert(tracked: Tracked) -> Alert:
    """The noun that receivers and the API speak of."""
    return Alert(
        labels=dict(tracked.labels),
        annotations=dict(tracked.annotations),
        state=tracked.state,
        starts_at_ns=tracked.active_at_ns,
        ends_at_ns=tracked.resolved_at_ns,
        value=tracked.value,
        fingerprint=tracked.fingerprint,
    )
