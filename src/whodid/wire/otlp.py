"""OTLP's export of logs, rewritten as Loki's push body, so that one write path serves both; and OTLP's answers.

Which attribute becomes what: Grafana Loki 3.7 as documented (send-data/otel) with its default configuration: a few
attributes of the resource are labels of the stream, all else is structured metadata of the line. Called by
api/routes/otlp.py; the messages are opentelemetry-proto's.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from whodid.errors import WhodidError
from whodid.model.labels import format_labels
from whodid.wire.otlp_json import read_json
from whodid.wire.otlp_values import TooManyAttributes, flattened, text_of
from whodid.wire.push_protobuf import (
    MalformedPush,
    encode_packed,
    encode_stream,
    pack_attribute,
    pack_attributes,
)

LABELS = frozenset(
    (
        "service.name",
        "service.namespace",
        "service.instance.id",
        "deployment.environment",
        "deployment.environment.name",
        "cloud.region",
        "cloud.availability_zone",
        "k8s.cluster.name",
        "k8s.namespace.name",
        "k8s.pod.name",
        "k8s.container.name",
        "container.name",
        "k8s.replicaset.name",
        "k8s.deployment.name",
        "k8s.statefulset.name",
        "k8s.daemonset.name",
        "k8s.cronjob.name",
        "k8s.job.name",
    )
)
"""Attributes of the resource that name the stream."""
UNKNOWN_SERVICE = "unknown_service"
_LEVELS = ("", *(name for name in ("trace", "debug", "info", "warn", "error", "fatal") for _ in range(4)))
_STATED = frozenset(("level", "severity", "lvl", "severitytext", "severity_text", "log_level", "detected_level"))
"""Attributes that state a level themselves; then the number is only a number."""
_NS_LIMIT = 1 << 63


class UnfoldsTooLarge(WhodidError):
    """Attributes shared by many records would fill the memory once each line carries its own (HTTP 413)."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A request as a push body."""

    body: bytes
    """Empty if no record is left."""
    rejected: int = 0
    """Records that cannot be stored."""
    reason: str = ""


def read_request(body: bytes, *, as_json: bool) -> Any:
    """The request. Raises MalformedPush."""
    if as_json:
        return read_json(body)
    try:
        return ExportLogsServiceRequest.FromString(body)
    except DecodeError as e:
        raise MalformedPush(f"the body is no OTLP ExportLogsServiceRequest: {e}") from None


def to_push(request: Any, now_ns: int, max_bytes: int) -> Rewritten:
    """The records as a push body; a record without any instant gets `now_ns`. Raises MalformedPush, UnfoldsTooLarge."""
    streams: dict[str, list[bytes]] = {}
    size = rejected = 0
    reason = ""
    for resource_logs in request.resource_logs:
        try:
            labels, of_resource = _resource(resource_logs.resource)
        except TooManyAttributes as e:
            rejected, reason = rejected + sum(len(s.log_records) for s in resource_logs.scope_logs), str(e)
            continue
        entries = streams.setdefault(format_labels(labels), [])
        for scope_logs in resource_logs.scope_logs:
            try:
                shared = _Shared(of_resource | _scope(scope_logs.scope))
            except TooManyAttributes as e:
                rejected, reason = rejected + len(scope_logs.log_records), str(e)
                continue
            for record in scope_logs.log_records:
                try:
                    entry = _entry(record, shared, now_ns)
                except TooManyAttributes as e:
                    rejected, reason = rejected + 1, str(e)
                    continue
                entries.append(entry)
                size += len(entry)
                if size > max_bytes:
                    raise UnfoldsTooLarge(f"the request unfolds to more than {max_bytes} bytes; send smaller batches")
    body = b"".join(encode_stream(text, entries) for text, entries in streams.items() if entries)
    return Rewritten(body, rejected, reason)


def encode_answer(*, as_json: bool, rejected: int, reason: str) -> bytes:
    """ExportLogsServiceResponse with what was not accepted."""
    if as_json:
        from google.protobuf.json_format import MessageToJson  # 30 ms of import that protobuf clients do not pay

        return str(MessageToJson(_answer(rejected, reason), indent=None)).encode()
    return bytes(_answer(rejected, reason).SerializeToString())


def _answer(rejected: int, reason: str) -> ExportLogsServiceResponse:
    answer = ExportLogsServiceResponse()
    answer.partial_success.rejected_log_records = rejected
    answer.partial_success.error_message = reason
    return answer


def _resource(resource: Any) -> tuple[Mapping[str, str], dict[str, str]]:
    """Labels of the stream, and metadata of its lines."""
    naming = [attribute for attribute in resource.attributes if attribute.key in LABELS]
    labels = {name: text for name, text in flattened(naming).items() if text}
    rest = flattened(attribute for attribute in resource.attributes if attribute.key not in LABELS)
    # A stream without any label cannot be pushed; the write path finds a better service_name where there is one.
    return labels or {"service_name": UNKNOWN_SERVICE}, rest


def _scope(scope: Any) -> dict[str, str]:
    out = flattened(scope.attributes)
    if scope.name:
        out["scope_name"] = scope.name
    if scope.version:
        out["scope_version"] = scope.version
    if scope.dropped_attributes_count:
        out["scope_dropped_attributes_count"] = str(scope.dropped_attributes_count)
    return out


class _Shared:
    """The metadata that all records of a scope have, encoded once."""

    def __init__(self, metadata: dict[str, str]) -> None:
        self.metadata = metadata
        self.names = metadata.keys()
        self.states_level = not _STATED.isdisjoint(map(str.lower, metadata))
        self.packed = _packed(metadata)


def _packed(metadata: Mapping[str, str]) -> bytes:
    """Without the cache of pack_attributes: it is for values that many lines have."""
    return b"".join([pack_attribute(name, text.encode("utf-8", "replace")) for name, text in metadata.items()])


def _entry(record: Any, shared: _Shared, now_ns: int) -> bytes:
    """One record as an entry of a push body. What a record says of itself counts before what it shares."""
    metadata = flattened(record.attributes)
    ns, observed_ns = _instant(record.time_unix_nano), _instant(record.observed_time_unix_nano)
    if severity := _severity(record.severity_number):
        metadata["severity_number"] = str(severity)
    if text := record.severity_text:
        metadata["severity_text"] = text
    elif 0 < severity < len(_LEVELS) and not shared.states_level and _STATED.isdisjoint(map(str.lower, metadata)):
        metadata["detected_level"] = _LEVELS[severity]
    if flags := record.flags:
        metadata["flags"] = str(flags)
    if event_name := record.event_name:
        metadata["event_name"] = event_name
    if dropped := record.dropped_attributes_count:
        metadata["dropped_attributes_count"] = str(dropped)
    own = _own(record, ns, observed_ns)
    names = metadata.keys()
    if shared.names.isdisjoint(names) and own.keys().isdisjoint(names) and shared.names.isdisjoint(own):
        packed = shared.packed + _packed(own) + pack_attributes(metadata)
    else:
        packed = pack_attributes({**shared.metadata, **metadata, **own})
    return encode_packed(ns or observed_ns or now_ns, text_of(record.body), packed)


def _own(record: Any, ns: int, observed_ns: int) -> dict[str, str]:
    """What hardly any two records have in common."""
    own: dict[str, str] = {}
    if ns and observed_ns:
        own["observed_timestamp"] = str(observed_ns)
    if trace_id := record.trace_id:
        own["trace_id"] = _hex(trace_id)
    if span_id := record.span_id:
        own["span_id"] = _hex(span_id)
    return own


def _instant(value: int | str) -> int:
    """Nanoseconds; JSON brings them as text."""
    try:
        ns = int(value)
    except ValueError:
        raise MalformedPush(f"the instant {value!r:.60} is no number of nanoseconds since 1970") from None
    if not 0 <= ns < _NS_LIMIT:
        raise MalformedPush(f"the instant {ns!r:.60} is out of range")
    return ns


def _severity(value: int | str) -> int:
    """The number; JSON may bring the enum's name, `SEVERITY_NUMBER_INFO2`."""
    if isinstance(value, int):
        return value
    name = value.removeprefix("SEVERITY_NUMBER_").lower()
    level, step = name.rstrip("234"), name[-1:]
    if value.isdecimal() and len(value) < 10:
        return int(value)
    if not level or level not in _LEVELS:
        return 0
    return _LEVELS.index(level) + (int(step) - 1 if step in ("2", "3", "4") else 0)


def _hex(value: bytes | str) -> str:
    """A trace or span id. In JSON it is hex; some clients send base64, as protobuf's own JSON would."""
    if isinstance(value, bytes):
        return value.hex()
    if len(value) in (16, 32):
        return value.lower()
    try:
        return base64.b64decode(value, validate=True).hex()
    except binascii.Error:
        return value
