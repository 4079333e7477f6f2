"""Loki's query parameters, read with its rules and its words for mistakes.

Rules: Grafana Loki 3.7 pkg/loghttp/params.go as observed: instants with a point are float seconds, integers of up to
ten digits seconds, longer ones nanoseconds, all else RFC 3339; steps are seconds or a Prometheus duration.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from whodid.errors import WhodidError
from whodid.model.clock import MILLISECOND, SECOND, parse_duration, parse_rfc3339

Direction = Literal["forward", "backward"]
DEFAULT_LIMIT = 100
MAX_QUERY_BYTES = 131_072
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_FLOAT = re.compile(r"[+-]?(?:[0-9]{1,40}\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_MOST_NS = (1 << 63) - 1
"""Instants and spans fit into 64 bits, as in Loki: about 292 years either way."""


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
        instant_ns = _MOST_NS + 1
    if abs(instant_ns) > _MOST_NS:
        raise BadParameter(f"could not parse the instant {text[:80]!r}: give Unix seconds, nanoseconds or RFC 3339")
    return instant_ns


def _instant(text: str) -> int:
    if _FLOAT.fullmatch(text):
        return round(float(text) * 1000) * MILLISECOND
    if _INTEGER.fullmatch(text):
        number = int(text)
        return number * SECOND if len(text) <= 10 else number
    return parse_rfc3339(text)


def read_span(text: str, name: str) -> int:
    """Nanoseconds of a step or interval: float seconds or a Prometheus duration."""
    try:
        span_ns = _span(text)
    except (ValueError, OverflowError):
        raise BadParameter(f'cannot parse "{text[:80]}" to a valid duration ({name})') from None
    if abs(span_ns) > _MOST_NS:
        raise BadParameter(f'cannot parse "{text[:80]}" to a valid duration ({name}): it overflows int64')
    return span_ns


def _span(text: str) -> int:
    if _FLOAT.fullmatch(text) or _INTEGER.fullmatch(text):
        return round(float(text) * SECOND)
    if text.startswith("-"):
        return -parse_duration(text[1:])
    return parse_duration(text)


def read_bounds(values: Mapping[str, str], now_ns: int) -> tuple[int, int]:
    """`start`, `end` and `since`: (start_ns, end_ns)."""
    end_ns = read_instant(values["end"]) if values.get("end") else now_ns
    since_ns = read_span(values["since"], "since") if values.get("since") else 3600 * SECOND
    start_ns = read_instant(values["start"]) if values.get("start") else min(end_ns, now_ns) - since_ns
    if end_ns < start_ns:
        raise BadParameter("end timestamp must not be before or equal to start time")
    return start_ns, end_ns


def read_limit(values: Mapping[str, str], most: int) -> int:
    """`limit`: how many lines at most."""
    text = values.get("limit") or ""
    if not text:
        return min(DEFAULT_LIMIT, most)
    try:
        limit = int(text)
    except ValueError:
        raise BadParameter(f'strconv.Atoi: parsing "{text[:80]}": invalid syntax') from None
    if limit <= 0:
        raise BadParameter("limit must be a positive value")
    if limit > most:
        raise BadParameter(
            f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {most})"
        )
    return limit


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
    if len(query.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
        raise BadParameter(f"the query is longer than {MAX_QUERY_BYTES} bytes")
    return query


def read_range(values: Mapping[str, str], now_ns: int, most_entries: int) -> RangeParameters:
    """All parameters of `query_range`."""
    start_ns, end_ns = read_bounds(values, now_ns)
    step_ns = read_step(values, start_ns, end_ns)
    interval_ns = read_span(values["interval"], "interval") if values.get("interval") else 0
    if interval_ns < 0:
        raise BadParameter("interval must be >= 0")
    limit = read_limit(values, most_entries)
    return RangeParameters(read_query(values), start_ns, end_ns, step_ns, limit, read_direction(values), interval_ns)


def read_step(values: Mapping[str, str], start_ns: int, end_ns: int) -> int:
    """`step`: nanoseconds between two points; by default a 250th of the range, in whole seconds."""
    if not values.get("step"):
        return max((end_ns - start_ns) // (250 * SECOND), 1) * SECOND
    step_ns = read_span(values["step"], "step")
    if step_ns <= 0:
        raise BadParameter("zero or negative query resolution step widths are not accepted. Try a positive integer")
    if (end_ns - start_ns) / step_ns > 11_000:
        raise BadParameter(
            "exceeded maximum resolution of 11,000 points per time series. "
            "Try increasing the value of the step parameter"
        )
    return step_ns
