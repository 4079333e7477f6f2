"""The functions of Prometheus' rule templates, one explicit table; those of Go itself are templates/builtins.py.

Those that would run a query or need Prometheus' console pages (query, first, value, tmpl …) are known by name, so that
a file using them loads, and fail when expanded. Source: Prometheus' template reference.
"""

import math
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import quote_plus, urlsplit

import re2

from whodid.model.clock import SECOND, parse_duration, to_datetime
from whodid.templates.expansion import expanded
from whodid.templates.function import Function, function
from whodid.templates.go_format import show
from whodid.templates.values import Failure, joined


def number(value: Any) -> float:
    """A number, or a text that is one; templates accept both for the humanize family."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Failure(f"not a number: {show(value)}") from None


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
        raise Failure(f"{show(v)} is no instant in seconds since 1970") from None
    fraction = f".{stamp.microsecond:06d}".rstrip("0") if stamp.microsecond else ""
    return stamp.strftime("%Y-%m-%d %H:%M:%S") + fraction + " +0000 UTC"


def title(text: str) -> str:
    out, inside = [], False
    for c in text:
        out.append(c if inside else c.upper())
        inside = c.isalnum() or c in "_'"
    return "".join(out)


def _regex(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise Failure(f"not a valid regular expression {pattern!r}: {error}") from None


def replace_all(pattern: str, replacement: str, text: str) -> str:
    return joined(expanded(_regex(pattern), replacement, text))


def _seconds(text: str) -> float:
    try:
        return parse_duration(text) / SECOND
    except ValueError as error:
        raise Failure(str(error)) from None


def strip_port(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]")
    return text


def strip_domain(text: str) -> str:
    host, colon, port = text.partition(":")
    return host.split(".")[0] + colon + port if not host.replace(".", "").isdigit() else text


def _link(kind: int) -> Callable[[str], str]:
    return lambda expr: f"/graph?g0.expr={quote_plus(expr, safe='~')}&g0.tab={kind}"


def _unsupported(*_: Any) -> NoReturn:
    raise Failure("this function is not supported")


FUNCTIONS: dict[str, Function] = {
    # numbers
    "humanize": function(humanize, "any"),
    "humanize1024": function(humanize1024, "any"),
    "humanizeDuration": function(humanize_duration, "any"),
    "humanizePercentage": function(humanize_percentage, "any"),
    "humanizeTimestamp": function(to_time, "any"),
    "toTime": function(to_time, "any"),
    "parseDuration": function(_seconds, "string"),
    # texts
    "title": function(title, "string"),
    "toUpper": function(str.upper, "string"),
    "toLower": function(str.lower, "string"),
    "match": function(lambda pattern, text: _regex(pattern).search(text) is not None, "string string"),
    "reReplaceAll": function(replace_all, "string string string"),
    "stripPort": function(strip_port, "string"),
    "stripDomain": function(strip_domain, "string"),
    "safeHtml": function(str, "string"),
    "urlQueryEscape": function(lambda text: quote_plus(text, safe="~"), "string"),
    "graphLink": function(_link(0), "string"),
    "tableLink": function(_link(1), "string"),
    "args": function(lambda *values: {f"arg{n}": value for n, value in enumerate(values)}, "...any"),
    # the server's own address, which is the context of a run
    "externalURL": function(str, of_context=True),
    "pathPrefix": function(lambda url: urlsplit(url).path, of_context=True),
    # known to Prometheus or Go, not to whodid
    **{
        name: function(_unsupported, "...any")
        for name in ("query", "first", "label", "value", "strvalue", "sortByLabel", "tmpl", "now", "toDuration", "call")
    },
}
