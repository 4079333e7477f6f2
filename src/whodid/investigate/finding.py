"""The contract of this room: a Finding – one dangerous statement, what became of it, and who stands behind it.

`to_json()` is the shape that `whodid who --json` promises (design.md §8) and nothing more; what only the terminal
report says (why an outcome is what it is) is a plain attribute. The judging is in outcome.py and attribution.py.
"""

from dataclasses import dataclass
from typing import Any, Literal

from whodid.model.clock import MILLISECOND, format_rfc3339

Outcome = Literal["completed", "failed", "rolled_back", "unknown"]
Verdict = Literal["proven", "strong", "likely", "weak", "ambiguous", "unknown"]
Trust = Literal["ok", "suspect"]


def stated(ns: int) -> str:
    """An instant as the log stated it: below a millisecond there is only the order that the agent gave equal stamps."""
    return format_rfc3339(ns - ns % MILLISECOND)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to think of a person: a kind of weights.py, and the log line (or list entry) that says it."""

    kind: str
    at_ns: int
    line: str

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "at": stated(self.at_ns), "line": self.line}


@dataclass(frozen=True, slots=True)
class Alternative:
    """Somebody else who could have been it. `id` is None for the holder of an identity that is in nobody's list."""

    id: str | None
    name: str
    because: tuple[Evidence, ...]

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "because": [evidence.to_json() for evidence in self.because]}


@dataclass(frozen=True, slots=True)
class Attribution:
    """The person behind a statement, how sure that is, and why. Without evidence there is no person: `id` is None."""

    id: str | None
    name: str | None
    verdict: Verdict
    because: tuple[Evidence, ...] = ()
    alternatives: tuple[Alternative, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "verdict": self.verdict,
            "because": [evidence.to_json() for evidence in self.because],
            "alternatives": [alternative.to_json() for alternative in self.alternatives],
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One dangerous statement. A text of several statements gives one finding for each dangerous one of them."""

    at_ns: int
    operation: str
    object: str
    """The targets, comma-separated, unquoted; empty where the statement names none."""
    statement: str
    outcome: Outcome
    outcome_why: str
    """What the outcome rests on, in plain words (not part of the JSON)."""
    account: str
    client: str
    app: str
    database: str
    session: str
    trust: Trust
    why: str
    """Why the line could have been forged; empty when `trust` is ok."""
    person: Attribution

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "at": stated(self.at_ns),
            "operation": self.operation,
            "object": self.object,
            "statement": self.statement,
            "outcome": self.outcome,
            "account": self.account,
            "client": self.client,
            "app": self.app,
            "database": self.database,
            "session": self.session,
            "trust": self.trust,
        }
        if self.trust == "suspect":
            out["why"] = self.why
        out["person"] = self.person.to_json()
        return out
