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
Path = tuple[str | int, ...]
"""The steps to a value: keys and indexes."""

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


def _extract_paths(line: Line, paths: list[tuple[str, Path]]) -> None:
    text = line.text
    if text[0] not in '{["':
        line.fail_parse(FAILED)
        return
    places = [(_place(text, path), name) for name, path in paths]
    if len({name for _, name in places}) < len(places):
        # A label that is asked for twice gets what the line says last.
        places.sort(key=lambda found: (found[0] is None, found[0] or (0, 0)))
    for place, name in places:
        if place is not None:
            line.extract_anew(name, _label(text, *place))
        elif line.get(name) is None:
            line.extract_anew(name, "")


def _place(text: str, path: Path) -> tuple[int, int] | None:
    """Begin and end of the value; None if it is missing. What is broken is no error here: it holds no such value."""
    begin = _skip_space(text, 0)
    try:
        return _below(text, begin, len(text), path)
    except (ValueError, RecursionError):
        return None


def _below(text: str, begin: int, end: int, path: Path) -> tuple[int, int] | None:
    if not path:
        return begin, end
    step, rest = path[0], path[1:]
    for key, at, after in _members(text, begin) if isinstance(step, str) else _items(text, begin):
        # Of equal keys the first counts that holds the rest of the path.
        if key == step and (found := _below(text, at, after, rest)):
            return found
    return None


def _label(text: str, begin: int, end: int) -> str:
    """A value as a label: the text of a string, the JSON as written for all else."""
    if text[begin] == '"':
        return _clean(scanstring(text, begin + 1, False)[0])
    raw = text[begin:end]
    if raw.startswith("["):
        # Loki takes the escapes out of an array's text, not of an object's.
        return (broken_json.unescaped(raw) or "").replace("\ufffd", " ")
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
