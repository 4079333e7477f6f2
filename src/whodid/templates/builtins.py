"""The functions that every Go template has: comparisons, index, len, print and the like. `and`, `or` are program.py's.

Source: Go's text/template, "Functions".
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote_plus

from whodid.templates.function import Function, function
from whodid.templates.go_format import show_all
from whodid.templates.go_printf import sprintf
from whodid.templates.values import Failure, StringMap, check_size, joined, truth, type_name

_HTML = {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}
_MOST_SHOWN: Final = 1_000
"""Characters of a value that an error shows."""
_KINDS: Final = ((bool, "bool"), (int, "int"), (float, "float"), (str, "string"))


def _kind(value: Any) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "other")


def equal(first: Any, *others: Any) -> bool:
    """`eq a b c`: is a one of the others?"""
    if not others:
        raise Failure("missing argument for comparison")
    return any(_same(first, other) for other in others)


def _same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    if _kind(a) != _kind(b):
        raise _incompatible(a, b)
    if isinstance(a, list | dict):
        raise Failure(f"non-comparable type {sprintf('%s', [a])[:_MOST_SHOWN]}: {type_name(a)}")
    return bool(a == b)


def _incompatible(a: Any, b: Any) -> Failure:
    return Failure(f"incompatible types for comparison: {type_name(a)} and {type_name(b)}")


def less(a: Any, b: Any) -> bool:
    kind = _kind(a)
    if kind in ("bool", "other") or _kind(b) == "other":
        raise Failure("invalid type for comparison")
    if kind != _kind(b):
        raise _incompatible(a, b)
    return bool(a < b)


def index(value: Any, *keys: Any) -> Any:
    """`index x 1 "a"` is x[1]["a"] in Go's syntax."""
    for n, key in enumerate(keys):
        if value is None:
            raise Failure("index of nil pointer" if n else "index of untyped nil")
        value = _element(value, key)
    return value


def _element(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise Failure(f"value has type {type_name(key)}; should be string")
        return value[key] if isinstance(value, StringMap) else value.get(key)
    if not isinstance(value, str | list):
        raise Failure(f"can't index item of type {type_name(value)}")
    place = _place(key)
    held: bytes | list[Any] = value.encode() if isinstance(value, str) else value  # Go counts bytes
    if not 0 <= place < len(held):
        raise Failure(f"index out of range: {place}")
    return held[place]


def _place(key: Any) -> int:
    if isinstance(key, bool) or not isinstance(key, int):
        raise Failure(f"cannot index slice/array with type {type_name(key)}")
    return key


def part(value: Any, *places: Any) -> Any:
    """`slice x 1 2` is x[1:2]."""
    if not isinstance(value, str | list):
        raise Failure(f"can't slice item of type {type_name(value)}")
    if len(places) > (2 if isinstance(value, str) else 3):
        raise Failure(
            "cannot 3-index slice a string" if isinstance(value, str) else f"too many slice indexes: {len(places)}"
        )
    held: bytes | list[Any] = value.encode() if isinstance(value, str) else value
    bounds = [_place(place) for place in places]
    for bound in bounds:
        if not 0 <= bound <= len(held):
            raise Failure(f"index out of range: {bound}")
    begin, end = [*bounds, len(held)][:2] if bounds else (0, len(held))
    if begin > end:
        raise Failure(f"invalid slice index: {begin} > {end}")
    found = held[begin:end]
    return found.decode(errors="replace") if isinstance(found, bytes) else found


def length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())  # Go counts bytes
    if isinstance(value, list | dict):
        return len(value)
    if value is None:
        raise Failure("reflect: call of reflect.Value.Type on zero Value")
    raise Failure(f"len of type {type_name(value)}")


def _shown(values: Sequence[Any]) -> str:
    """The arguments of the functions that escape a text; nil is what an action prints of it."""
    return show_all(["<no value>" if value is None else value for value in values])


def html(*values: Any) -> str:
    return joined(_HTML.get(c, c) for c in _shown(values))


def js(*values: Any) -> str:
    return joined(_JS.get(c) or (f"\\u{ord(c):04X}" if ord(c) < 0x20 else c) for c in _shown(values))


def urlquery(*values: Any) -> str:
    return quote_plus(_shown(values), safe="~")


def _print(*values: Any) -> str:
    return show_all(values)


def println(*values: Any) -> str:
    return joined(part for n, value in enumerate(values) for part in ((" " if n else ""), show_all([value]))) + "\n"


def printf(text: str, *values: Any) -> str:
    check_size(len(text))
    return sprintf(text, values)


BUILTINS: Final[dict[str, Function]] = {
    "not": function(lambda value: not truth(value), "any"),
    "eq": function(equal, "any ...any"),
    "ne": function(lambda a, b: not equal(a, b), "any any"),
    "lt": function(less, "any any"),
    "le": function(lambda a, b: less(a, b) or equal(a, b), "any any"),
    "gt": function(lambda a, b: not less(a, b) and not equal(a, b), "any any"),
    "ge": function(lambda a, b: not less(a, b), "any any"),
    "index": function(index, "any ...any"),
    "slice": function(part, "any ...any"),
    "len": function(length, "any"),
    "print": function(_print, "...any"),
    "println": function(println, "...any"),
    "printf": function(printf, "string ...any"),
    "html": function(html, "...any"),
    "js": function(js, "...any"),
    "urlquery": function(urlquery, "...any"),
}
