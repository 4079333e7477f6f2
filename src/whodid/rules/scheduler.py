"""When rules are judged: per-line rules at every commit, groups on their interval, and quiet alerts once a second.

The commit is the wake-up: `wait_commit(seq)` returns as soon as the store has a sequence number beyond `seq`, so an
alert leaves within milliseconds of the line's being durable. The server runs one Scheduler beside ingest.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from whodid.model.clock import SECOND, Clock
from whodid.rules.evaluator import Evaluator
from whodid.rules.journal import JournalError
from whodid.rules.rule import Rule, RuleGroup

WaitCommit = Callable[[int], Awaitable[int]]
"""Waits until the last committed sequence number is greater than the one given, and returns it."""
RETRY_S = (0.2, 1.0, 5.0, 15.0)
"""Pauses before a rule that failed tries its lines again."""
METRIC_PAUSE_S = 1.0
"""Metric rules with `instant: true` run after commits, but not more often than this."""
LOAD_LINES = 2_000
LOAD_PAUSE_S = 0.2
"""Under a load commits follow each other at once: one scan of several is cheaper, and alerts are still in time."""
HISTORY_KEPT_NS = 90 * 86_400 * SECOND
_log = logging.getLogger("whodid.rules")


def next_slot_ns(group: RuleGroup, after_ns: int) -> int:
    """The group's next instant. Slots are multiples of the interval, shifted by the group's name, so that many groups
    do not all run at the full minute and a restart keeps the rhythm."""
    digest = hashlib.sha256(f"{group.file};{group.name}".encode()).digest()
    shift_ns = int.from_bytes(digest[:8], "big") % group.interval_ns
    return after_ns - (after_ns - shift_ns) % group.interval_ns + group.interval_ns


class Scheduler:
    """Runs an evaluator's rules until told to stop."""

    def __init__(
        self, evaluator: Evaluator, wait_commit: WaitCommit, clock: Clock, prune: Callable[[int], Awaitable[int]]
    ) -> None:
        """`prune` deletes history before an instant (Journal.prune_history)."""
        self._evaluator = evaluator
        self._wait_commit = wait_commit
        self._clock = clock
        self._prune = prune

    async def run(self, stop: asyncio.Event) -> None:
        """Judges until `stop` is set. Call Evaluator.start before. What is under way is cut off; the journal holds."""
        metric = [
            (group, [rule for rule in group.rules if not (rule.kind == "alert" and rule.per_line)])
            for group in self._evaluator.groups
        ]
        loops = [asyncio.create_task(self._group(group, rules)) for group, rules in metric if rules]
        prompt = [(group, rule) for group, rules in metric for rule in rules if rule.instant]
        if prompt:
            loops.append(asyncio.create_task(self._prompt(prompt)))
        if self._evaluator.judged_seq is not None:
            loops.append(asyncio.create_task(self._lines()))
        loops.append(asyncio.create_task(self._tick()))
        stopping = asyncio.create_task(stop.wait())
        try:
            # A loop ends only by a fault of ours (or a journal that cannot be written): the server must hear of it.
            await asyncio.wait([stopping, *loops], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, *loops):
                task.cancel()
            ended = await asyncio.gather(*loops, return_exceptions=True)
        await self._evaluator.save_places()
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    async def _lines(self) -> None:
        failures = 0
        while True:
            seq = self._evaluator.judged_seq
            assert seq is not None
            if failures:
                last = await self._commit_or_pause(seq, RETRY_S[min(failures, len(RETRY_S)) - 1])
            else:
                last = await self._wait_commit(seq)
            failures = 0 if await self._evaluator.judge_lines(last) else failures + 1
            if last - seq > LOAD_LINES:
                await self._clock.sleep(LOAD_PAUSE_S)

    async def _commit_or_pause(self, seq: int, pause_s: float) -> int:
        """The next commit, or the same sequence number again after a pause: a failed rule is tried again by then, and
        new lines do not have to wait for it."""
        commit = asyncio.ensure_future(self._wait_commit(seq))
        pause = asyncio.ensure_future(self._clock.sleep(pause_s))
        try:
            await asyncio.wait([commit, pause], return_when=asyncio.FIRST_COMPLETED)
            return commit.result() if commit.done() else seq
        finally:
            commit.cancel()
            pause.cancel()

    async def _group(self, group: RuleGroup, rules: Sequence[Rule]) -> None:
        at_ns = self._clock.now_ns()
        while True:
            for rule in rules:
                await self._evaluator.evaluate(group, rule, at_ns)
            at_ns = next_slot_ns(group, self._clock.now_ns())
            await self._clock.sleep((at_ns - self._clock.now_ns()) / SECOND)

    async def _prompt(self, rules: Sequence[tuple[RuleGroup, Rule]]) -> None:
        seq = -1
        while True:
            seq = await self._wait_commit(seq)
            for group, rule in rules:
                await self._evaluator.evaluate(group, rule, self._clock.now_ns())
            await self._clock.sleep(METRIC_PAUSE_S)

    async def _tick(self) -> None:
        pruned_ns = 0
        while True:
            now_ns = self._clock.now_ns()
            try:
                await self._evaluator.quieten()
                if now_ns - pruned_ns > 3600 * SECOND:
                    await self._prune(now_ns - HISTORY_KEPT_NS)
                    pruned_ns = now_ns
            except JournalError as error:
                _log.warning("%s", error)
            await self._clock.sleep(1.0)
