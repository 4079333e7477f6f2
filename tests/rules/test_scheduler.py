"""When rules run: at the commit, on their slots, and again after a failure without holding up anything."""

import asyncio
from collections.abc import Callable

from kit.rule_bench import Bench, bench
from whodid.model.clock import SECOND
from whodid.rules.rule import RuleGroup
from whodid.rules.scheduler import Scheduler, next_slot_ns

RULES = """
groups:
  - name: g
    interval: 15s
    rules:
      - {alert: Line, expr: '{job="x"} | operation="TRUNCATE"'}
      - {alert: Many, expr: 'sum(count_over_time({job="x"}[1m])) > 2'}
      - {alert: Prompt, expr: 'sum(count_over_time({job="x"}[1m])) > 0', instant: true}
"""


class Commits:
    """What the store says about its last sequence number."""

    def __init__(self) -> None:
        self.seq = 0
        self.condition = asyncio.Condition()

    async def wait(self, seq: int) -> int:
        async with self.condition:
            await self.condition.wait_for(lambda: self.seq > seq)
            return self.seq

    async def commit(self, seq: int) -> None:
        async with self.condition:
            self.seq = seq
            self.condition.notify_all()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)


def running(it: Bench, commits: Commits, stop: asyncio.Event) -> "asyncio.Task[None]":
    scheduler = Scheduler(it.evaluator, commits.wait, it.clock, it.journal.prune_history)
    return asyncio.create_task(scheduler.run(stop))


async def test_a_commit_wakes_the_rules_at_once_without_the_clock_moving() -> None:
    async with bench(RULES) as it:
        commits, stop = Commits(), asyncio.Event()
        task = running(it, commits, stop)
        await commits.commit(it.store.add(it.clock.ns, {"job": "x"}, {"operation": "TRUNCATE"}))
        await until(lambda: len(it.told) == 2)
        assert sorted(it.words()) == [("Line", "firing", 1.0), ("Prompt", "firing", 1.0)]
        stop.set()
        await task


async def test_groups_run_on_their_slots() -> None:
    async with bench(RULES) as it:
        commits, stop = Commits(), asyncio.Event()
        task = running(it, commits, stop)
        await until(lambda: len(it.evaluator.health) == 2)
        for _ in range(3):
            it.store.add(it.clock.ns, {"job": "x"}, {})
        it.clock.advance(15)
        await until(lambda: ("Many", "firing", 3.0) in it.words())
        stop.set()
        await task


async def test_a_failed_scan_is_tried_again_and_new_lines_do_not_wait_for_it() -> None:
    async with bench(RULES) as it:
        commits, stop = Commits(), asyncio.Event()
        it.store.broken = RuntimeError("engine away")
        task = running(it, commits, stop)
        await commits.commit(it.store.add(it.clock.ns, {"job": "x"}, {"operation": "TRUNCATE"}))
        line = it.rule("Line")[1].key
        await until(lambda: line in it.evaluator.health and it.evaluator.health[line].health == "err")
        it.store.broken = None
        await commits.commit(it.store.add(it.clock.ns, {"job": "x"}, {"operation": "TRUNCATE"}))
        await until(lambda: ("Line", "firing", 2.0) in it.words())
        stop.set()
        await task


async def test_it_is_also_tried_again_when_no_line_comes() -> None:
    async with bench(RULES) as it:
        commits, stop = Commits(), asyncio.Event()
        it.store.broken = RuntimeError("engine away")
        task = running(it, commits, stop)
        await commits.commit(it.store.add(it.clock.ns, {"job": "x"}, {"operation": "TRUNCATE"}))
        line = it.rule("Line")[1].key
        await until(lambda: line in it.evaluator.health)
        it.store.broken = None
        it.clock.advance(0.3)
        await until(lambda: ("Line", "firing", 1.0) in it.words())
        stop.set()
        await task


async def test_the_place_is_saved_at_the_end() -> None:
    async with bench(RULES) as it:
        commits, stop = Commits(), asyncio.Event()
        task = running(it, commits, stop)
        await commits.commit(it.store.add(it.clock.ns, {"job": "x"}, {}))
        await until(lambda: it.evaluator.judged_seq == 1)
        stop.set()
        await task
        assert list((await it.journal.restore()).judged.values()) == [1]


def test_slots_are_regular_and_ahead() -> None:
    group = RuleGroup("g", "f", 15 * SECOND, 0, 0, ())
    first = next_slot_ns(group, 1_000_000 * SECOND)
    assert 0 < first - 1_000_000 * SECOND <= 15 * SECOND
    assert next_slot_ns(group, first) == first + 15 * SECOND
    assert next_slot_ns(group, first - 1) == first
