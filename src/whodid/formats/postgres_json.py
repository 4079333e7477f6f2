"""PostgreSQL's JSON log (`log_destination = jsonlog`, since version 15): one object per line, every name escaped.

What a client calls itself cannot forge anything here, so this log is the authority where a server writes several. The
keys are those of the manual's "Using JSON-Format Log Output"; what they say: postgres_fields.py.
"""

from collections.abc import Callable
from typing import Any

import orjson

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.postgres_fields import SECRETIVE, Fields


class PostgresJson:
    """One JSON log of PostgreSQL."""

    __slots__ = ("_fields", "_redact")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._fields = Fields(settings)

    def continues(self, line: str, record: str) -> bool:
        return False

    def parse(self, record: str) -> Parsed:
        try:
            fields = orjson.loads(record)
        except ValueError:
            return Parsed(self._redact(record), {}, None, understood=False)
        if not isinstance(fields, dict) or not isinstance(fields.get("message", ""), str):
            return Parsed(self._redact(record), {}, None, understood=False)
        severity = fields.get("error_severity")
        if not isinstance(severity, str):
            return Parsed(self._redact(record), {}, None, understood=False)
        out, ns = self._fields.read(fields, severity, fields.get("message", ""))
        line = _without_secrets(record, fields, self._redact)
        if line is not record:
            out = {name: self._redact(value) for name, value in out.items()}
        return Parsed(line, out, ns)


def _without_secrets(record: str, fields: dict[str, Any], redact: Callable[[str], str]) -> str:
    """The record as it was, unless a field holds a secret: then the object is written anew with that field masked."""
    if redact(record) is record:
        return record
    masked = {
        key: redact(value) if key in SECRETIVE and isinstance(value, str) else value for key, value in fields.items()
    }
    return record if masked == fields else orjson.dumps(masked).decode("utf-8")
