"""Patterns of the user: what is taken, what is refused and why. Applied: test_redact.py."""

import pytest

from whodid.formats.redact_custom import RuleError, user_rule


@pytest.mark.parametrize(
    ("kind", "pattern", "reason"),
    [
        ("Token", "a", "'Token' is no name of a kind"),
        ("", "a", "no name of a kind"),
        ("a" * 41, "a", "no name of a kind"),
        ("token", "a(", r"'a\(' is no regular expression that RE2 knows"),
        ("token", "(?=a)b", "RE2"),
        ("token", "a*", "found everywhere"),
        ("token", "", "found everywhere"),
    ],
)
def test_refused(kind: str, pattern: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        user_rule(kind, pattern)


def test_a_group_named_secret_is_all_that_is_found() -> None:
    rule = user_rule("seat", "(?P<row>[a-z])(?P<secret>[0-9]+)?!")
    assert [tuple(secret) for secret in rule.secrets("x a12! \ud800 b! é c3!")] == [(3, 5, "12"), (15, 16, "3")]
