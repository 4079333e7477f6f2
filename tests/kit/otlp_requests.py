"""OTLP requests for tests: written in JSON, also given as Google's protobuf message."""

import base64
import copy
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest


def request_of(*records: dict[str, Any], resource: Any = None, scope: Any = None) -> dict[str, Any]:
    """One resource, one scope, some records."""
    scope_logs = {**({"scope": scope} if scope else {}), "logRecords": list(records)}
    return {"resourceLogs": [{**({"resource": resource} if resource else {}), "scopeLogs": [scope_logs]}]}


def as_message(request: dict[str, Any]) -> ExportLogsServiceRequest:
    """The same as protobuf. Protobuf's own JSON has ids in base64, OTLP's in hex."""
    request = copy.deepcopy(request)
    for resource_logs in request["resourceLogs"]:
        for scope_logs in resource_logs["scopeLogs"]:
            for record in scope_logs["logRecords"]:
                for name in ("traceId", "spanId"):
                    if record.get(name):
                        record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
    return json_format.ParseDict(request, ExportLogsServiceRequest())


def as_protobuf(request: dict[str, Any]) -> bytes:
    return as_message(request).SerializeToString()
