"""Judging: what is told and when, what survives a crash, and that one broken rule stays alone with it."""

from pathlib import Path

import pytest

from kit.rule_bench import bench
from kit.rule_store import RuleStore
from kit.stepped_clock import SteppedClock
from whodid.errors import WhodidError
from whodid.model.clock import SECOND
from whodid.model.result import Vector
from whodid.rules.journal import JournalError, Turn

RULES = """
groups:
  - name: g
    rules:
      - alert: Truncate
        expr: '{job="database"} | operation="TRUNCATE"'
        labels: {severity: critical, team: "{{ $labels.app }}"}
        annotations: {summary: "{{ $labels.user }} {{ $labels.statement }} {{ $value }} {{ $labels.timestamp }}"}
      - alert: Drop
        expr: '{job="database"} | operation="DROP TABLE"'
      - alert: Many
        expr: sum by (user) (count_over_time({job="database"} | operation="DELETE" [5m])) > 2
        for: 1m
        annotations: {summary: "{{ $labels.user }} {{ $value }}"}
"""
DATABASE = {"job": "database", "host": "prod"}


def truncate(store: RuleStore, clock: SteppedClock, table: str = "User", statement: str = "TRUNCATE x") -> int:
    metadata = {"operation": "TRUNCATE", "user": "raz", "client": "10.0.0.7", "table": table, "pid": "7", "app": "psql"}
    return store.add(clock.ns, DATABASE, {**metadata, "statement": statement}, "raw line")


async def test_each_commit_with_hits_is_told_and_the_alert_ends_when_quiet() -> None:
    async with bench(RULES) as it:
        truncate(it.store, it.clock, statement="first")
        last = truncate(it.store, it.clock, "Game")
        assert await it.evaluator.judge_lines(last)
        ((_, alerts),) = it.told
        user, game = alerts
        assert user.labels == {
            "alertname": "Truncate",
            "severity": "critical",
            "team": "psql",
            "operation": "TRUNCATE",
            "user": "raz",
            "client": "10.0.0.7",
            "table": "User",
            **DATABASE,
        }
        assert user.annotations == {"summary": "raz first 1 2026-01-01T00:00:00Z"}
        assert game.labels["table"] == "Game"

        it.clock.advance(10)
        await it.evaluator.judge_lines(truncate(it.store, it.clock, statement="again"))
        (_, (again,)) = it.told[1]
        assert again.fingerprint == user.fingerprint
        assert again.starts_at_ns == user.starts_at_ns
        assert again.annotations == {"summary": "raz again 2 2026-01-01T00:00:10Z"}

        it.clock.advance(295)
        await it.evaluator.quieten()
        assert [a.labels["table"] for a in it.told[2][1]] == ["Game"]
        it.clock.advance(10)
        await it.evaluator.quieten()
        assert it.words()[3:] == [("Truncate", "resolved", 1.0), ("Truncate", "resolved", 2.0)]
        assert it.evaluator.alerts() == []
        assert len(await it.journal.history()) == 5


async def test_lines_before_the_first_start_are_not_judged_and_rules_share_a_scan() -> None:
    store, clock = RuleStore(), SteppedClock()
    seq = truncate(store, clock)
    async with bench(RULES, store=store, clock=clock, seq=seq) as it:
        await it.evaluator.judge_lines(seq)
        assert store.scans == []
        await it.evaluator.judge_lines(truncate(store, clock))
        assert store.scans == [(2, seq + 1, seq + 1)]
        assert it.words() == [("Truncate", "firing", 1.0)]


async def test_after_a_crash_nothing_is_repeated_and_nothing_forgotten(tmp_path: Path) -> None:
    path, store, clock = tmp_path / "rules.sqlite", RuleStore(), SteppedClock()
    async with bench(RULES, path, store, clock) as it:
        await it.evaluator.judge_lines(truncate(store, clock))
        assert len(it.told) == 1
        it.refuses = OSError("the outbox's disk is full")
        await it.evaluator.judge_lines(truncate(store, clock))
        assert len(it.told) == 1
        # the process dies here: nothing is saved, nothing is closed in order
    last = truncate(store, clock)
    async with bench(RULES, path, store, clock, seq=last - 1) as it:
        assert it.words() == [("Truncate", "firing", 2.0)], "the notice that was not handed over"
        await it.evaluator.judge_lines(last)
        assert it.words()[1:] == [("Truncate", "firing", 3.0)]
    async with bench(RULES, path, store, clock, seq=last) as it:
        assert await it.evaluator.judge_lines(last)
        assert it.told == []
        assert [alert.value for alert in it.evaluator.alerts()] == [3.0]


async def test_a_store_that_was_replaced_begins_anew(tmp_path: Path) -> None:
    async with bench(RULES, tmp_path / "j", clock=SteppedClock()) as it:
        for _ in range(5):
            last = truncate(it.store, it.clock)
        await it.evaluator.judge_lines(last)
        await it.evaluator.save_places()
    async with bench(RULES, tmp_path / "j", seq=0) as it:
        await it.evaluator.judge_lines(truncate(it.store, it.clock))
        assert it.words() == [("Truncate", "firing", 6.0)]


async def test_a_broken_query_does_not_hold_up_the_others_and_catches_up() -> None:
    async with bench(RULES) as it:
        broken = it.rule("Drop")[1].parsed
        whole = it.store.committed

        async def committed(queries, first, last):  # type: ignore[no-untyped-def]
            if broken in queries and it.store.broken is None:
                raise WhodidError("does not run")
            return await whole(queries, first, last)

        it.evaluator._committed = committed
        assert not await it.evaluator.judge_lines(truncate(it.store, it.clock))
        assert it.words() == [("Truncate", "firing", 1.0)]
        drop = it.store.add(it.clock.ns, DATABASE, {"operation": "DROP TABLE"})
        assert not await it.evaluator.judge_lines(drop)
        health = it.evaluator.health[it.rule("Drop")[1].key]
        assert (health.health, health.last_error) == ("err", "does not run")
        it.evaluator._committed = whole
        assert await it.evaluator.judge_lines(drop)
        assert it.words()[1:] == [("Drop", "firing", 1.0)]
        assert it.evaluator.health[it.rule("Drop")[1].key].health == "ok"


async def test_a_journal_that_cannot_be_written_delays_but_loses_nothing() -> None:
    async with bench(RULES) as it:
        record = it.journal.record

        async def full(turns: list[Turn]) -> None:
            raise JournalError("disk full")

        it.journal.record = full  # type: ignore[assignment,method-assign]
        last = truncate(it.store, it.clock)
        assert not await it.evaluator.judge_lines(last)
        assert it.told == []
        it.journal.record = record  # type: ignore[method-assign]
        assert await it.evaluator.judge_lines(last)
        assert it.words() == [("Truncate", "firing", 1.0)]


async def test_a_threshold_waits_fires_once_and_resolves_over_restarts(tmp_path: Path) -> None:
    path, store, clock = tmp_path / "j", RuleStore(), SteppedClock()
    for _ in range(3):
        store.add(clock.ns, DATABASE, {"operation": "DELETE", "user": "raz"})
    async with bench(RULES, path, store, clock) as it:
        await it.evaluate("Many")
        assert [alert.state for alert in it.evaluator.alerts()] == ["pending"]
    clock.advance(60)
    async with bench(RULES, path, store, clock) as it:
        await it.evaluate("Many")
        assert it.words() == [("Many", "firing", 3.0)]
        await it.evaluate("Many")
        assert len(it.told) == 1
    async with bench(RULES, path, store, clock) as it:
        await it.evaluate("Many")
        assert it.told == []
        clock.advance(300)
        await it.evaluate("Many")
        assert it.words() == [("Many", "resolved", 3.0)]


async def test_a_long_outage_starts_the_waiting_anew(tmp_path: Path) -> None:
    path, store, clock = tmp_path / "j", RuleStore(), SteppedClock()
    async with bench(RULES, path, store, clock) as it:
        for _ in range(3):
            store.add(clock.ns, DATABASE, {"operation": "DELETE", "user": "raz"})
        await it.evaluate("Many")
    clock.advance(2 * 3600)
    for _ in range(3):
        store.add(clock.ns, DATABASE, {"operation": "DELETE", "user": "raz"})
    async with bench(RULES, path, store, clock) as it:
        await it.evaluate("Many")
        assert it.told == []
        assert [alert.starts_at_ns for alert in it.evaluator.alerts()] == [clock.ns]


async def test_a_failing_query_leaves_alerts_as_they_were() -> None:
    async with bench(RULES) as it:
        for _ in range(3):
            it.store.add(it.clock.ns, DATABASE, {"operation": "DELETE", "user": "raz"})
        await it.evaluate("Many")
        it.clock.advance(60)
        await it.evaluate("Many")
        it.store.broken = RuntimeError("engine gone")
        it.clock.advance(600)
        await it.evaluate("Many")
        assert [alert.state for alert in it.evaluator.alerts()] == ["firing"]
        assert len(it.told) == 1


async def test_rules_that_are_gone_end_their_alerts(tmp_path: Path) -> None:
    async with bench(RULES, tmp_path / "j") as it:
        await it.evaluator.judge_lines(truncate(it.store, it.clock))
    async with bench("groups: []", tmp_path / "j") as it:
        assert it.words() == [("Truncate", "resolved", 1.0)]
    async with bench("groups: []", tmp_path / "j") as it:
        assert it.told == []


async def test_labels_that_collide_and_limits_are_the_rules_error() -> None:
    text = """
groups:
  - name: g
    limit: 1
    rules:
      - {alert: Same, expr: 'sum by (host) (count_over_time({job="w"}[5m])) > 0', labels: {host: override}}
      - {alert: Limit, expr: 'sum by (host) (count_over_time({job="w"}[5m])) > 0'}
      - {alert: Lines, expr: '{job="w"}'}
"""
    async with bench(text) as it:
        for host in ("a", "b"):
            last = it.store.add(it.clock.ns, {"job": "w", "host": host}, {})
        await it.evaluate("Same")
        await it.evaluate("Limit")
        await it.evaluator.judge_lines(last)
        errors = {key.rpartition(";")[2]: health.last_error for key, health in it.evaluator.health.items()}
        assert "two series have the same labels" in errors["Same"]
        assert errors["Limit"] == errors["Lines"] == "exceeded limit of 1 with 2 alerts"
        assert it.told == []


async def test_a_recording_rule_hands_its_series_on() -> None:
    text = """
groups:
  - name: g
    rules:
      - {record: a:b, expr: 'sum by (user) (count_over_time({job="x"}[5m]))', labels: {k: v}}
"""
    kept: list[tuple[str, Vector]] = []

    async def record(name: str, vector: Vector) -> None:
        kept.append((name, vector))

    async with bench(text) as it:
        it.store.add(it.clock.ns, {"job": "x"}, {"user": "raz"})
        await it.evaluate("a:b")
        assert "recording rules need a store" in next(iter(it.evaluator.health.values())).last_error
        it.evaluator._record = record
        await it.evaluate("a:b")
    assert kept == [("a:b", Vector(it.clock.ns, [({"user": "raz", "k": "v"}, 1.0)]))]


@pytest.mark.parametrize("offset", ["0s", "10s"])
async def test_query_offset_is_honoured(offset: str) -> None:
    text = f"groups: [{{name: g, query_offset: {offset}, rules: [{{alert: A, expr: 'vector(1)'}}]}}]"
    asked: list[int] = []

    async def query(expr: str, at_ns: int) -> Vector:
        asked.append(at_ns)
        return Vector(at_ns, [])

    async with bench(text) as it:
        it.evaluator._query = query
        await it.evaluate("A")
        assert asked == [it.clock.ns - int(offset[:-1]) * SECOND]


async def test_a_bare_number_is_one_alert() -> None:
    async with bench("groups: [{name: g, rules: [{alert: A, expr: '2'}]}]") as it:
        await it.evaluate("A")
        assert it.words() == [("A", "firing", 2.0)]
        assert it.told[0][1][0].labels == {"alertname": "A"}
