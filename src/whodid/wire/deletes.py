"""Loki's delete API: its parameters with its words for mistakes, and its list of requests.

Behaviour: Grafana Loki 3.7 as documented (Log deletion); instants may have nanoseconds here. Called by
api/routes/delete.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from whodid.model.clock import SECOND, parse_rfc3339
from whodid.wire.params import BadParameter, read_query, read_span

_LEAST_INTERVAL_NS = SECOND


@dataclass(frozen=True, slots=True)
class DeleteParameters:
    """What is to be deleted: both instants are included."""

    query: str
    start_ns: int
    end_ns: int


def read_delete(values: Mapping[str, str], now_ns: int) -> DeleteParameters:
    """`query`, `start`, `end` and `max_interval`. Raises BadParameter."""
    query = read_query(values)
    if not query:
        raise BadParameter("query not set")
    if not values.get("start"):
        raise BadParameter("start time not set")
    start_ns = _instant(values["start"], "start")
    end_ns = _instant(values["end"], "end") if values.get("end") else now_ns
    if end_ns > now_ns:
        raise BadParameter("deletes in the future are not allowed")
    if start_ns >= end_ns:
        raise BadParameter("start time can't be greater than or equal to end time")
    if values.get("max_interval"):
        _check_interval(values["max_interval"], end_ns - start_ns)
    return DeleteParameters(query, start_ns, end_ns)


def encode_requests(requests: list[dict[str, Any]]) -> bytes:
    """The list: each with request_id, start_time, end_time, query, status, created_at (Unix seconds), lines."""
    return orjson.dumps(requests) + b"\n"


def seconds_of(ns: int) -> float | int:
    """An instant as Loki's JSON has it: Unix seconds, with milliseconds if it has any. logcli reads whole ones only."""
    whole, rest = divmod(ns // 1_000_000, 1000)
    return whole + rest / 1000 if rest else whole


def _instant(text: str, name: str) -> int:
    """RFC 3339, Unix seconds of ten digits, or nanoseconds of nineteen."""
    try:
        if text.isascii() and text.isdecimal() and len(text) in (10, 19):
            return int(text) * (SECOND if len(text) == 10 else 1)
        return parse_rfc3339(text)
    except (ValueError, OverflowError):
        raise BadParameter(f"invalid {name} time: require unix seconds or RFC3339 format") from None


def _check_interval(text: str, span_ns: int) -> None:
    """Loki cuts requests into such pieces. Here it is checked, and nothing is cut: the effect is the same."""
    try:
        interval_ns = read_span(text)
    except BadParameter:
        interval_ns = 0
    if interval_ns < _LEAST_INTERVAL_NS or text[-1:] not in ("s", "m", "h"):
        raise BadParameter("invalid max_interval: valid time units are 's', 'm', 'h'")
    if interval_ns > span_ns:
        raise BadParameter(f"max_interval can't be greater than the interval to be deleted ({span_ns // SECOND}s)")
