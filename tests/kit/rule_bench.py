"""An evaluator on a journal, a store in memory and a clock that stands still; what it tells is kept in a list."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from kit.rule_store import RuleStore
from kit.stepped_clock import SteppedClock
from whodid.logql import parse
from whodid.model.alert import Alert
from whodid.rules.evaluator import Evaluator
from whodid.rules.journal import Journal
from whodid.rules.load import load_text
from whodid.rules.rule import Rule, RuleGroup


class Bench:
    """What an evaluator needs and what it did."""

    def __init__(self, text: str, path: Path | str, store: RuleStore, clock: SteppedClock) -> None:
        self.groups = load_text(text, "rules.yml", parse).checked().groups
        self.store = store
        self.clock = clock
        self.journal = Journal(path)
        self.told: list[tuple[str, Sequence[Alert]]] = []
        self.refuses: Exception | None = None
        self.evaluator = Evaluator(
            self.groups,
            query=store.query,
            committed=store.committed,
            notify=self._notify,
            journal=self.journal,
            clock=clock,
        )

    async def _notify(self, notice_id: str, alerts: Sequence[Alert]) -> None:
        if self.refuses:
            raise self.refuses
        self.told.append((notice_id, alerts))

    def rule(self, name: str) -> tuple[RuleGroup, Rule]:
        return next((group, rule) for group in self.groups for rule in group.rules if rule.name == name)

    async def evaluate(self, name: str) -> None:
        await self.evaluator.evaluate(*self.rule(name), self.clock.ns)

    def words(self) -> list[tuple[str, str, float]]:
        """What was told: name, state, value of each alert."""
        return [(a.labels["alertname"], a.state, a.value) for _, alerts in self.told for a in alerts]


@asynccontextmanager
async def bench(
    text: str,
    path: Path | str = ":memory:",
    store: RuleStore | None = None,
    clock: SteppedClock | None = None,
    seq: int = 0,
) -> AsyncIterator[Bench]:
    it = Bench(text, path, store or RuleStore(), clock or SteppedClock())
    await it.evaluator.start(seq)
    try:
        yield it
    finally:
        await it.journal.close()
