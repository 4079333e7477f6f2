"""The LogQL that `whodid who` asks, and over which times. Text and numbers only; who.py runs them.

Every value that comes out of the log is escaped twice: for the regular expression, then for the string.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from whodid.investigate.danger import OPERATIONS_RE
from whodid.model.clock import SECOND
from whodid.model.labels import quote

CHUNK: Final = 500
"""How many pids or addresses one query names."""
WINDOWS: Final = 8
"""Into how many stretches of time the complete rows of the sessions are fetched at most."""
BEFORE_NS: Final = 5 * 60 * SECOND
AFTER_NS: Final = 15 * 60 * SECOND
"""Around a dangerous statement all rows of its session are read: what it did just before, and how it ended."""
FRAME_BEFORE_NS: Final = 24 * 3600 * SECOND
FRAME_AFTER_NS: Final = 3600 * SECOND
"""Farther away only what opens, closes or decides is read: connects, disconnects, transaction control."""

_FRAME_RE: Final = (
    "connect|login|login_failed|disconnect|logging_changed|authenticated"
    "|PREPARE.*|BEGIN|COMMIT.*|ROLLBACK.*|SAVEPOINT|RELEASE"
)
_CONTROL_RE: Final = r"(?is).*\b(begin|start\s+transaction|commit|end|rollback|abort)\b.*"
_REFUSED_RE: Final = r"(?is).*\b(truncate|delete|drop|alter)\b.*"
_CRASH_RE: Final = r"server process \(PID [0-9]+\) .*was terminated by signal|database system was interrupted"


def candidates() -> str:
    """Rows that may be findings: by what the agent said they do, and errors that name such a statement."""
    return f'{{job=~".+"}} | operation=~{quote(OPERATIONS_RE)} or operation="error" and statement=~{quote(_REFUSED_RE)}'


def deeds() -> str:
    """Lines of a database's log that say what was done; `severity` is what only those formats read."""
    return '{job=~".+"} | severity!="" | operation!=""'


def frame(jobs: Iterable[str], hosts: Iterable[str], pids: Sequence[str]) -> str:
    """What opens, closes and decides in these sessions."""
    return f"{near(jobs, hosts, pids)} | operation=~{quote(_FRAME_RE)} or statement=~{quote(_CONTROL_RE)}"


def near(jobs: Iterable[str], hosts: Iterable[str], pids: Sequence[str]) -> str:
    """Everything of these processes."""
    return f"{_selector(jobs, hosts)} | pid=~{quote(_any(pids))}"


def crashes(jobs: Iterable[str], hosts: Iterable[str]) -> str:
    """The server's own lines about a crash."""
    return f"{_selector(jobs, hosts)} |~ {quote(_CRASH_RE)}"


def ssh(addresses: Sequence[str]) -> str:
    """Logins from these addresses that are not the database's (those have a db), and their ends."""
    return f'{{job=~".+"}} | operation=~"login|disconnect|session_closed" | client=~{quote(_any(addresses))} | db=""'


def chunks(values: Iterable[str]) -> list[list[str]]:
    ordered = sorted(set(values))
    return [ordered[i : i + CHUNK] for i in range(0, len(ordered), CHUNK)]


def windows(instants: Iterable[int]) -> list[tuple[int, int]]:
    """Disjoint stretches [start, end) that hold every instant with its surroundings; small gaps are closed."""
    spans: list[tuple[int, int]] = []
    for instant in sorted(instants):
        start, end = instant - BEFORE_NS, instant + AFTER_NS
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    while len(spans) > WINDOWS:
        at = min(range(len(spans) - 1), key=lambda i: spans[i + 1][0] - spans[i][1])
        spans[at : at + 2] = [(spans[at][0], spans[at + 1][1])]
    return spans


def _selector(jobs: Iterable[str], hosts: Iterable[str]) -> str:
    matchers = [f"job=~{quote(_any(sorted(jobs)))}"]
    named = sorted(host for host in hosts if host)
    if named:
        matchers.append(f"host=~{quote(_any(named))}")
    return "{" + ", ".join(matchers) + "}"


def _any(values: Iterable[str]) -> str:
    return "|".join(re.escape(value) for value in values)
