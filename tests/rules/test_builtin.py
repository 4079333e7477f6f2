"""The tests inside the shipped rule file, and that the file ships what was promised."""

import pytest

from kit.rule_store import open_rule_store
from whodid.logql import parse
from whodid.rules.load import load_rules
from whodid.rules.selftest import run_test

LOADED = load_rules(["builtin"], parse).checked()
PROMISED = {
    "DatabaseTruncateOperation": ("critical", True),
    "DatabaseDropOperation": ("critical", True),
    "LogForgerySuspected": ("critical", True),
    "AuditLoggingDisabled": ("critical", True),
    "MassDeleteDetected": ("critical", False),
    "DatabaseAlterOperation": ("warning", True),
    "DatabaseConnectionFailures": ("warning", False),
    "SlowDatabaseQueries": ("warning", False),
    "SSHBruteForce": ("warning", False),
    "HTTP500Errors": ("critical", False),
    "BackupMissing": ("critical", False),
    "BackupFailed": ("critical", True),
}


@pytest.mark.parametrize("test", LOADED.tests, ids=[f"{test.rule}: {test.name}" for test in LOADED.tests])
async def test_shipped_rule(test) -> None:  # type: ignore[no-untyped-def]
    assert await run_test(LOADED.groups, test, open_rule_store) == []


def test_exactly_the_promised_rules_are_shipped() -> None:
    rules = [rule for group in LOADED.groups for rule in group.rules]
    assert {rule.name: (rule.labels["severity"], rule.instant) for rule in rules} == PROMISED
    for rule in rules:
        assert {"summary", "description", "runbook"} <= set(rule.annotations), rule.name


def test_each_rule_is_tested_both_ways() -> None:
    for name in PROMISED:
        tests = [test for test in LOADED.tests if test.rule == name]
        assert any(test.fires for test in tests), f"{name} has no test that fires"
        assert any(not test.fires for test in tests), f"{name} has no test that stays silent"
