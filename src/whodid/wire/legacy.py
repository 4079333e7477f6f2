"""The answers of Loki's first API, `/api/prom/…`: streams as text labels and entries, values without an envelope.

Grafana before version 6.2, old promtails' `tail` and some scripts still read these. Source: Grafana Loki's manual of
version 1 and its pkg/loghttp/legacy, as observed.
"""

from typing import Any

import orjson

from whodid.model.clock import format_rfc3339
from whodid.model.labels import format_labels
from whodid.model.result import Streams
from whodid.wire.results import stream_list
from whodid.wire.statistics import encode_statistics


def encode_legacy_streams(result: Streams) -> bytes:
    """The body of `/api/prom/query`."""
    streams = [_stream(stream) for stream in stream_list(result.rows, categorize=False)]
    return orjson.dumps({"streams": streams, "stats": encode_statistics(result)}) + b"\n"


def encode_legacy_values(values: list[str]) -> bytes:
    """The body of `/api/prom/label` and `/api/prom/label/{name}/values`."""
    return orjson.dumps({"values": values}) + b"\n"


def legacy_frame(frame: str) -> str:
    """A frame of the tail as the first API had it."""
    parsed: dict[str, Any] = orjson.loads(frame)
    out: dict[str, Any] = {"streams": [_stream(stream) for stream in parsed["streams"]]}
    if parsed.get("dropped_entries"):
        out["dropped_entries"] = [
            {"timestamp": format_rfc3339(int(entry["timestamp"])), "labels": format_labels(entry["labels"])}
            for entry in parsed["dropped_entries"]
        ]
    return orjson.dumps(out).decode()


def _stream(stream: dict[str, Any]) -> dict[str, Any]:
    entries = [{"ts": format_rfc3339(int(value[0])), "line": value[1]} for value in stream["values"]]
    return {"labels": format_labels(stream["stream"]), "entries": entries}
