"""Which fields the newest lines of a query have: structured metadata, and what json or logfmt find in the text.

Works on the rows of an ordinary log query, so it reads no more than `line_limit` lines. Each line is tried as JSON
first, then as logfmt. The type of a field is that of the value looked at last, over streams in the order of their
labels, newest line first. Source: Grafana Loki's `detected_fields`, whose answers Logs Drilldown relies on.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from whodid.logql.ast import JsonParser, LogfmtParser
from whodid.logql.loki_spelling import humanized
from whodid.model.go_numbers import parse_duration_ns, parse_float
from whodid.model.labels import format_labels
from whodid.model.result import Row
from whodid.query.go_values import parse_size_bytes, reads
from whodid.query.labels_text import sanitized
from whodid.query.line import ERROR, ERROR_DETAILS, EXTRACTED, Line
from whodid.query.stages import STAGES

_JSON, _LOGFMT = STAGES[JsonParser].apply(JsonParser()), STAGES[LogfmtParser].apply(LogfmtParser())
_HIDDEN = frozenset((ERROR, ERROR_DETAILS, "__preserve_error__"))
_BOOLEANS = frozenset(("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"))


@dataclass(slots=True)
class Field:
    """One field of the lines."""

    name: str
    type: str = "string"
    """int, float, boolean, duration, bytes or string."""
    values: set[str] = field(default_factory=set)
    parsers: list[str] = field(default_factory=list)
    """`json`, `logfmt`; none for structured metadata."""
    json_path: list[str] = field(default_factory=list)
    """Keys down to the value, for a field found by json."""


def detected_fields(rows: Sequence[Row], limit: int) -> list[Field]:
    """The fields of the rows, at most `limit`, by name."""
    fields: dict[str, Field] = {}
    for row in _ordered(rows):
        for name, value in row.metadata.items():
            _note(fields, limit, name, [value])
        parsed, parser = _parsed(row)
        for name, values in parsed.items():
            known = name in fields
            found = _note(fields, limit, name, sorted(values))
            if found is None or parser is None:
                continue
            if parser not in found.parsers:
                found.parsers.append(parser)
            if not known and parser == "json":
                found.json_path = _leaf_paths(row.line).get(name.removesuffix(EXTRACTED), [])
    return [fields[name] for name in sorted(fields)]


def detected_values(rows: Sequence[Row], name: str, limit: int) -> list[str]:
    """The values of one field, at most `limit`. Sizes are written so that a query can hold them (`1.5kB`)."""
    found: dict[str, None] = {}
    for row in _ordered(rows):
        if name in row.metadata:
            found[row.metadata[name]] = None
        parsed, _ = _parsed(row)
        for value in sorted(parsed.get(name, ())):
            found[_as_size(value)] = None
        if len(found) >= limit:
            break
    return sorted(list(found)[:limit])


@lru_cache(maxsize=4096)
def type_of(value: str) -> str:
    """What a value can be read as, the narrowest first."""
    return next((name for name, fits in _TYPES if fits(value)), "string")


def _ordered(rows: Sequence[Row]) -> Iterator[Row]:
    """By the text of the stream's labels; within a stream as they came: newest first."""
    streams: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in rows:
        streams.setdefault(tuple(sorted(row.labels.items())), []).append(row)
    for key in sorted(streams, key=lambda key: format_labels(dict(key))):
        yield from streams[key]


def _note(fields: dict[str, Field], limit: int, name: str, values: Sequence[str]) -> Field | None:
    found = fields.get(name)
    if found is None:
        if len(fields) >= limit:
            return None
        found = fields[name] = Field(name)
    found.type = type_of(values[0])
    found.values.update(values)
    return found


def _parsed(row: Row) -> tuple[dict[str, set[str]], str | None]:
    """What the query's own stages found in the line, and what json or logfmt find; and which of the two."""
    found = {name: {value} for name, value in row.parsed.items() if name not in _HIDDEN}
    base = {name: value for name, value in row.labels.items() if name not in row.parsed}
    for parser, step in (("json", _JSON), ("logfmt", _LOGFMT)):
        line = Line(row.ns, row.line, base, {})
        step(line)
        if not line.error:
            for name, value in line.parsed.items():
                found.setdefault(name, set()).add(value)
            return found, parser
    return found, None


def _leaf_paths(text: str) -> dict[str, list[str]]:
    """Label → keys down to the leaf that it was made from. The first of equal names counts, as for the labels."""
    paths: dict[str, list[str]] = {}

    def walk(pairs: Any, name: str, path: list[str]) -> None:
        for key, value in pairs:
            below = f"{name}_{sanitized(key, part=True)}" if name else sanitized(key)
            if isinstance(value, tuple):
                walk(value, below, [*path, key])
            else:
                paths.setdefault(below, [*path, key])

    try:
        walk(json.loads(text, object_pairs_hook=tuple), "", [])
    except (ValueError, TypeError, RecursionError):
        return {}  # a line whose labels come from before a fault: no path is better than a wrong one
    return paths


def _as_size(value: str) -> str:
    if not value[-1:].isalpha():
        return value
    try:
        return humanized(parse_size_bytes(value))
    except ValueError:
        return value


def _is_int(value: str) -> bool:
    """strconv.ParseInt(value, 10, 64)"""
    digits = value[1:] if value[:1] in ("+", "-") else value
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 40:
        return False
    return -(1 << 63) <= int(value) < 1 << 63


_TYPES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("int", _is_int),
    ("float", reads(parse_float)),
    ("boolean", _BOOLEANS.__contains__),
    ("duration", reads(parse_duration_ns)),
    ("bytes", reads(parse_size_bytes)),
)
