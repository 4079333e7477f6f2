"""PostgreSQL's CSV log (`csvlog`): 24 columns in version 13, 26 since 14; records span lines inside of quotes.

A name with a newline stays inside of its quotes here, so nobody can forge a record, if quotes are what decides where
one ends. A record that a crash tore keeps its quote open: the next line that only the server can have written ends it
(in quoted text every run of quotes is even, and behind the quote that closes a field stands a comma). Columns: the
manual's "Using CSV-Format Log Output"; what they say: postgres_fields.py.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.postgres_fields import SECRETIVE, Fields

_COLUMNS: Final = (
    "timestamp", "user", "dbname", "pid", "connection_from", "session_id", "line_num", "ps", "session_start", "vxid",
    "txid", "error_severity", "state_code", "message", "detail", "hint", "internal_query", "internal_position",
    "context", "statement", "cursor_position", "location", "application_name", "backend_type", "leader_pid", "query_id",
)  # fmt: skip
_LENGTHS: Final = (23, 24, 26)
"""How many there are: before 13, in 13, since 14."""
_SEVERITY, _MESSAGE = _COLUMNS.index("error_severity"), _COLUMNS.index("message")
_QUOTED: Final = frozenset(
    (
        "user", "dbname", "connection_from", "ps", "message", "detail", "hint", "internal_query", "context",
        "statement", "location", "application_name", "backend_type",
    )
)  # fmt: skip
_NUMBERS: Final = ("pid", "line_num", "txid", "query_id")
_TEXT: Final = r'(?:"[^"]*+(?:""[^"]*+)*+")?,'
_HEAD: Final = re.compile(
    rf'\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{3}} [^",\n]{{1,10}},{_TEXT}{_TEXT}[0-9]*,{_TEXT}[0-9a-f]+\.[0-9a-f]+,'
    rf'[0-9]+,{_TEXT}[^",\n]*,[0-9/]*,[0-9]*,[^",\n]+,[0-9A-Z]{{5}},"(?:"")*+(?=[^",\n]|$)',
    re.MULTILINE,
)
"""A record up to its message, as only the server writes it: in the middle of quoted text no line looks so."""
_FIELD: Final = re.compile(r'(?:"((?:[^"]++|"")*+)(?:"|\Z)|([^",\n]*+))(?:,|(\Z))')
_PORT: Final = re.compile(r"(.*):(\d{1,5})", re.DOTALL)
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_ODD: Final = "its message does not begin as the server writes one"


class PostgresCsv:
    """One CSV log of PostgreSQL."""

    __slots__ = ("_asked", "_fields", "_redact")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._fields = Fields(settings)
        self._asked = _Asked("", -1, False)

    def continues(self, line: str, record: str) -> bool:
        if not self._open(record):
            return False
        self._asked = _Asked(line, len(record) + 1 + len(line), line.count('"') % 2 == 0)
        return _HEAD.match(line) is None

    def _open(self, record: str) -> bool:
        """Whether a quote is open at the end of the record. One that grows line by line is not counted anew each time:
        that would take time by the square of its length."""
        line, size, still_open = self._asked
        if len(record) == size and record.endswith(line) and record[-len(line) - 1] == "\n":
            return still_open
        return record.count('"') % 2 == 1

    def parse(self, record: str) -> Parsed:
        values, closed = _values(record)
        if len(values) <= _MESSAGE or not values[_SEVERITY]:
            return Parsed(self._redact(record), {}, None, understood=False)
        fields = _typed(values)
        doubt = "" if _HEAD.match(record) else _ODD
        out, ns = self._fields.read(fields, fields["error_severity"], fields["message"] or "", doubt)
        line = self._without_secrets(record, values)
        out = self._redact.attributes(record, line, out)
        return Parsed(line, out, ns, understood=closed and len(values) in _LENGTHS)

    def _without_secrets(self, record: str, values: Sequence[str | None]) -> str:
        """The record as it was, unless a field holds a secret: then it is written anew with that field masked. And what
        stands where no field should."""
        if not self._redact.suspects(record):
            return record
        names = (*_COLUMNS, *[""] * len(values))
        masked = [
            self._redact(value) if value and name in SECRETIVE else value
            for name, value in zip(names, values, strict=False)
        ]
        return self._redact(record if masked == values else ",".join(map(_written, names, masked)))


class _Asked(NamedTuple):
    """The line that was asked about last, how long the record is with it, and whether its quote is open then."""

    line: str
    size: int
    open: bool


def _values(record: str) -> tuple[list[str | None], bool]:
    """The values of the columns, None for those that are not there (as opposed to empty); and whether the last one is
    closed. It ends early where no server wrote this."""
    values: list[str | None] = []
    at, closed = 0, True
    while (found := _FIELD.match(record, at)) is not None:
        quoted, bare, end = found.groups()
        values.append(quoted.replace('""', '"') if quoted is not None else bare or None)
        closed = quoted is None or record[found.end(1) : found.end(1) + 1] == '"'
        at = found.end()
        if end is not None or len(values) > len(_COLUMNS):
            break
    return values, closed and at == len(record)


def _typed(values: Sequence[str | None]) -> dict[str, Any]:
    """The columns under the keys and in the types that jsonlog has."""
    fields: dict[str, Any] = dict(zip(_COLUMNS, values, strict=False))
    for name in _NUMBERS:
        value = fields.get(name)
        fields[name] = int(value) if value and _NUMBER.fullmatch(value) else None
    origin = fields.get("connection_from") or ""
    with_port = _PORT.fullmatch(origin)
    position = fields.get("cursor_position") or fields.get("internal_position")
    fields["cursor_position"] = int(position) if position and _NUMBER.fullmatch(position) else None
    fields["remote_host"] = with_port[1] if with_port else origin
    fields["remote_port"] = int(with_port[2]) if with_port else None
    return fields


def _written(name: str, value: str | None) -> str:
    """A column as the server writes it."""
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if name in _QUOTED else value
