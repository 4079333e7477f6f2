"""Functions of lists and dicts that sprig has: list, join, splitList, uniq, dict, get, keys and so on.

Lists are new ones each time, but `set` and `unset` alter their dict, as in sprig. Bounded by the template's own limits.
Source: sprig's manual.
"""

from typing import Any, Final

from whodid.templates.function import Function, function
from whodid.templates.go_format import show
from whodid.templates.values import Failure, StringMap, check_size, joined, truth

_MOST_ITEMS: Final = 10_000
_MOST_INSIDE: Final = 20


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Failure(f"cannot find a list in {show(value)[:100]}")
    return value


def _map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Failure(f"cannot find a dict in {show(value)[:100]}")
    return value


def join(separator: str, values: Any) -> str:
    items = values if isinstance(values, list) else [values]
    return joined(part for n, item in enumerate(items) for part in ((separator if n else ""), show(item)))


def split_list(separator: str, text: str) -> list[str]:
    check_size(len(text))
    return list(text) if not separator else text.split(separator)


def split_map(separator: str, text: str) -> StringMap:
    """`_0`, `_1` …"""
    return StringMap({f"_{n}": part for n, part in enumerate(split_list(separator, text))})


def until(count: int) -> list[int]:
    return until_step(0, count, -1 if count < 0 else 1)


def until_step(begin: int, end: int, step: int) -> list[int]:
    if not step:
        return []
    return list(range(begin, end, step)[:_MOST_ITEMS])


def uniq(values: Any) -> list[Any]:
    out: list[Any] = []
    for value in _list(values)[:_MOST_ITEMS]:
        if value not in out:
            out.append(value)
    return out


def make_dict(*pairs: Any) -> dict[str, Any]:
    names = map(show, pairs[::2])
    values = [*pairs[1::2], ""]
    return dict(zip(names, values, strict=False))


def _set(held: Any, name: str, value: Any) -> dict[str, Any]:
    if len(_map(held)) >= _MOST_ITEMS:
        raise Failure(f"a dict has at most {_MOST_ITEMS} keys")
    if _reaches(value, held, 0):
        raise Failure("a dict cannot hold itself")
    held[name] = value
    return _map(held)


def _reaches(value: Any, held: Any, depth: int) -> bool:
    """Whether a value holds the dict, or so much inside each other that nobody should look."""
    if value is held or depth > _MOST_INSIDE:
        return True
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_reaches(item, held, depth + 1) for item in inside if isinstance(item, dict | list))


def _unset(held: Any, name: str) -> dict[str, Any]:
    _map(held).pop(name, None)
    return _map(held)


def _grown(items: list[Any]) -> list[Any]:
    if len(items) > _MOST_ITEMS:
        raise Failure(f"a list has at most {_MOST_ITEMS} items")
    return items


def _all_of(*values: Any) -> bool:
    return all(map(truth, values))


def _any_of(*values: Any) -> bool:
    return any(map(truth, values))


LISTS: Final[dict[str, Function]] = {
    "list": function(lambda *values: list(values), "...any"),
    "tuple": function(lambda *values: list(values), "...any"),
    "join": function(join, "string any"),
    "splitList": function(split_list, "string string"),
    "split": function(split_map, "string string"),
    "sortAlpha": function(lambda values: sorted(map(show, _list(values))), "any"),
    "toStrings": function(lambda values: [show(value) for value in _list(values)], "any"),
    "first": function(lambda values: next(iter(_list(values)), None), "any"),
    "last": function(lambda values: next(reversed(_list(values)), None), "any"),
    "rest": function(lambda values: _list(values)[1:], "any"),
    "initial": function(lambda values: _list(values)[:-1], "any"),
    "append": function(lambda values, value: _grown([*_list(values), value]), "any any"),
    "prepend": function(lambda values, value: _grown([value, *_list(values)]), "any any"),
    "concat": function(lambda *lists: _grown([item for values in lists for item in _list(values)]), "...any"),
    "reverse": function(lambda values: _list(values)[::-1], "any"),
    "compact": function(lambda values: [value for value in _list(values) if truth(value)], "any"),
    "uniq": function(uniq, "any"),
    "has": function(lambda value, values: value in _list(values), "any any"),
    "without": function(lambda values, *gone: [v for v in _list(values) if v not in gone], "any ...any"),
    "until": function(until, "int"),
    "untilStep": function(until_step, "int int int"),
    "dict": function(make_dict, "...any"),
    "get": function(lambda held, name: _map(held).get(name, ""), "any string"),
    "set": function(_set, "any string any"),
    "unset": function(_unset, "any string"),
    "hasKey": function(lambda held, name: name in _map(held), "any string"),
    "keys": function(lambda *maps: [name for held in maps for name in _map(held)], "...any"),
    "values": function(lambda held: list(_map(held).values()), "any"),
    "pick": function(lambda held, *names: {n: v for n, v in _map(held).items() if n in names}, "any ...string"),
    "omit": function(lambda held, *names: {n: v for n, v in _map(held).items() if n not in names}, "any ...string"),
    "all": function(_all_of, "...any"),
    "any": function(_any_of, "...any"),
}
