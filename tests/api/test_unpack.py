"""Bodies unpacked within bounds: exactly at the limit is allowed, one byte more is not."""

import gzip
import zlib
from collections.abc import Callable

import cramjam
import pytest

from whodid.api.errors import BodyTooLarge
from whodid.api.routes.unpack import inflate, unframe, unsnappy
from whodid.wire.push_protobuf import MalformedPush

WAYS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes, int], bytes]]] = {
    "snappy": (lambda data: bytes(cramjam.snappy.compress_raw(data)), unsnappy),
    "gzip": (gzip.compress, lambda body, most: inflate(body, "gzip", most)),
    "deflate": (zlib.compress, lambda body, most: inflate(body, "deflate", most)),
    "zstd": (lambda data: bytes(cramjam.zstd.compress(data)), lambda body, most: unframe(body, "zstd", most)),
    "lz4": (lambda data: bytes(cramjam.lz4.compress(data)), lambda body, most: unframe(body, "lz4", most)),
}


@pytest.mark.parametrize("way", WAYS)
def test_there_and_back_up_to_the_limit(way: str) -> None:
    pack, unpack = WAYS[way]
    for data in (b"", b"x", bytes(range(256)) * 40):
        assert unpack(pack(data), max(len(data), 1)) == data
    with pytest.raises(BodyTooLarge, match="more than 999 bytes"):
        unpack(pack(b"x" * 1000), 999)


@pytest.mark.parametrize("way", WAYS)
def test_rubbish_is_told(way: str) -> None:
    with pytest.raises(MalformedPush):
        WAYS[way][1](b"\x07\xfe rubbish", 1000)
