"""Event: what one row of PostgreSQL's log says about its session, read from the attributes that the agent wrote.

Rows come with attributes (`operation`, `statement`, `severity` …), and the kind is read from those alone: the raw
line holds names that a client chose. sessions.py groups events, outcome.py replays them.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from whodid.model.result import Row

Kind = Literal[
    "connect",
    "authenticated",
    "login",
    "disconnect",
    "statement",
    "duration",
    "error",
    "detail",
    "no transaction",
    "in transaction",
    "other",
]

_SEVERITY = re.compile(
    r"\b(?:DEBUG\d?|INFO|NOTICE|WARNING|LOG|ERROR|FATAL|PANIC|DETAIL|HINT|CONTEXT|STATEMENT|QUERY):  ?(?=\S)"
)
_ERRORS: Final = frozenset({"ERROR", "FATAL", "PANIC"})
_FOLLOW_UPS: Final = frozenset({"DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "LOCATION", "BACKTRACE"})
_NOTICES: Final = frozenset({"INFO", "NOTICE", "WARNING"})
_NOTED: Final[dict[str, Kind]] = {
    "there is no transaction in progress": "no transaction",
    "there is already a transaction in progress": "in transaction",
}
"""The server's remarks on a COMMIT, ROLLBACK or BEGIN that changes nothing."""
_STEPS: Final = frozenset({"parse", "bind", "plan", "fastpath", "audit", "config"})
"""Lines that name a statement without being its execution."""
_CONNECTION: Final[dict[str, Kind]] = {
    "connect": "connect",
    "authenticated": "authenticated",
    "login": "login",
    "disconnect": "disconnect",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One row as the session's story needs it."""

    kind: Kind
    row: Row
    text: str = ""
    """The SQL of a statement, or the SQL that an error names."""
    message: str = ""
    """The record's message, to be shown; nothing important is decided by it."""
    timed: bool = False
    """A statement that was logged together with its duration: it had ended when the line was written."""
    extended: bool = False
    """Logged as `execute …`: the extended protocol, whose parse and bind steps have bare durations of their own."""
    fatal: bool = False
    suspect: str = ""
    """Why the line may be forged; empty when it is trusted."""

    @property
    def ns(self) -> int:
        return self.row.ns


def read(row: Row) -> Event:
    """What `row` says. Never raises; a row that says nothing of interest is `other`."""
    metadata = row.metadata
    operation, severity = metadata.get("operation", ""), metadata.get("severity", "").upper()
    text, timed = metadata.get("statement", ""), False
    suspect = metadata.get("trust_why", "") or "marked as suspect" if metadata.get("trust") == "suspect" else ""
    kind: Kind = "other"
    if severity in _ERRORS or operation in ("error", "login_failed"):
        kind = "error"
    elif severity in _FOLLOW_UPS:
        kind = "detail"
    elif severity in _NOTICES:
        # With a context it comes from a function, which can say anything.
        noted = metadata.get("message", "") if "context" not in metadata else ""
        kind, text = _NOTED.get(noted, "other"), ""
    elif operation in _STEPS:
        text = ""
    elif operation in _CONNECTION:
        kind = _CONNECTION[operation]
    elif "silent" in metadata:  # the end of a session whose silence is what was reported
        kind = "disconnect"
    elif operation == "duration" and not text:
        kind = "duration"
    elif text and operation:  # without one it is a remark that names the statement which is running
        kind, timed = "statement", "duration_ms" in metadata
        # More rows of a statement that its own line has reported: something runs, but nothing new.
        text = "FETCH" if operation == "FETCH" else text
    fatal = severity in ("FATAL", "PANIC") or operation == "login_failed"
    message = message_of(row)
    return Event(kind, row, text, message, timed, message.startswith("execute "), kind == "error" and fatal, suspect)


def message_of(row: Row) -> str:
    """The message of a log record: the attribute, or else what follows the severity in the raw line."""
    if "message" in row.metadata:
        return row.metadata["message"]
    if row.line.startswith("{"):
        return _json_message(row.line)
    found = _SEVERITY.search(row.line)
    return row.line[found.end() :] if found else ""


def _json_message(line: str) -> str:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ""
    message = record.get("message", "") if isinstance(record, dict) else ""
    return message if isinstance(message, str) else ""
