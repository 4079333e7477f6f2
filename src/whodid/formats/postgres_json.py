"""PostgreSQL's JSON log (`log_destination = jsonlog`, since version 15): one object per line, every name escaped.

What a client calls itself cannot forge anything here, so this log is the authority where a server writes several. The
keys are those of the manual's "Using JSON-Format Log Output"; what they say: postgres_fields.py.
"""

import orjson

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.postgres_fields import Fields


class PostgresJson:
    """One JSON log of PostgreSQL."""

    __slots__ = ("_fields", "_redact")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._fields = Fields(settings)

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
        out, ns = self._fields.read(fields, severity, fields.get("message", ""))
        if line is not record:
            out = {name: self._redact(value) for name, value in out.items()}
        return Parsed(line, out, ns)
