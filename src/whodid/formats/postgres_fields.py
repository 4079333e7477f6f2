"""What PostgreSQL's CSV and JSON logs have in common: records of named fields, under jsonlog's keys.

Nothing a client calls itself can alter another field here, so these logs are the authority. postgres_csv.py and
postgres_json.py cut the fields out and call this; what they mean is postgres_record.py's business.
"""

from collections.abc import Mapping
from typing import Any, Final

from whodid.formats.format import FormatSettings
from whodid.formats.postgres_record import Teller
from whodid.formats.postgres_session import UNKNOWN
from whodid.formats.postgres_severity import untranslated
from whodid.formats.stamps import LocalStamps

_NAMES: Final = (
    ("user", "user"),
    ("dbname", "db"),
    ("application_name", "app"),
    ("remote_host", "client"),
    ("session_id", "session"),
    ("backend_type", "backend"),
    ("state_code", "sqlstate"),
)
_NUMBERS: Final = (
    ("remote_port", "port"),
    ("pid", "pid"),
    ("line_num", "line_no"),
    ("txid", "txid"),
    ("query_id", "query_id"),
    ("internal_position", "position"),
    ("cursor_position", "position"),
)
_PARTS: Final = (
    ("detail", "DETAIL"),
    ("hint", "HINT"),
    ("statement", "STATEMENT"),
    ("context", "CONTEXT"),
    ("internal_query", "QUERY"),
)
_EMPTY: Final = {"sqlstate": "00000", "backend": "client backend"}
"""Values that say nothing."""
SECRETIVE: Final = (
    "message",
    "detail",
    "hint",
    "statement",
    "context",
    "internal_query",
    "application_name",
    "user",
    "dbname",
)
"""Fields that may hold a secret."""


class Fields:
    """Reads the records of one log, field by field."""

    __slots__ = ("_stamps", "_teller")

    def __init__(self, settings: FormatSettings) -> None:
        self._stamps = LocalStamps(settings.timezone)
        self._teller = Teller()

    def read(
        self, fields: Mapping[str, Any], severity: str, message: str, doubt: str = ""
    ) -> tuple[dict[str, str], int | None]:
        """The attributes and the instant of one record."""
        severity = untranslated(severity)
        out = _attributes(fields)
        parts = {word: fields[key] for key, word in _PARTS if isinstance(fields.get(key), str) and fields[key]}
        stamp = fields.get("timestamp")
        ns = self._stamps.read(stamp) if isinstance(stamp, str) else None
        key = out.get("session") or out.get("pid")
        self._teller.tell(out, key, ns, severity, message, parts, doubt=doubt, escaped=True)
        return out, ns


def _attributes(fields: Mapping[str, Any]) -> dict[str, str]:
    out: dict[str, str] = {}
    for key, name in _NAMES:
        value = fields.get(key)
        if isinstance(value, str) and value and value != UNKNOWN and value != _EMPTY.get(name):
            out[name] = value
    for key, name in _NUMBERS:
        value = fields.get(key)
        if isinstance(value, int) and value:
            out[name] = str(value)
    return out
