"""The functions of Prometheus' rule templates and of Go's text/template, one explicit table.

Those that would run a query or need Prometheus' console pages (query, first, value, tmpl …) are known by name, so that
a file using them loads, and fail when expanded. Source: Prometheus' template reference; Go's text/template.
"""

import html
import json
import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, urlsplit

import re2

from whodid.model.clock import SECOND, parse_duration, to_datetime
from whodid.rules.go_format import printf, show
from whodid.rules.template_syntax import TemplateError

Function = Callable[..., Any]
UNSUPPORTED = (
    "query",
    "first",
    "label",
    "value",
    "strvalue",
    "sortByLabel",
    "tmpl",
    "now",
    "toDuration",
    "slice",
    "call",
)
"""Known to Prometheus or Go, not to whodid."""


def truthy(value: Any) -> bool:
    """Go's truth of templates: zero and empty are false; NaN is true."""
    return bool(value)


def number(value: Any) -> float:
    """A number, or a text that is one; templates accept both for the humanize family."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TemplateError(f"not a number: {show(value)}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"expected a string; found {show(value)}")
    return value


def _shrink(value: float, step: float, units: tuple[str, ...]) -> str:
    unit = ""
    for name in units:
        if abs(value) < step:
            break
        unit, value = name, value / step
    return f"{value:.4g}{unit}"


def _grow(value: float) -> str:
    unit = ""
    for name in ("m", "u", "n", "p", "f", "a", "z", "y"):
        if abs(value) >= 1:
            break
        unit, value = name, value * 1000
    return f"{value:.4g}{unit}"


def _odd(value: float) -> str:
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def humanize(value: Any) -> str:
    v = number(value)
    if not math.isfinite(v):
        return _odd(v)
    if v == 0:
        return "0"
    return _shrink(v, 1000, ("k", "M", "G", "T", "P", "E", "Z", "Y")) if abs(v) >= 1 else _grow(v)


def humanize1024(value: Any) -> str:
    v = number(value)
    if not math.isfinite(v):
        return _odd(v)
    return f"{v:.4g}" if abs(v) <= 1 else _shrink(v, 1024, ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"))


def humanize_duration(value: Any) -> str:
    v = number(value)
    if not math.isfinite(v):
        return _odd(v)
    if abs(v) < 1:
        return ("0" if v == 0 else _grow(v)) + "s"
    sign, v = ("-" if v < 0 else ""), abs(v)
    minutes, seconds = divmod(int(v), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    return f"{sign}{minutes}m {seconds}s" if minutes else f"{sign}{v:.4g}s"


def humanize_percentage(value: Any) -> str:
    v = number(value) * 100
    return (f"{v:.4g}" if math.isfinite(v) else _odd(v)) + "%"


def to_time(value: Any) -> str:
    """An instant as Go prints one: `2025-12-17 09:30:15.5 +0000 UTC`."""
    v = number(value)
    if not math.isfinite(v):
        return _odd(v)
    try:
        stamp = to_datetime(int(v * 1000) * (SECOND // 1000))
    except OverflowError:
        raise TemplateError(f"{show(v)} is no instant in seconds since 1970") from None
    fraction = f".{stamp.microsecond:06d}".rstrip("0") if stamp.microsecond else ""
    return stamp.strftime("%Y-%m-%d %H:%M:%S") + fraction + " +0000 UTC"


def title(text: Any) -> str:
    out, inside = [], False
    for c in _text(text):
        out.append(c if inside else c.upper())
        inside = c.isalnum() or c in "_'"
    return "".join(out)


def _regex(pattern: Any) -> Any:
    try:
        return re2.compile(_text(pattern))
    except re2.error as error:
        raise TemplateError(f"not a valid regular expression {pattern!r}: {error}") from None


def replace_all(pattern: Any, replacement: Any, text: Any) -> str:
    regex, template = _regex(pattern), _text(replacement)
    reference = re2.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")

    def expand(match: Any) -> str:
        def group(found: Any) -> str:
            name = found.group(1) or found.group(2)
            if name is None:
                return "$"
            try:
                return match.group(int(name) if name.isdigit() else name) or ""
            except (IndexError, KeyError):
                return ""  # Go: a group that does not exist is empty

        return str(reference.sub(group, template))

    return str(regex.sub(expand, _text(text)))


def _seconds(text: Any) -> float:
    try:
        return parse_duration(_text(text)) / SECOND
    except ValueError as error:
        raise TemplateError(str(error)) from None


def strip_port(text: Any) -> str:
    host, colon, port = _text(text).rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]")
    return _text(text)


def strip_domain(text: Any) -> str:
    host, colon, port = _text(text).partition(":")
    return host.split(".")[0] + colon + port if not host.replace(".", "").isdigit() else _text(text)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key, "")
        elif isinstance(value, list | str) and isinstance(key, int) and 0 <= key < len(value):
            value = value[key]
        else:
            raise TemplateError(f"cannot take index {show(key)} of {show(value)}")
    return value


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())  # Go counts bytes
    if isinstance(value, list | Mapping):
        return len(value)
    raise TemplateError(f"len of {show(value)}")


def _compare(left: Any, right: Any) -> int:
    if isinstance(left, str) != isinstance(right, str):
        raise TemplateError("incompatible types for comparison")
    return int(left > right) - int(left < right)


def _all(*values: Any) -> Any:
    return next((value for value in values if not truthy(value)), values[-1])


def _any(*values: Any) -> Any:
    return next((value for value in values if truthy(value)), values[-1])


def _print(*values: Any) -> str:
    """Go's Sprint: a space between two operands when neither is a string."""
    out = ""
    for n, value in enumerate(values):
        spaced = n and not isinstance(value, str) and not isinstance(values[n - 1], str)
        out += (" " if spaced else "") + show(value)
    return out


FUNCTIONS: dict[str, Function] = {
    # Prometheus: numbers
    "humanize": humanize,
    "humanize1024": humanize1024,
    "humanizeDuration": humanize_duration,
    "humanizePercentage": humanize_percentage,
    "humanizeTimestamp": to_time,
    "toTime": to_time,
    "parseDuration": _seconds,
    # Prometheus: texts
    "title": title,
    "toUpper": lambda text: _text(text).upper(),
    "toLower": lambda text: _text(text).lower(),
    "match": lambda pattern, text: _regex(pattern).search(_text(text)) is not None,
    "reReplaceAll": replace_all,
    "stripPort": strip_port,
    "stripDomain": strip_domain,
    "safeHtml": _text,
    "urlQueryEscape": lambda text: quote_plus(_text(text), safe="~"),
    "graphLink": lambda expr: f"/graph?g0.expr={quote_plus(_text(expr), safe='~')}&g0.tab=0",
    "tableLink": lambda expr: f"/graph?g0.expr={quote_plus(_text(expr), safe='~')}&g0.tab=1",
    "args": lambda *values: {f"arg{n}": value for n, value in enumerate(values)},
    # Go
    "and": _all,
    "or": _any,
    "not": lambda value: not truthy(value),
    "eq": lambda left, *rights: any(_compare(left, right) == 0 for right in rights),
    "ne": lambda left, right: _compare(left, right) != 0,
    "lt": lambda left, right: _compare(left, right) < 0,
    "le": lambda left, right: _compare(left, right) <= 0,
    "gt": lambda left, right: _compare(left, right) > 0,
    "ge": lambda left, right: _compare(left, right) >= 0,
    "len": _length,
    "index": _index,
    "print": _print,
    "println": lambda *values: " ".join(map(show, values)) + "\n",
    "printf": lambda text, *values: printf(_text(text), values),
    "html": lambda *values: html.escape(_print(*values)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "js": lambda *values: json.dumps(_print(*values))[1:-1],
    "urlquery": lambda *values: quote_plus(_print(*values), safe="~"),
}


def path_of(url: str) -> str:
    """`pathPrefix`: the path of the server's own address."""
    return urlsplit(url).path
