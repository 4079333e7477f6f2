"""How Go prints a template's values: `%v` of maps and lists, and Sprintf. Floats are model/go_text.py's.

Source of the behaviour: the Go package fmt.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from whodid.model.go_text import show_float
from whodid.model.labels import quote
from whodid.templates.go_time import GoTime
from whodid.templates.time_values import Location
from whodid.templates.values import Failure, Named, joined, type_name

_VERB = re.compile(r"%([-+# 0]*)(\*|\d{1,7})?(?:\.(\*|\d{1,7})?)?(?:\[(\d{1,4})\])?(.)?", re.DOTALL)
_MOST_WIDTH = 1_000_000
_INTEGER_VERBS = {"d": "d", "b": "b", "o": "o", "O": "#o", "x": "x", "X": "X"}


def show(value: Any) -> str:
    """A value as `%v` prints it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return show_float(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{show(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(show(item) for item in value) + "]"
    return "<nil>" if value is None else str(value)


def show_all(values: Sequence[Any]) -> str:
    """Go's Sprint: a space between two operands when neither is a text."""

    def parts() -> Iterator[str]:
        for n, value in enumerate(values):
            if n and not isinstance(value, str) and not isinstance(values[n - 1], str):
                yield " "
            yield show(value)

    return joined(parts())


def sprintf(text: str, arguments: Sequence[Any]) -> str:
    """Go's Sprintf; a misfit prints as Go prints it (`%!d(string=x)`). Raises Failure where it grows too large."""
    return joined(_Printing(text, arguments).parts())


class _Printing:
    """One format on its way; `place` is the argument that comes next."""

    def __init__(self, text: str, arguments: Sequence[Any]) -> None:
        self._text, self._arguments = text, arguments
        self._place = 0
        self._reordered = False

    def parts(self) -> Iterator[str]:
        at = 0
        for match in _VERB.finditer(self._text):
            yield self._text[at : match.start()]
            yield self._one(match)
            at = match.end()
        yield self._text[at:]
        left = self._arguments[self._place :]
        if left and not self._reordered:
            shown = ", ".join("<nil>" if v is None else f"{type_name(v)}={show(v)}" for v in left)
            yield f"%!(EXTRA {shown})"

    def _one(self, match: re.Match[str]) -> str:
        flags, width, precision, index, verb = match.groups()
        if verb is None:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        bad = ""
        if width == "*":
            width, bad = self._star("WIDTH")
        if precision == "*":
            precision, worse = self._star("PREC")
            bad += worse
        elif precision is None and "." in match[0][: match[0].rindex(verb)]:
            precision = "0"
        if index is not None:
            self._place, self._reordered = int(index) - 1, True
        if not 0 <= self._place < len(self._arguments):
            return f"{bad}%!{verb}({'BADINDEX' if self._reordered else 'MISSING'})"
        value = self._arguments[self._place]
        self._place += 1
        return bad + _padded(verb, flags, width, precision, value)

    def _star(self, what: str) -> tuple[str | None, str]:
        value = self._arguments[self._place] if self._place < len(self._arguments) else None
        self._place += 1
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_WIDTH:
            return None, f"%!(BAD{what})"
        return str(value), ""


def _padded(verb: str, flags: str, width: str | None, precision: str | None, value: Any) -> str:
    if isinstance(value, dict | list) and verb != "T":
        return _elements(verb, flags, width, precision, value)
    body = _verb(verb, flags, precision, value)
    if body is None:
        shown = "<nil>" if value is None else f"{type_name(value)}={_padded('v', flags, width, precision, value)}"
        return f"%!{verb}({shown})"
    pad = int(width or 0)
    if pad > _MOST_WIDTH:
        raise Failure(f"the width {pad} is too large")
    if "-" in flags:
        return body.ljust(pad)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return body.zfill(pad) if "0" in flags and number and verb not in "cqUsT" else body.rjust(pad)


def _verb(verb: str, flags: str, precision: str | None, value: Any) -> str | None:
    """None where the verb does not fit the value."""
    if verb == "T":
        return type_name(value)
    if value is None:
        return "<nil>" if verb == "v" else None
    if isinstance(value, bool):
        return show(value) if verb in "tv" else None
    if isinstance(value, Named) and verb in "vsqxX":
        return _string(verb, precision, str(value))
    if isinstance(value, int):
        return _integer(verb, flags, precision, value)
    if isinstance(value, float):
        return _float(verb, flags, precision, value)
    if isinstance(value, str | GoTime | Location):
        return _string(verb, precision, str(value))
    return show(value) if verb in "vs" else None


def _elements(verb: str, flags: str, width: str | None, precision: str | None, value: Any) -> str:
    """A list or map: the verb goes to each of its elements."""

    def one(element: Any) -> str:
        return "<nil>" if element is None else _padded(verb, flags, width, precision, element)

    if isinstance(value, dict):
        return "map[" + " ".join(f"{one(key)}:{one(value[key])}" for key in sorted(value)) + "]"
    return "[" + " ".join(map(one, value)) + "]"


def _integer(verb: str, flags: str, precision: str | None, value: int) -> str | None:
    sign = "+" if "+" in flags else " " if " " in flags else "-"
    if verb in _INTEGER_VERBS or verb == "v":
        alternate = "#" if "#" in flags and verb in "xXob" else ""
        text = format(int(value), sign + alternate + _INTEGER_VERBS.get(verb, "d"))
        return text if precision is None else _digits_padded(text, min(int(precision), _MOST_WIDTH))
    if verb in "cq" and 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF:
        return chr(value) if verb == "c" else f"'{chr(value)}'"
    if verb == "U" and value >= 0:
        return f"U+{value:04X}"
    return None


def _digits_padded(text: str, digits: int) -> str:
    sign, body = (text[0], text[1:]) if text[0] in "+- " else ("", text)
    return sign + body.rjust(digits, "0")


def _float(verb: str, flags: str, precision: str | None, value: float) -> str | None:
    if verb not in "veEfFgG":
        return None
    sign = "+" if "+" in flags else " " if " " in flags else ""
    if not math.isfinite(value):
        return (sign if sign == "+" and math.isnan(value) else "") + show_float(value)
    if precision is None and verb in "vgG":
        text = show_float(value)
        return (sign if value >= 0 else "") + (text.upper() if verb == "G" else text)
    places = 6 if precision is None else int(precision)
    if places > 500:
        raise Failure(f"the precision {places} is too large")
    return f"%{sign}{'#' if '#' in flags else ''}.{places}{'g' if verb == 'v' else verb}" % value


def _string(verb: str, precision: str | None, text: str) -> str | None:
    text = text if precision is None else text[: int(precision)]
    if verb in "vs":
        return text
    if verb == "q":
        return quote(text)
    if verb in "xX":
        return text.encode().hex() if verb == "x" else text.encode().hex().upper()
    return None
