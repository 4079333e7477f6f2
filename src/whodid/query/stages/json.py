"""`| json`: every leaf becomes a label, nested keys joined by `_`; `| json a="x.y[0]", b`: only these.

Arrays and nulls are skipped, numbers keep their spelling, the first of two equal keys counts. A broken line keeps
the leaves before the fault and is marked `JSONParserErr`. With paths: an object or array is given as its text, a
missing one as "". SQL is not asked: ClickHouse's JSON functions normalise numbers and take the last of equal keys.
"""

import json
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # documented nowhere, stable since 2.7
from typing import Any

from whodid.logql.ast import JsonParser
from whodid.logql.paths import parse_json_path
from whodid.query import broken_json
from whodid.query.labels_text import sanitized
from whodid.query.line import Line
from whodid.query.stages.stage import Step, unsaid

FAILED = "JSONParserErr"
_SPACE = " \t\r\n"

sql = unsaid


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


# Objects become tuples of pairs (arrays stay lists), numbers stay text: nothing of the line's spelling is lost.
_decoder = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=_no_constant, strict=False
)


def apply(stage: JsonParser) -> Step:
    """All leaves, or the paths asked for."""
    if not stage.extractions:
        return _all_leaves
    paths = [(item.name, parse_json_path(item.path)) for item in stage.extractions]

    def step(line: Line) -> bool:
        if line.text and not line.sated:
            _extract_paths(line, paths)
        return True

    return step


def _all_leaves(line: Line) -> bool:
    if line.sated:
        return True
    text = line.text
    at = _skip_space(text, 0)
    if not text.startswith("{", at):
        line.fail_parse(FAILED, broken_json.NO_OBJECT)
        return True
    try:
        pairs, _ = _decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        _from_broken(line)
        return True
    _flatten(line, pairs, "")
    return True


def _from_broken(line: Line) -> None:
    def found(above: tuple[str, ...], member: broken_json.Member) -> bool:
        name = ""
        for key in (*above, member.key):
            name = _name(name, key)
        if name and member.kind not in ("array", "null"):
            text = broken_json.unescaped(member.raw) or "" if member.kind == "string" else member.raw
            line.extract(name, _clean(text))
        return not line.sated

    try:
        broken_json.leaves(line.text, found)
    except broken_json.Fault as fault:
        line.fail_parse(FAILED, str(fault))


def _flatten(line: Line, pairs: Any, prefix: str) -> None:
    for key, value in pairs:
        name = _name(prefix, key)
        if isinstance(value, tuple):
            _flatten(line, value, name)
        elif value is not None and not isinstance(value, list) and name:
            line.extract(name, _scalar(value))


def _name(prefix: str, key: str) -> str:
    return f"{prefix}_{sanitized(key, part=True)}" if prefix else sanitized(key)


def _scalar(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    return _clean(value)


def _clean(text: str) -> str:
    """Half of a surrogate pair cannot be written as UTF-8; Loki drops such a value too. What stands for a character
    that could not be read becomes a blank.
    """
    return "" if any("\ud800" <= c <= "\udfff" for c in text) else text.replace("\ufffd", " ")


# ---- paths --------------------------------------------------------------------------------------------------------


def _extract_paths(line: Line, paths: list[tuple[str, tuple[str | int, ...]]]) -> None:
    text = line.text
    if text[0] not in '{["':
        line.fail_parse(FAILED)
        return
    for name, path in paths:
        try:
            value = _at_path(text, path)
        except (ValueError, RecursionError):
            value = None  # what is broken holds no such value; it is no error here
        if value is not None:
            line.extract_anew(name, value)
        elif line.get(name) is None:
            line.extract_anew(name, "")


def _at_path(text: str, path: tuple[str | int, ...]) -> str | None:
    """The value there as a label: text for a string, the JSON as written for all else; None if it is missing."""
    begin, end = _skip_space(text, 0), len(text)
    for step in path:
        members = _members(text, begin) if isinstance(step, str) else _items(text, begin)
        for key, at, after in members:
            if key == step:
                begin, end = at, after
                break
        else:
            return None
    if text[begin] == '"':
        return _clean(scanstring(text, begin + 1, False)[0])
    raw = text[begin:end]
    if raw.startswith("["):
        return broken_json.unescaped(raw) or ""  # Loki takes the escapes out of an array's text, not of an object's
    return "" if raw == "null" else raw


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Key, begin and end of each value of the object at `at`; nothing if it is none. Raises ValueError at a fault."""
    if not text.startswith("{", at):
        return
    at = _skip_space(text, at + 1)
    while not text.startswith("}", at):
        if not text.startswith('"', at):
            raise ValueError("a key is expected")
        key, at = scanstring(text, at + 1, False)
        at = _skip_space(text, at)
        if not text.startswith(":", at):
            raise ValueError("a colon is expected")
        begin = _skip_space(text, at + 1)
        _, after = _decoder.raw_decode(text, begin)
        yield key, begin, after
        at = _after_comma(text, after, "}")


def _items(text: str, at: int) -> Iterator[tuple[int, int, int]]:
    """Index, begin and end of each value of the array at `at`."""
    if not text.startswith("[", at):
        return
    at, index = _skip_space(text, at + 1), 0
    while not text.startswith("]", at):
        _, after = _decoder.raw_decode(text, at)
        yield index, at, after
        at, index = _after_comma(text, after, "]"), index + 1


def _after_comma(text: str, at: int, close: str) -> int:
    at = _skip_space(text, at)
    if text.startswith(",", at):
        return _skip_space(text, at + 1)
    if not text.startswith(close, at):
        raise ValueError("a comma is expected")
    return at


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
