"""What is found in a line that is no sound JSON: leaves up to the first fault, and which fault it is.

Loki's JSON reader looks at no more than it needs: a number is whatever begins like one, an object ends at its bracket.
This walks a text the same way; stages/json.py and stages/unpack.py ask it only when Python's own decoder, which is
many times as fast, has given up. Source: the behaviour of buger/jsonparser.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

MALFORMED = "Malformed JSON error"
NO_STRING = "Value is string, but can't find closing '\"' symbol"
NO_ARRAY = "Value is array, but can't find closing ']' symbol"
NO_OBJECT = "Value looks like object, but can't find closing '}' symbol"
UNKNOWN_VALUE = "Unknown value type"
BAD_ESCAPE = "Encountered an invalid escape sequence in a string"

MAX_DEPTH: Final = 64
"""Objects in objects that are looked into: each level reads what is below it once more."""
_SPACE = re.compile(r"[ \t\r\n]*+")
_WORD = re.compile(r"[^ \t\r\n,}\]]*+")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BLOCK = {
    "[": re.compile(r'"(?:[^"\\]++|\\.)*+(?P<end>"?)|[\[\]]', re.DOTALL),
    "{": re.compile(r'"(?:[^"\\]++|\\.)*+(?P<end>"?)|[{}]', re.DOTALL),
}
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt])|)')
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Fault(Exception):
    """Where reading ends. Its text is what `__error_details__` says."""


class Member(NamedTuple):
    """A key and its value, as written; a string without its quotes."""

    key: str
    kind: str
    """string, number, literal (true, false), null, array or object."""
    raw: str


def members(text: str) -> Iterator[Member]:
    """The members of the object that the text begins with. Raises Fault behind the last one that can be read."""
    at = _token(text, 0, NO_OBJECT)
    if text[at] != "{":
        raise Fault(NO_OBJECT)
    at = _token(text, at + 1, MALFORMED)
    while text[at] != "}":
        if text[at] != '"':
            raise Fault(NO_OBJECT)
        end = _string_end(text, at, MALFORMED)
        key = unescaped(text[at + 1 : end - 1])
        if key is None:
            raise Fault(BAD_ESCAPE)
        at = _token(text, end, MALFORMED)
        if text[at] != ":":
            raise Fault(MALFORMED)
        at = _token(text, at + 1, MALFORMED)
        kind, end = _value(text, at)
        yield Member(key, kind, text[at + 1 : end - 1] if kind == "string" else text[at:end])
        at = _token(text, end, NO_ARRAY)
        if text[at] == "}":
            return
        if text[at] != ",":
            raise Fault(NO_OBJECT)
        at = _token(text, at + 1, NO_ARRAY)


def leaves(text: str, found: Callable[[tuple[str, ...], Member], bool], above: tuple[str, ...] = ()) -> bool:
    """Hands every leaf to `found`, with the keys above it, until that says False. Raises Fault."""
    if len(above) >= MAX_DEPTH:
        raise Fault(MALFORMED)
    for member in members(text):
        if member.kind == "object":
            if not leaves(member.raw, found, (*above, member.key)):
                return False
        elif not found(above, member):
            return False
    return True


def unescaped(raw: str) -> str | None:
    """A text without its escapes; None if there is one that JSON does not know, or half of a surrogate pair."""
    if "\\" not in raw:
        return raw
    try:
        text = _ESCAPE.sub(_character, raw)
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except (Fault, UnicodeDecodeError):
        return None


def _character(match: re.Match[str]) -> str:
    code, simple = match.groups()
    if code is not None:
        return chr(int(code, 16))
    if simple is None:
        raise Fault(BAD_ESCAPE)
    return _SIMPLE.get(simple, simple)


def _token(text: str, at: int, fault: str) -> int:
    """The next place that is no space; `fault` if the text ends before it."""
    at = _end(_SPACE, text, at)
    if at >= len(text):
        raise Fault(fault)
    return at


def _string_end(text: str, at: int, fault: str) -> int:
    """Behind the closing quote of the string that begins at `at`."""
    match = _STRING.match(text, at)
    if match is None:
        raise Fault(fault)
    return match.end()


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None, "the pattern matches nothing, too"
    return match.end()


def _value(text: str, at: int) -> tuple[str, int]:
    """The kind of the value at `at`, and its end."""
    first = text[at]
    if first == '"':
        return "string", _string_end(text, at, NO_STRING)
    if first == "[":
        return "array", _block_end(text, at, "]", NO_ARRAY)
    if first == "{":
        return "object", _block_end(text, at, "}", NO_OBJECT)
    end = _end(_WORD, text, at)
    word = text[at:end]
    if word in ("true", "false"):
        return "literal", end
    if word == "null":
        return "null", end
    if first in "-0123456789":
        return "number", end
    raise Fault(UNKNOWN_VALUE)


def _block_end(text: str, at: int, closing: str, fault: str) -> int:
    """Behind the bracket that closes the one at `at`. Only brackets of that kind count, and none in strings."""
    level = 0
    for match in _BLOCK[text[at]].finditer(text, at):
        found = match[0]
        if found[0] == '"':
            if not match["end"]:
                break
            continue
        level += -1 if found == closing else 1
        if level == 0:
            return match.end()
    raise Fault(fault)
