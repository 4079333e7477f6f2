"""What Grafana's hints and its Logs Drilldown ask besides queries: parameters and answers of these endpoints.

index/stats, index/volume, patterns, detected_labels, detected_fields, format_query and drilldown-limits. Shapes and
words: Grafana Loki 3.7's HTTP API; some of its answers stand without `status` and `data`, as here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from whodid.model.clock import SECOND
from whodid.wire.params import BadParameter, read_bounds, read_limit, read_query, read_span, read_step

DEFAULT_FIELDS = 1000
DEFAULT_SAMPLE_LINES = 100
DEFAULT_SERIES = 100
MOST_FIELDS = 10_000
"""Fields, or values of one, that are told: what a line of hostile JSON may bring is bounded."""
LEAST_PATTERN_STEP_NS = 10 * SECOND
MOST_TARGETS = 50


@dataclass(frozen=True, slots=True)
class VolumeParameters:
    """What `index/volume` was asked."""

    query: str
    start_ns: int
    end_ns: int
    limit: int
    targets: tuple[str, ...]
    by: Literal["series", "labels"]


@dataclass(frozen=True, slots=True)
class FieldParameters:
    """What `detected_fields` was asked."""

    query: str
    start_ns: int
    end_ns: int
    line_limit: int
    field_limit: int


def read_volume(values: Mapping[str, str], now_ns: int) -> VolumeParameters:
    """All parameters of `index/volume` and `index/volume_range` but the step."""
    limit = DEFAULT_SERIES if values.get("limit") == "0" else read_limit(values)
    start_ns, end_ns = read_bounds(values, now_ns)
    targets = tuple(name.strip() for name in (values.get("targetLabels") or "").split(",") if name.strip())
    if len(targets) > MOST_TARGETS:
        raise BadParameter(f"targetLabels names {len(targets)} labels; at most {MOST_TARGETS} make a series")
    match values.get("aggregateBy") or "series":
        case "series":
            return VolumeParameters(read_query(values), start_ns, end_ns, limit, targets, "series")
        case "labels":
            return VolumeParameters(read_query(values), start_ns, end_ns, limit, targets, "labels")
        case _:
            raise BadParameter("invalid aggregation option")


def read_fields(values: Mapping[str, str], now_ns: int) -> FieldParameters:
    """All parameters of `detected_fields` and of a field's values."""
    start_ns, end_ns = read_bounds(values, now_ns)
    line_limit = read_limit(values, "line_limit", DEFAULT_SAMPLE_LINES)
    name = "limit" if values.get("limit") else "field_limit"  # as older versions of Loki's clients have it
    field_limit = min(read_limit(values, name, DEFAULT_FIELDS), MOST_FIELDS)
    read_step(values, start_ns, end_ns)  # of no use, but Loki refuses a bad one
    return FieldParameters(read_query(values), start_ns, end_ns, line_limit, field_limit)


def read_pattern_step(values: Mapping[str, str], start_ns: int, end_ns: int) -> int:
    """`step` of `patterns`: ten seconds at least, since patterns are counted in such slices."""
    if values.get("step"):
        step_ns = read_span(values["step"])
        if step_ns <= 0:
            raise BadParameter("zero or negative query resolution step widths are not accepted. Try a positive integer")
    else:
        step_ns = max((end_ns - start_ns) // (250 * SECOND), 1) * SECOND
    return max(step_ns, LEAST_PATTERN_STEP_NS)


def encode_plain(value: Any) -> bytes:
    """An answer without an envelope."""
    return orjson.dumps(value) + b"\n"


def encode_fields(fields: Sequence[Mapping[str, Any]], limit: int) -> bytes:
    """The body of `detected_fields`: each of the fields as label, type, cardinality, parsers, jsonPath."""
    return encode_plain({"fields": fields, "limit": limit} if fields else {})


def encode_field_values(values: Sequence[str], limit: int) -> bytes:
    """The body of a field's values."""
    return encode_plain({"values": values, "limit": limit} if values else {})


def encode_patterns(patterns: Sequence[tuple[str, str, Sequence[tuple[int, int]]]]) -> bytes:
    """The body of `patterns`: pattern, level and (seconds, lines) of each."""
    data = [
        {"pattern": pattern, "level": level, "samples": [list(sample) for sample in samples]}
        for pattern, level, samples in patterns
    ]
    return encode_plain({"status": "success", "data": data})
