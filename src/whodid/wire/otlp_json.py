"""OTLP's export request in JSON, as structs with the field names of Google's protobuf classes.

So otlp.py reads both with the same code. Rules: the OTLP specification's JSON encoding: lowerCamelCase names, 64-bit
integers as text or number, trace and span ids in hex, enums as numbers, unknown fields ignored.
"""

from typing import Any

import msgspec

from whodid.wire.push_protobuf import MalformedPush


class _Struct(msgspec.Struct, rename="camel"):
    pass


class ArrayValue(_Struct):
    values: list["AnyValue"] = []


class KeyValueList(_Struct):
    values: list["KeyValue"] = []


class AnyValue(_Struct):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    array_value: ArrayValue | None = None
    kvlist_value: KeyValueList | None = None
    bytes_value: str | None = None

    def __post_init__(self) -> None:
        """Numbers come as text where JSON cannot hold them; a ValueError here is told with its place."""
        if isinstance(self.int_value, str):
            self.int_value = int(self.int_value)
        if isinstance(self.double_value, str):
            self.double_value = float(self.double_value)

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 – the name that Google's classes have
        """Which of the fields is set."""
        for name in self.__struct_fields__:
            if getattr(self, name) is not None:
                return name
        return None


class KeyValue(_Struct):
    key: str = ""
    value: AnyValue = msgspec.field(default_factory=AnyValue)


class Resource(_Struct):
    attributes: list[KeyValue] = []


class InstrumentationScope(_Struct):
    name: str = ""
    version: str = ""
    attributes: list[KeyValue] = []
    dropped_attributes_count: int = 0


class LogRecord(_Struct):
    time_unix_nano: int | str = 0
    observed_time_unix_nano: int | str = 0
    severity_number: int | str = 0
    severity_text: str = ""
    body: AnyValue = msgspec.field(default_factory=AnyValue)
    attributes: list[KeyValue] = []
    dropped_attributes_count: int = 0
    flags: int = 0
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


class ScopeLogs(_Struct):
    scope: InstrumentationScope = msgspec.field(default_factory=InstrumentationScope)
    log_records: list[LogRecord] = []


class ResourceLogs(_Struct):
    resource: Resource = msgspec.field(default_factory=Resource)
    scope_logs: list[ScopeLogs] = []


class ExportRequest(_Struct):
    resource_logs: list[ResourceLogs] = []


_decoder = msgspec.json.Decoder(ExportRequest)


def read_json(body: bytes) -> Any:
    """The request. Raises MalformedPush with the mistake's place."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise MalformedPush(f"the body is no OTLP request in JSON: {e}") from None
