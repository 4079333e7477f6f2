"""Running the tests that rule files carry: their lines go into a throw-away store, their rules are judged for real.

The evaluator is the one the server uses; only the store is injected. Used by `whodid rules test` and by the tests of
the shipped rules.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from whodid.logql.ast import LogQuery
from whodid.model.alert import Alert
from whodid.model.clock import SECOND
from whodid.model.entry import Entry, Stream
from whodid.model.go_text import show_float
from whodid.model.labels import format_labels
from whodid.model.result import Row, Scalar, Vector
from whodid.rules.evaluator import Evaluator
from whodid.rules.journal import Journal
from whodid.rules.rule import Expectation, Rule, RuleGroup, RuleTest

START_NS = 1_767_225_600 * SECOND
"""Where a test's time begins unless the caller says otherwise: 2026-01-01T00:00:00Z."""


class Store(Protocol):
    """A store that holds exactly the lines of one test, numbered 1 to n in the order of time."""

    async def query(self, expr: str, at_ns: int) -> Vector | Scalar: ...
    async def committed(self, queries: Sequence[LogQuery], first_seq: int, last_seq: int) -> list[list[Row]]: ...


OpenStore = Callable[[Sequence[Stream]], AbstractAsyncContextManager[Store]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test went; no faults means it passed."""

    test: RuleTest
    faults: tuple[str, ...]


async def run_tests(
    groups: Sequence[RuleGroup], tests: Iterable[RuleTest], open_store: OpenStore, start_ns: int = START_NS
) -> list[Outcome]:
    """Runs tests one after the other."""
    return [Outcome(test, tuple(await run_test(groups, test, open_store, start_ns))) for test in tests]


async def run_test(
    groups: Sequence[RuleGroup], test: RuleTest, open_store: OpenStore, start_ns: int = START_NS
) -> list[str]:
    """What is wrong; empty if the test passed."""
    streams = _streams(test, start_ns)
    lines = sum(len(stream.entries) for stream in streams)
    last_ns = max((entry.ns for stream in streams for entry in stream.entries), default=start_ns)
    until_ns = start_ns + test.at_ns if test.at_ns is not None else last_ns
    async with open_store(streams) as store:
        fired = await _judge(groups, test, store, start_ns, until_ns, lines)
    return _compare(test.fires, fired)


async def _judge(
    groups: Sequence[RuleGroup], test: RuleTest, store: Store, start_ns: int, until_ns: int, lines: int
) -> list[Alert]:
    picked = [
        (group, rule)
        for group in groups
        for rule in group.rules
        if group.file == test.file and rule.kind == "alert" and rule.name == test.rule
    ]
    clock = _TestClock(start_ns)
    journal = Journal(":memory:")
    evaluator = Evaluator(
        [_only(group, rule) for group, rule in picked],
        query=store.query,
        committed=store.committed,
        notify=_nobody,
        journal=journal,
        clock=clock,
    )
    try:
        await evaluator.start(0)
        clock.ns = until_ns
        await evaluator.judge_lines(lines)
        for group, rule in picked:
            if not rule.per_line:
                for at_ns in _instants(group, rule, start_ns, until_ns):
                    await evaluator.evaluate(group, rule, at_ns)
    finally:
        await journal.close()
    broken = [state.last_error for state in evaluator.health.values() if state.health == "err"]
    if broken:
        return [_failure(text) for text in broken]
    return [alert for alert in evaluator.alerts() if alert.state == "firing"]


def _instants(group: RuleGroup, rule: Rule, start_ns: int, until_ns: int) -> list[int]:
    """The instants of a metric rule: only the last one where nothing depends on those before."""
    if not rule.for_ns and not rule.keep_firing_for_ns:
        return [until_ns]
    return [*range(start_ns, until_ns, group.interval_ns), until_ns]


def _only(group: RuleGroup, rule: Rule) -> RuleGroup:
    return RuleGroup(group.name, group.file, group.interval_ns, group.query_offset_ns, group.limit, (rule,))


def _failure(text: str) -> Alert:
    return Alert({"alertname": f"the rule failed: {text}"}, {}, "firing", 0, 0, 0.0, "")


def _streams(test: RuleTest, start_ns: int) -> list[Stream]:
    streams: dict[str, Stream] = {}
    for sample in test.lines:
        stream = streams.setdefault(format_labels(sample.labels), Stream(dict(sample.labels)))
        first_ns = start_ns + sample.offset_ns
        stream.entries.extend(
            Entry(first_ns + n * sample.every_ns, sample.line, dict(sample.metadata)) for n in range(sample.repeat)
        )
    for stream in streams.values():
        stream.entries.sort(key=lambda entry: entry.ns)
    return list(streams.values())


def _compare(expected: Sequence[Expectation], fired: Sequence[Alert]) -> list[str]:
    left = list(fired)
    faults: list[str] = []
    for wanted in expected:
        match = next((alert for alert in left if _agrees(wanted, alert)), None)
        if match is None:
            faults.append(f"did not fire: {_describe(wanted.labels, wanted.annotations, wanted.value)}")
        else:
            left.remove(match)
    return faults + [f"fired: {_describe(alert.labels, alert.annotations, alert.value)}" for alert in left]


def _agrees(wanted: Expectation, alert: Alert) -> bool:
    return (
        all(alert.labels.get(name, "") == text for name, text in wanted.labels.items())
        and all(alert.annotations.get(name, "") == text for name, text in wanted.annotations.items())
        and (wanted.value is None or wanted.value == alert.value)
    )


def _describe(labels: object, annotations: object, value: float | None) -> str:
    parts = [format_labels(part) for part in (labels, annotations) if isinstance(part, dict) and part]
    return " ".join([*parts, *([] if value is None else [f"value {show_float(value)}"])]) or "an alert"


async def _nobody(notice_id: str, alerts: Sequence[Alert]) -> None:
    """A test tells nobody."""


class _TestClock:
    """Stands still; the test moves it."""

    def __init__(self, ns: int) -> None:
        self.ns = ns

    def now_ns(self) -> int:
        return self.ns

    def monotonic_s(self) -> float:
        return self.ns / SECOND

    async def sleep(self, seconds: float) -> None:
        self.ns += int(seconds * SECOND)
