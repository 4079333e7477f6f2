"""Errors in OTLP's shape, read back by Google's class."""

import json

import pytest
from google.rpc.status_pb2 import Status

from whodid.wire.rpc_status import encode_status


@pytest.mark.parametrize(("http", "code"), [(400, 3), (413, 8), (429, 8), (503, 14), (504, 4), (500, 13), (418, 13)])
def test_status(http: int, code: int) -> None:
    message = "too much, ü" * 30
    status = Status.FromString(encode_status(http, message, as_json=False))
    assert (status.code, status.message) == (code, message)
    assert json.loads(encode_status(http, message, as_json=True)) == {"code": code, "message": message}
