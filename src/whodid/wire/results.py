"""Query results as Loki's JSON: streams, matrix, vector, scalar, and the plain lists of the label endpoints.

Shapes: Grafana Loki HTTP API. With `X-Loki-Response-Encoding-Flags: categorize-labels` an entry is a 3-tuple whose
third part says which labels are structured metadata and which were parsed; without it they are folded into the stream.
"""

from typing import Any

import orjson

from whodid.model.clock import SECOND
from whodid.model.go_text import plain_float
from whodid.model.labels import format_labels
from whodid.model.result import Matrix, Result, Row, Scalar, Streams, Vector
from whodid.wire.statistics import encode_statistics

CATEGORIZE = "categorize-labels"


def encode_result(result: Result, *, categorize: bool = False) -> bytes:
    """The body of `query` and `query_range`."""
    data: dict[str, Any]
    if isinstance(result, Streams):
        found = stream_list(result.rows, categorize=categorize)
        found.sort(key=lambda stream: format_labels(stream["stream"]))
        data = {"resultType": "streams", "result": found}
        if categorize:
            data["encodingFlags"] = [CATEGORIZE]
    elif isinstance(result, Matrix):
        series = [
            {"metric": s.labels, "values": [[_seconds(ns), plain_float(v)] for ns, v in s.points]}
            for s in result.series
        ]
        data = {"resultType": "matrix", "result": series}
    elif isinstance(result, Vector):
        at = _seconds(result.ns)
        samples = [{"metric": labels, "value": [at, plain_float(v)]} for labels, v in result.samples]
        data = {"resultType": "vector", "result": samples}
    else:
        assert isinstance(result, Scalar)
        data = {"resultType": "scalar", "result": [_seconds(result.ns), plain_float(result.value)]}
    data["stats"] = encode_statistics(result)
    warnings = {"warnings": result.warnings} if isinstance(result, Matrix) and result.warnings else {}
    return orjson.dumps({"status": "success", **warnings, "data": data}) + b"\n"


def encode_data(data: Any) -> bytes:
    """The body of the label and series endpoints."""
    return orjson.dumps({"status": "success", "data": data}) + b"\n"


def stream_list(rows: list[Row], *, categorize: bool) -> list[dict[str, Any]]:
    """Rows grouped by their label set, each group in the rows' order."""
    groups: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for row in rows:
        labels = row.labels if categorize else {**row.labels, **row.metadata, **row.parsed}
        key = tuple(sorted(labels.items()))
        group = groups.get(key)
        if group is None:
            group = groups[key] = {"stream": labels, "values": []}
        entry: list[Any] = [str(row.ns), row.line]
        if categorize:
            entry.append(_categories(row))
        group["values"].append(entry)
    return list(groups.values())


def _categories(row: Row) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if row.metadata:
        out["structuredMetadata"] = row.metadata
    if row.parsed:
        out["parsed"] = row.parsed
    return out


def _seconds(ns: int) -> float | int:
    whole, rest = divmod(ns, SECOND)
    return whole if not rest else round(ns / 1e9, 3)
