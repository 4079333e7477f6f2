"""The findings as text for a terminal: one sentence first, then the list. Text in, text out, no I/O, no colour codes.

Written for the worst hour: plain words, times in UTC, the reason for each answer on its own line.
"""

from collections.abc import Sequence
from typing import Final

from whodid.investigate.danger import severity
from whodid.investigate.finding import Attribution, Evidence, Finding, Outcome
from whodid.investigate.weights import WEIGHTS
from whodid.model.clock import format_rfc3339, to_datetime

_EFFECT: Final[dict[Outcome, str]] = {
    "completed": "took effect",
    "failed": "failed",
    "rolled_back": "was rolled back",
    "unknown": "was sent, and the log does not show what came of it,",
}
_MARK: Final[dict[Outcome, str]] = {
    "completed": "took effect",
    "failed": "failed",
    "rolled_back": "rolled back",
    "unknown": "effect unknown",
}

_ON: Final = frozenset({"DROP TRIGGER", "ALTER TRIGGER", "DROP POLICY", "DROP RULE"})
"""Operations whose second object is the table that the first belongs to."""
_RANK: Final[dict[Outcome, int]] = {"completed": 0, "unknown": 1, "rolled_back": 2, "failed": 2}


_NOTHING: Final = "No dangerous statement was found in this time.\n"
_NOTHING_JUDGED: Final = (
    "There are no lines of a database log in this time that say what was done, so there was nothing to judge; "
    "`whodid check` says what is followed.\n"
)


def render(findings: Sequence[Finding], words: Sequence[str] = (), *, has_deeds: bool = True) -> str:
    """The whole answer, ending in a newline. `words`: what was asked to stand in the findings.

    Without `has_deeds` the log held nothing that could have been found.
    """
    if not findings:
        if has_deeds and words:
            asked = " and ".join(f'"{word}"' for word in words)
            told = _plain(f"No dangerous statement with {asked} was found in this time")
            return f"{told}; ask without words for all.\n"
        return _NOTHING if has_deeds else _NOTHING + _NOTHING_JUDGED
    lines = [headline(findings), ""]
    for finding in findings:
        lines += _entry(finding)
    return "".join(f"{_plain(line)}\n" for line in lines)


def headline(findings: Sequence[Finding]) -> str:
    """One sentence about the worst finding: trusted before suspect, effective before failed, the newest of equals."""
    worst = min(findings, key=lambda it: (it.trust != "ok", _RANK[it.outcome], severity(it.operation), -it.at_ns))
    more = len(findings) - 1
    others = "" if not more else f" ({more} more below)" if more > 1 else " (one more below)"
    doubt = " The line could be forged." if worst.trust == "suspect" else ""
    return _plain(
        f"{_what(worst)} {_EFFECT[worst.outcome]} at {_clock(worst.at_ns)}, by {_who(worst.person)}.{doubt}{others}"
    )


def _what(finding: Finding) -> str:
    joint = " on " if finding.operation in _ON else ", "
    named = joint.join(f'"{name}"' for name in finding.object.split(", ") if name)
    return f"{finding.operation} {named}".rstrip()


def _who(person: Attribution) -> str:
    if person.id is not None:
        reason = f": {_because(person.because[0])}" if person.because else ""
        return f"{person.name} ({person.verdict}){reason}"
    if person.alternatives:
        names = " or ".join(alternative.name for alternative in person.alternatives)
        return (
            f"{names} ({person.verdict}: the evidence does not decide between them)"
            if len(person.alternatives) > 1
            else f"somebody unknown (perhaps the {names})"
        )
    return "somebody unknown (nothing in the log names a person)"


def _because(evidence: Evidence) -> str:
    said = WEIGHTS[evidence.kind].says
    return f'{said} – "{_one_line(evidence.line)}" at {_clock(evidence.at_ns)}'


def _entry(finding: Finding) -> list[str]:
    date = to_datetime(finding.at_ns).strftime("%Y-%m-%d")
    lines = [
        f"{date} {_clock(finding.at_ns)}  {_MARK[finding.outcome]:<14}  {_one_line(finding.statement)}",
        f"    as {finding.account or '?'} on {finding.database or '?'} from {finding.client or '?'}"
        f" with {_one_line(finding.app) or '?'}, session {finding.session or '?'}",
        f"    {_MARK[finding.outcome]}: {_one_line(finding.outcome_why)}",
        f"    by {_who(finding.person)}",
    ]
    for evidence in finding.person.because[1:]:
        lines.append(f"       and {_because(evidence)}")
    for other in finding.person.alternatives if finding.person.id or len(finding.person.alternatives) > 1 else ():
        reasons = "; ".join(_because(evidence) for evidence in other.because)
        lines.append(f"       {'not excluded' if finding.person.id else 'perhaps'}: {other.name}: {reasons}")
    if finding.trust == "suspect":
        lines.append(f"    careful: this line could be forged: {_one_line(finding.why)}")
    return [*lines, ""]


def _clock(ns: int) -> str:
    return f"{format_rfc3339(ns, fraction=False)[11:19]} UTC"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(line: str) -> str:
    """Without control characters: log text is chosen by strangers, and this goes to a terminal."""
    return "".join(char if char.isprintable() else " " for char in line)
