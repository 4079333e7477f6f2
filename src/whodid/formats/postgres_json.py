"""PostgreSQL's JSON log (`log_destination = jsonlog`, since version 15): one object per line, every name escaped.

What a client calls itself cannot forge anything here, so this log is the authority where a server writes both. The keys
are those of the manual's "Using JSON-Format Log Output"; the messages are read by postgres_message.py.
"""

from typing import Any, Final

import orjson

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.postgres_message import describe
from whodid.formats.postgres_session import UNKNOWN, Session, Sessions
from whodid.formats.stamps import LocalStamps

_NAMES: Final = (
    ("user", "user"),
    ("dbname", "db"),
    ("application_name", "app"),
    ("remote_host", "client"),
    ("session_id", "session"),
    ("state_code", "sqlstate"),
)
_NUMBERS: Final = (("remote_port", "port"), ("pid", "pid"), ("line_num", "line_no"), ("txid", "txid"))
_PARTS: Final = (
    ("detail", "DETAIL"),
    ("hint", "HINT"),
    ("statement", "STATEMENT"),
    ("context", "CONTEXT"),
    ("internal_query", "QUERY"),
)


class PostgresJson:
    """One JSON log of PostgreSQL."""

    __slots__ = ("_redact", "_sessions", "_stamps")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._stamps = LocalStamps(settings.timezone)
        self._sessions = Sessions()

    def continues(self, line: str, record: str) -> bool:
        return False

    def parse(self, record: str) -> Parsed:
        line = self._redact(record)  # still JSON if it was: the masks are in its strings
        try:
            fields = orjson.loads(line)
        except ValueError:
            return Parsed(line, {}, None, understood=False)
        if not isinstance(fields, dict) or not isinstance(fields.get("message", ""), str):
            return Parsed(line, {}, None, understood=False)
        severity = fields.get("error_severity")
        if not isinstance(severity, str):
            return Parsed(line, {}, None, understood=False)
        out = _attributes(fields)
        parts = {word: fields[key] for key, word in _PARTS if isinstance(fields.get(key), str) and fields[key]}
        describe(out, severity, fields.get("message", ""), parts, self._session(out))
        if out.get("operation") == "disconnect":
            self._sessions.end(out.get("session", ""))
        stamp = fields.get("timestamp")
        ns = self._stamps.read(stamp) if isinstance(stamp, str) else None
        if line is not record:
            out = {name: self._redact(value) for name, value in out.items()}
        return Parsed(line, out, ns)

    def _session(self, out: dict[str, str]) -> Session | None:
        key = out.get("session")
        if key is None:
            return None
        return self._sessions.get(key) or self._sessions.begin(key, Session())


def _attributes(fields: dict[str, Any]) -> dict[str, str]:
    out: dict[str, str] = {}
    for key, name in _NAMES:
        value = fields.get(key)
        if isinstance(value, str) and value and value != UNKNOWN:
            out[name] = value
    for key, name in _NUMBERS:
        value = fields.get(key)
        if isinstance(value, int) and value:
            out[name] = str(value)
    return out
