"""OTLP's attribute values as Loki writes them: one text, or names and texts where a map is flattened.

Values come as Google's classes (protobuf) or as the structs of otlp_json.py, which are read by the same names. Rules:
opentelemetry common.proto, and Grafana Loki 3.7 as observed: bodies and arrays as JSON, maps of attributes flattened
with `_`, characters that no label name may hold become `_`. What a hostile request could blow up is bounded here.
"""

import base64
import json
import math
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from whodid.errors import WhodidError
from whodid.model.go_text import plain_float

MAX_ATTRIBUTES = 1024
"""Attributes of one resource, scope or record, flattened. Loki takes 128 of a line by default."""
MAX_NAME_CHARS = 1024
_FOREIGN = re.compile("[^a-zA-Z0-9_]")


class TooManyAttributes(WhodidError):
    """The attributes of one record are more, or have longer names, than a line may carry."""


def text_of(value: Any) -> str:
    """A value as one text."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return str(value.string_value)
    if kind == "int_value":
        return str(int(value.int_value))
    if kind is None:
        return ""
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind == "double_value":
        return _float_text(float(value.double_value))
    if kind == "bytes_value":
        return _base64(value.bytes_value)
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def flattened(attributes: Iterable[Any]) -> dict[str, str]:
    """Names and texts of attributes. Raises TooManyAttributes."""
    out: dict[str, str] = {}
    for attribute in attributes:
        value = attribute.value
        if value.WhichOneof("value") == "string_value":  # nearly all are
            out[label_name(attribute.key)] = value.string_value
            if len(out) > MAX_ATTRIBUTES:
                raise TooManyAttributes(f"more than {MAX_ATTRIBUTES} attributes")
        else:
            for name, text in _pairs(attribute.key, value):
                out[name] = text
                if len(out) > MAX_ATTRIBUTES:
                    raise TooManyAttributes(f"more than {MAX_ATTRIBUTES} attributes")
    return out


@lru_cache(maxsize=8192)
def label_name(key: str) -> str:
    """A label name for an attribute's key: `k8s.pod.name` is `k8s_pod_name`."""
    if len(key) > MAX_NAME_CHARS:
        raise TooManyAttributes(f"the name of an attribute has more than {MAX_NAME_CHARS} characters")
    name = _FOREIGN.sub("_", key)
    if name[:1].isdigit():
        return f"key_{name}"
    return f"key{name}" if name.startswith("_") and not name.startswith("__") else name


def _pairs(key: str, value: Any) -> Iterator[tuple[str, str]]:
    name = label_name(key)
    if value.WhichOneof("value") != "kvlist_value":
        yield name, text_of(value)
        return
    for inner in value.kvlist_value.values:
        yield from _pairs(f"{name}_{inner.key}", inner.value)


def _plain(value: Any) -> Any:
    """A value as what json.dumps takes."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    found = getattr(value, kind)
    if kind == "kvlist_value":
        return {inner.key: _plain(inner.value) for inner in found.values}
    if kind == "array_value":
        return [_plain(inner) for inner in found.values]
    if kind == "bytes_value":
        return _base64(found)
    if kind == "int_value":
        return int(found)
    if kind == "double_value":
        return _plain_float(float(found))
    return found


def _plain_float(number: float) -> float | int | None:
    if not math.isfinite(number):
        return None  # JSON has no word for it
    return int(number) if number.is_integer() and abs(number) < 1e21 else number


def _float_text(number: float) -> str:
    size = abs(number)
    if not math.isfinite(number) or size == 0 or 1e-6 <= size < 1e21:
        return plain_float(number)
    digits, _, exponent = repr(number).partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent):+d}"


def _base64(value: bytes | str) -> str:
    """JSON requests bring it encoded already."""
    return value if isinstance(value, str) else base64.b64encode(value).decode()
