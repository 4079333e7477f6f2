"""Unpacking stops at the limit. (What else it reads: tests/api/test_unpack.py.)"""

import gzip

import cramjam
import pytest

from whodid.wire.unpack import UnpacksTooLarge, inflate, unsnappy


def test_the_limit_is_exact() -> None:
    data = b"x" * 1000
    packed = bytes(cramjam.snappy.compress_raw(data))
    assert unsnappy(packed, 1000) == inflate(gzip.compress(data), "gzip", 1000) == data
    with pytest.raises(UnpacksTooLarge, match="more than 999 bytes"):
        unsnappy(packed, 999)
    with pytest.raises(UnpacksTooLarge, match="more than 999 bytes"):
        inflate(gzip.compress(data), "gzip", 999)
