"""Loki's query parameters, read with its rules and its words for mistakes.

Rules: Grafana Loki 3.7 pkg/loghttp/params.go as observed: instants with a point are float seconds, integers of up to
ten digits seconds, longer ones nanoseconds, all else RFC 3339; steps are seconds or a Prometheus duration. Of several
mistakes the one is told that Loki meets first; its words are Go's (strconv), which is what its users search for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from whodid.errors import WhodidError
from whodid.model.clock import MILLISECOND, SECOND, parse_duration, parse_rfc3339
from whodid.model.labels import quote

Direction = Literal["forward", "backward"]
DEFAULT_LIMIT = 100
MAX_QUERY_BYTES = 131_072
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_EXPONENT = r"(?:[eE][+-]?[0-9]{1,4})?"
_FLOAT = re.compile(r"[+-]?(?:[0-9]{1,40}\.[0-9]*|\.[0-9]+)" + _EXPONENT)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]*)?|\.[0-9]+)" + _EXPONENT)
_MOST_NS = (1 << 63) - 1
"""Instants and spans fit into 64 bits, as in Loki: about 292 years either way."""
_MOST_FLOAT_S = 10_000_000_000
_QUOTED_CHARS = 80
"""Of what could not be read; an error need not say all of it."""


class BadParameter(WhodidError):
    """A query parameter that cannot be read (HTTP 400)."""


@dataclass(frozen=True, slots=True)
class RangeParameters:
    """What `query_range` was asked."""

    query: str
    start_ns: int
    end_ns: int
    step_ns: int
    limit: int
    direction: Direction
    interval_ns: int


def read_instant(text: str) -> int:
    """Nanoseconds of an instant parameter."""
    try:
        instant_ns = _instant(text)
    except (ValueError, OverflowError):
        raise BadParameter(_no_integer("ParseInt", text)) from None
    if abs(instant_ns) > _MOST_NS:
        raise BadParameter(_beyond_integers("ParseInt", text))
    return instant_ns


def _instant(text: str) -> int:
    if _FLOAT.fullmatch(text):
        seconds = float(text)
        # Seconds of such a size lie beyond the year 2286: these are nanoseconds that went through a float.
        return int(seconds) if seconds > _MOST_FLOAT_S else round(seconds * 1000) * MILLISECOND
    if _INTEGER.fullmatch(text):
        number = int(text)
        return number * SECOND if len(text) <= 10 else number
    return parse_rfc3339(text)


def read_span(text: str) -> int:
    """Nanoseconds of a step or interval: float seconds or a Prometheus duration."""
    try:
        span_ns = _span(text)
    except (ValueError, OverflowError):
        raise BadParameter(f"cannot parse {_quoted(text)} to a valid duration") from None
    if abs(span_ns) > _MOST_NS:
        raise BadParameter(f"cannot parse {_quoted(text)} to a valid duration. It overflows int64")
    return span_ns


def _span(text: str) -> int:
    if _NUMBER.fullmatch(text):
        seconds = float(text) * SECOND
        return int(seconds) if abs(seconds) <= _MOST_NS else _MOST_NS + 1
    return parse_duration(text)


def read_since(text: str) -> int:
    """Nanoseconds of `since`: a Prometheus duration, and no bare number."""
    try:
        return parse_duration(text)
    except (ValueError, OverflowError) as e:
        problem = str(e).partition(":")[0]
        raise BadParameter(f"could not parse 'since' parameter: {problem}: {_quoted(text)}") from None


def read_bounds(values: Mapping[str, str], now_ns: int) -> tuple[int, int]:
    """`start`, `end` and `since`: (start_ns, end_ns)."""
    since_ns = read_since(values["since"]) if values.get("since") else 3600 * SECOND
    end_ns = _bound(values, "end", now_ns)
    start_ns = _bound(values, "start", min(end_ns, now_ns) - since_ns)
    if end_ns < start_ns:
        raise BadParameter("end timestamp must not be before or equal to start time")
    return start_ns, end_ns


def _bound(values: Mapping[str, str], name: str, otherwise_ns: int) -> int:
    text = values.get(name)
    if not text:
        return otherwise_ns
    try:
        return read_instant(text)
    except BadParameter as e:
        raise BadParameter(f"could not parse '{name}' parameter: {e}") from None


def read_limit(values: Mapping[str, str], name: str = "limit", otherwise: int = DEFAULT_LIMIT) -> int:
    """`limit`: how many lines at most. Whether so many are allowed is known with the query: metrics have no lines."""
    text = values.get(name) or ""
    if not text:
        return otherwise
    if not _INTEGER.fullmatch(text):
        raise BadParameter(_no_integer("Atoi", text))
    limit = int(text)
    if abs(limit) > _MOST_NS:
        raise BadParameter(_beyond_integers("Atoi", text))
    if limit <= 0:
        raise BadParameter("limit must be a positive value")
    return limit


def _no_integer(function: str, text: str) -> str:
    return f"strconv.{function}: parsing {_quoted(text)}: invalid syntax"


def _beyond_integers(function: str, text: str) -> str:
    return f"strconv.{function}: parsing {_quoted(text)}: value out of range"


def _quoted(text: str) -> str:
    return quote(text[:_QUOTED_CHARS])


def read_direction(values: Mapping[str, str]) -> Direction:
    """`direction`: backward unless said otherwise."""
    text = values.get("direction") or "backward"
    lowered = text.lower()
    if lowered == "forward":
        return "forward"
    if lowered == "backward":
        return "backward"
    raise BadParameter(f"invalid direction '{text[:80]}'")


def read_query(values: Mapping[str, str]) -> str:
    """`query`, if it is not too long."""
    query = values.get("query") or ""
    size = len(query.encode("utf-8", "replace"))
    if size > MAX_QUERY_BYTES:
        raise BadParameter(f"parse error : input size too long ({size} > {MAX_QUERY_BYTES})")
    return query


def read_range(values: Mapping[str, str], now_ns: int) -> RangeParameters:
    """All parameters of `query_range`."""
    start_ns, end_ns = read_bounds(values, now_ns)
    limit, direction = read_limit(values), read_direction(values)
    step_ns = read_step(values, start_ns, end_ns)
    interval_ns = read_span(values["interval"]) if values.get("interval") else 0
    if interval_ns < 0:
        raise BadParameter("interval must be >= 0")
    return RangeParameters(read_query(values), start_ns, end_ns, step_ns, limit, direction, interval_ns)


def read_step(values: Mapping[str, str], start_ns: int, end_ns: int) -> int:
    """`step`: nanoseconds between two points; by default a 250th of the range, in whole seconds."""
    if not values.get("step"):
        return max((end_ns - start_ns) // (250 * SECOND), 1) * SECOND
    step_ns = read_span(values["step"])
    if step_ns <= 0:
        raise BadParameter("zero or negative query resolution step widths are not accepted. Try a positive integer")
    if (end_ns - start_ns) // step_ns > 11_000:
        raise BadParameter(
            "exceeded maximum resolution of 11,000 points per time series. "
            "Try increasing the value of the step parameter"
        )
    return step_ns
