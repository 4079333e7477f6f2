"""Judging rules: asks the injected query functions, applies the pure judgements, records each turn, hands notices over.

When a rule is judged is scheduler.py's business; what a result means is judgement.py's. Durability: a turn is in the
journal before its notice leaves, and a notice stays in the journal until the outbox has it. A failing rule never keeps
another from being judged, and never loses its place: it goes on from the last line it has judged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from whodid.logql.ast import LogQuery
from whodid.model.alert import Alert
from whodid.model.clock import SECOND, Clock
from whodid.model.result import Row, Scalar, Vector
from whodid.rules.journal import Journal, JournalError, Notice, Turn
from whodid.rules.judgement import (
    JudgementError,
    Surroundings,
    line_turn,
    metric_turn,
    quiet_turn,
    retired_turn,
    vector_samples,
)
from whodid.rules.rule import Rule, RuleGroup
from whodid.rules.state import Tracked, as_alert

Query = Callable[[str, int], Awaitable[Vector | Scalar]]
"""A metric expression, as text, at an instant in ns."""
Committed = Callable[[Sequence[LogQuery], int, int], Awaitable[list[list[Row]]]]
"""What each log query makes of the lines committed as first_seq..last_seq (both included), in one scan."""
Notify = Callable[[str, Sequence[Alert]], Awaitable[None]]
"""Takes a notice (id, alerts); returns when it is held durably. Knows an id it has had before."""
Record = Callable[[str, Vector], Awaitable[None]]
"""Stores the samples of a recording rule under its name."""

MAX_SCAN = 50_000
"""Sequence numbers judged in one scan: bounds memory after an outage."""
SAVE_EVERY_NS = 5 * SECOND
"""How often the place is saved while nothing is hit; judging such lines again after a crash changes nothing."""
OUTAGE_NS = 3600 * SECOND
"""After a longer outage a pending alert starts anew: nobody knows that the condition held all the time."""
_log = logging.getLogger("whodid.rules")


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """How the last judgement of a rule went."""

    health: Literal["ok", "err", "unknown"] = "unknown"
    last_error: str = ""
    last_evaluation_ns: int = 0
    evaluation_s: float = 0.0


class Evaluator:
    """The rules, their alerts and their health. One per process; all state that matters is in the journal."""

    def __init__(
        self,
        groups: Sequence[RuleGroup],
        *,
        query: Query,
        committed: Committed,
        notify: Notify,
        journal: Journal,
        clock: Clock,
        around: Surroundings | None = None,
        record: Record | None = None,
    ) -> None:
        self.groups = tuple(groups)
        self._query = query
        self._committed = committed
        self._notify = notify
        self._journal = journal
        self._clock = clock
        self._around = around or Surroundings()
        self._record = record
        self.active: dict[str, dict[str, Tracked]] = {}
        """Pending and firing alerts by rule key and fingerprint."""
        self.health: dict[str, RuleHealth] = {}
        self._per_line = {
            rule.key: (rule, group.limit)
            for group in groups
            for rule in group.rules
            if rule.kind == "alert" and rule.per_line
        }
        self._judged: dict[str, int] = {}
        self._saved_at_ns = 0
        self._waiting: list[Notice] = []
        self._changing = asyncio.Lock()
        self._handing = asyncio.Lock()

    async def start(self, committed_seq: int) -> None:
        """Takes up where the journal ends. `committed_seq`: the store's last sequence number before new lines come in;
        a rule that has never judged begins after it."""
        restored = await self._journal.restore()
        now_ns = self._clock.now_ns()
        self._waiting = list(restored.notices)
        for key in self._per_line:
            seq = restored.judged.get(key, committed_seq)
            if seq > committed_seq:
                _log.warning(
                    "the store ends at %d, but rule %s had judged %d: the store was replaced", committed_seq, key, seq
                )
            self._judged[key] = min(seq, committed_seq)
        known = {rule.key for group in self.groups for rule in group.rules}
        turns: list[Turn] = []
        for key, alerts in restored.active.items():
            if key not in known:
                turns.append(retired_turn(key, alerts, now_ns))
                continue
            stale = [f for f, t in alerts.items() if t.state == "pending" and now_ns - t.last_true_ns > OUTAGE_NS]
            turns.append(Turn(key, now_ns, dropped=tuple(stale)))
            self.active[key] = {f: tracked for f, tracked in alerts.items() if f not in stale}
        await self._journal.forget_rules(set(restored.judged) - set(self._per_line))
        await self._keep(turns)
        await self.save_places()
        await self.hand_over()

    @property
    def judged_seq(self) -> int | None:
        """The furthest sequence number that a per-line rule has judged; None without such rules."""
        return max(self._judged.values(), default=None)

    def alerts(self) -> list[Alert]:
        """All pending and firing alerts."""
        return [as_alert(tracked) for alerts in self.active.values() for tracked in alerts.values()]

    async def evaluate(self, group: RuleGroup, rule: Rule, at_ns: int) -> None:
        """Judges a metric rule at an instant. A query that fails leaves its alerts as they were."""
        began_s = self._clock.monotonic_s()
        try:
            value = await self._query(rule.expr, at_ns - group.query_offset_ns)
            # A bare number is one sample without labels, as in Prometheus.
            vector = value if isinstance(value, Vector) else Vector(value.ns, [({}, value.value)])
            if rule.kind == "record":
                await self._write_series(rule, vector)
            else:
                await self._judge_vector(group, rule, vector, at_ns)
        except Exception as error:  # whatever a rule's query does, the other rules go on
            self._failed(rule, error, began_s)
        else:
            self._succeeded(rule, began_s)
        await self.hand_over()

    async def judge_lines(self, last_seq: int) -> bool:
        """Judges the lines committed up to `last_seq`, and those that a rule could not be judged on before. False: some
        rule failed and is behind; call again later."""
        failed: set[str] = set()
        while True:
            behind = {key: seq for key, seq in self._judged.items() if seq < last_seq and key not in failed}
            if not behind:
                break
            first = min(behind.values())
            keys = [key for key, seq in behind.items() if seq == first]
            failed |= await self._judge_range(keys, first + 1, min(last_seq, first + MAX_SCAN))
        if self._clock.now_ns() - self._saved_at_ns >= SAVE_EVERY_NS:
            await self.save_places()
        return not failed

    async def quieten(self) -> None:
        """Resolves instant alerts that have had no line for a while, and hands over what could not be before."""
        now_ns = self._clock.now_ns()
        async with self._changing:
            turns: list[Turn] = []
            after: dict[str, dict[str, Tracked]] = {}
            for key, (rule, _) in self._per_line.items():
                outcome = quiet_turn(rule, self.active.get(key, {}), now_ns)
                if outcome is not None:
                    turns.append(outcome[0])
                    after[key] = outcome[1]
            await self._keep(turns)
            self.active.update(after)
        await self.hand_over()

    async def save_places(self) -> None:
        """Writes how far each per-line rule has judged."""
        self._saved_at_ns = self._clock.now_ns()
        await self._journal.record([Turn(key, self._saved_at_ns, judged_seq=seq) for key, seq in self._judged.items()])

    async def hand_over(self) -> None:
        """Gives waiting notices to the outbox, in order; one that it cannot take now stays and is tried again."""
        async with self._handing:
            while self._waiting:
                notice = self._waiting[0]
                try:
                    await self._notify(notice.id, notice.alerts)
                except Exception:
                    _log.exception("a notice could not be put into the outbox; it is kept and tried again")
                    return
                self._waiting.pop(0)
                try:
                    await self._journal.handed_over(notice.id)
                except JournalError as error:
                    _log.warning("%s (the notice is with the outbox, which will know it again)", error)

    async def _judge_range(self, keys: Sequence[str], first: int, last: int) -> set[str]:
        """Judges one range for rules that stand at the same place; the keys of those that failed."""
        began_s = self._clock.monotonic_s()
        try:
            queries = [cast(LogQuery, self._per_line[key][0].parsed) for key in keys]
            found = await self._committed(queries, first, last)
        except Exception as error:
            if len(keys) == 1:
                self._failed(self._per_line[keys[0]][0], error, began_s)
                return set(keys)
            # One of them spoils the shared scan: each alone, so that only that one falls behind.
            return set().union(*[await self._judge_range([key], first, last) for key in keys])
        try:
            async with self._changing:
                await self._apply_lines(dict(zip(keys, found, strict=True)), last, began_s)
        except JournalError as error:
            # Nothing was changed: the same lines are judged again when the journal can be written.
            for key in keys:
                self._failed(self._per_line[key][0], error, began_s)
            return set(keys)
        await self.hand_over()
        return set()

    async def _apply_lines(self, found: dict[str, list[Row]], last: int, began_s: float) -> None:
        now_ns = self._clock.now_ns()
        turns: list[Turn] = []
        after: dict[str, dict[str, Tracked]] = {}
        for key, rows in found.items():
            rule, limit = self._per_line[key]
            self._succeeded(rule, began_s)
            if not rows:
                continue
            try:
                turn, after[key] = line_turn(rule, self.active.get(key, {}), rows, now_ns, self._around, limit)
                turns.append(replace(turn, judged_seq=last))
            except JudgementError as error:
                self._failed(rule, error, began_s)
        await self._keep(turns)
        self.active.update(after)
        self._judged.update(dict.fromkeys(found, last))

    async def _judge_vector(self, group: RuleGroup, rule: Rule, vector: Vector, at_ns: int) -> None:
        samples = vector_samples(rule, vector, self._around)
        async with self._changing:
            before = self.active.get(rule.key, {})
            if group.limit and len(samples) > group.limit:
                # As Prometheus: over the limit nothing of the rule stays active.
                await self._keep([Turn(rule.key, at_ns, dropped=tuple(before))])
                self.active[rule.key] = {}
                raise JudgementError(f"exceeded limit of {group.limit} with {len(samples)} alerts")
            turn, after = metric_turn(rule, before, samples, at_ns)
            await self._keep([turn])
            self.active[rule.key] = after

    async def _write_series(self, rule: Rule, vector: Vector) -> None:
        if self._record is None:
            raise JudgementError("recording rules need a store for series, and none is configured")
        samples = vector_samples(rule, vector, self._around).values()
        await self._record(rule.name, Vector(vector.ns, [(sample.labels, sample.value) for sample in samples]))

    async def _keep(self, turns: Iterable[Turn]) -> None:
        turns = [turn for turn in turns if turn.entered or turn.dropped or turn.notice]
        await self._journal.record(turns)
        self._waiting += [turn.notice for turn in turns if turn.notice is not None]

    def _succeeded(self, rule: Rule, began_s: float) -> None:
        self.health[rule.key] = RuleHealth("ok", "", self._clock.now_ns(), self._clock.monotonic_s() - began_s)

    def _failed(self, rule: Rule, error: Exception, began_s: float) -> None:
        text = str(error) or type(error).__name__
        if self.health.get(rule.key, RuleHealth()).last_error != text:
            _log.warning("rule %s (%s:%d) failed: %s", rule.name, rule.file, rule.line, text)
        self.health[rule.key] = RuleHealth("err", text, self._clock.now_ns(), self._clock.monotonic_s() - began_s)
