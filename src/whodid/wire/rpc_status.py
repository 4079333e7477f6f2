"""google.rpc.Status, the body of an error in OTLP: a code of gRPC and a message.

Two fields, written here by hand: the package that brings the message brings a hundred others. Source:
google/rpc/status.proto (Apache-2.0) and the OTLP/HTTP specification.
"""

import orjson

from whodid.wire.push_protobuf import length_prefixed

_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 422: 3, 429: 8, 499: 1, 503: 14, 504: 4}
"""HTTP status → gRPC code; anything else is INTERNAL."""
_INTERNAL = 13


def encode_status(http_status: int, message: str, *, as_json: bool) -> bytes:
    """The body that goes with an HTTP status."""
    code = _CODES.get(http_status, _INTERNAL)
    if as_json:
        return orjson.dumps({"code": code, "message": message})
    return bytes((0x08, code)) + b"\x12" + length_prefixed(message.encode("utf-8", "replace"))
