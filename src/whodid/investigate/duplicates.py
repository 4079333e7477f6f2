"""One event, one finding: a server that writes its log as text and as JSON (or CSV) tells every statement twice.

Only findings of *different* log formats of one process are taken for the same event, the first with the first, the
second with the second; two equal statements in one log are two statements.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from whodid.investigate.finding import Finding
from whodid.investigate.sessions import Session
from whodid.model.clock import SECOND

_AUTHORITY: Final = ("json", "csv", "text")
"""A client cannot forge a line of the JSON log; a CSV record only for a reader that cuts it at line ends."""
_SAME_NS: Final = 2 * SECOND
"""The text log's stamp may have no fraction."""


def without_duplicates(found: Sequence[tuple[Session, Finding]]) -> list[Finding]:
    """The findings in the same order, each event once, as its most trustworthy log tells it."""
    groups: dict[tuple[str, ...], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, (session, finding) in enumerate(found):
        words = " ".join(finding.statement.split()).rstrip("; ")
        key = (session.host, session.pid, finding.operation, finding.object, words)
        groups[key][session.flavour].append(index)
    at_ns = [finding.at_ns for _, finding in found]
    kept: set[int] = set()
    for flavours in groups.values():
        events: list[int] = []
        for flavour in _AUTHORITY:
            events += _new(events, flavours.get(flavour, []), at_ns)
        kept.update(events)
    return [finding for index, (_, finding) in enumerate(found) if index in kept]


def _new(known: list[int], told: list[int], at_ns: Sequence[int]) -> list[int]:
    """Those of `told` that are not one of the `known` events; each known event answers for one at most."""
    free = sorted(known, key=at_ns.__getitem__)
    new = []
    for index in sorted(told, key=at_ns.__getitem__):
        match = next((i for i, event in enumerate(free) if abs(at_ns[event] - at_ns[index]) <= _SAME_NS), None)
        if match is None:
            new.append(index)
        else:
            del free[match]
    return new
