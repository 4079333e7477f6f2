"""Patterns that say what a message means, and how they are asked: the first that fits the whole message wins.

The tables are in the modules named for who writes the messages (sshd_messages.py, auth_messages.py, cron.py …). A named
group becomes the attribute of its name.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

Reader = Callable[[str, dict[str, str]], bool]
"""Adds what a message says to the attributes; False if it is not known."""

LONGEST: Final = 8192
"""What is longer than any sentence of these programs is not looked into: patterns may take a time that grows faster
than the text, and the text is a stranger's."""


class Rule(NamedTuple):
    operation: str
    pattern: re.Pattern[str]
    outcome: str


def rule(operation: str, pattern: str, outcome: str = "") -> Rule:
    return Rule(operation, re.compile(pattern, re.DOTALL), outcome)


def read_by_rules(rules: Iterable[Rule], message: str, out: dict[str, str]) -> bool:
    """Adds what the first fitting rule says to `out`; False if none fits."""
    for operation, pattern, outcome in rules:
        match = pattern.fullmatch(message)
        if match is None:
            continue
        if operation:
            out["operation"] = operation
        if outcome:
            out["outcome"] = outcome
        for name, value in match.groupdict().items():
            if value:
                out[name] = value
        return True
    return False


def suspect(out: dict[str, str], why: str) -> None:
    """Marks a line that could have been forged; the first reason stays."""
    out["trust"] = "suspect"
    out.setdefault("trust_why", why)
