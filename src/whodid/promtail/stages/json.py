"""`json`: values of a JSON object, by JMESPath, become extracted values; `drop_malformed` drops what is no object.

Numbers are floats, null is a value that later stages pass over, lists and objects become JSON again. An expression that
fails (the length of a number) leaves its name alone. Source: Promtail's manual, go-jmespath, json-iterator.
"""

import json
import math
import re
import warnings
from collections.abc import Callable
from typing import Any, Final

import jmespath
import orjson
from jmespath.exceptions import JMESPathError

from whodid.model.go_text import plain_float
from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools

Search = Callable[[dict[str, Any]], Any]
_ESCAPED: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_HTML = re.compile("[<>&\u2028\u2029]")
_LARGEST_EXPRESSION: Final = 10_000


class _Unread(Exception):
    """The expression has no value here."""


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place)
    expressions, source = settings.names("expressions"), settings.source()
    drops = settings.flag("drop_malformed") or False
    if not expressions:
        raise settings.wrong("needs expressions, such as `expressions: {level: level, user: request.user}`")
    searches = [(name, search(text or name, f"{place}.expressions.{name}")) for name, text in expressions.items()]
    counters = tools.counters

    def step(entry: PipelineEntry) -> bool:
        extracted = entry.extracted
        text = entry.line if source is None else as_text(extracted.get(source))
        if text is None:
            return True
        data = parse_object(text)
        if data is None:
            counters.unread("json")
            return counters.drop("malformed_json") if drops else True
        for name, find in searches:
            try:
                value = find(data)
            except _Unread:
                continue
            extracted[name] = value if value is None or isinstance(value, str | bool) else _simple(value)
        return True

    return step


def parse_object(text: str) -> dict[str, Any] | None:
    """The object that a text is; None if it is none. The text `null` is an empty one, as in Go."""
    try:
        found = orjson.loads(text)
    except ValueError:
        found = _leniently(text)
    if found is None:
        return {} if text.strip() == "null" else None
    return found if isinstance(found, dict) else None


def _leniently(text: str) -> Any:
    """Halves of a surrogate pair, which Go reads as replacement characters."""
    if "\\ud" not in text and "\\uD" not in text:
        return None
    try:
        found = json.loads(text, parse_constant=_no_constant)
        whole = json.dumps(found, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return orjson.loads(whole)
    except (ValueError, RecursionError):
        return None


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def search(expression: str, place: str) -> Search:
    """The expression as a function of an object. Raises PipelineError if it is no JMESPath."""
    try:
        if len(expression) > _LARGEST_EXPRESSION:
            raise ValueError(f"longer than {_LARGEST_EXPRESSION} characters")
        with warnings.catch_warnings():
            # A literal without quotes inside: go-jmespath refuses what Python's library only deplores.
            warnings.simplefilter("error")
            compiled = jmespath.compile(expression)
    except (JMESPathError, ValueError, RecursionError, Warning) as error:
        reason = " ".join(str(error).split())
        message = f"{expression[:200]!r} is no JMESPath (jmespath.org): {reason}; quote names with other signs than _"
        raise Settings(None, place).wrong(message) from None
    path = _path(compiled.parsed)
    if path is not None:
        return _walk(path)

    def find(data: dict[str, Any]) -> Any:
        try:
            return compiled.search(data)
        except (JMESPathError, RecursionError, TypeError, ValueError, ArithmeticError):
            raise _Unread from None

    return find


def _path(node: dict[str, Any]) -> list[str | int] | None:
    """The steps of `a.b[0].c`, if the expression is no more than that; most are, and they run ten times as fast so."""
    if node["type"] == "field":
        return [node["value"]]
    if node["type"] == "index":
        return [node["value"]]
    if node["type"] in ("subexpression", "index_expression"):
        steps: list[str | int] = []
        for child in node["children"]:
            part = _path(child)
            if part is None:
                return None
            steps += part
        return steps
    return None


def _walk(path: list[str | int]) -> Search:
    if len(path) == 1 and isinstance(path[0], str):
        only = path[0]
        return lambda data: data.get(only)

    def find(data: dict[str, Any]) -> Any:
        value: Any = data
        for step in path:
            if isinstance(step, str):
                if not isinstance(value, dict):
                    return None
                value = value.get(step)
            elif isinstance(value, list) and -len(value) <= step < len(value):
                value = value[step]
            else:
                return None
        return value

    return find


def _simple(value: Any) -> object:
    """A number as a float, anything else as JSON."""
    if isinstance(value, int | float):
        return _float(value)
    return as_json(value)


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def as_json(value: Any) -> str:
    """As Go's encoder writes it: no blanks, `<`, `>` and `&` escaped."""
    return _HTML.sub(lambda match: _ESCAPED[match[0]], _plain_json(value))


def _plain_json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(name)}:{_plain_json(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_plain_json, value)) + "]"
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, int | float):
        return _number(_float(value))
    return _quoted(str(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    """encoding/json: an exponent below 1e-6 and from 1e21 up."""
    if value and (abs(value) < 1e-6 or abs(value) >= 1e21):
        mantissa, _, exponent = repr(value).partition("e")
        power = int(exponent or "0")
        return f"{mantissa.removesuffix('.0')}e{'-' if power < 0 else '+'}{abs(power)}"
    return plain_float(value)
