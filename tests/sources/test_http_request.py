"""Requests off a connection: cut anywhere the same, bounded, and nothing that could be read in two ways."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.sources.http_request import HEAD_BYTES, BadRequest, Head, answer, read_body, read_head

BODIES = st.lists(st.binary(max_size=50), max_size=5)


def read(data: bytes, most: int = 1000) -> list[tuple[Head, bytes]]:
    async def go() -> list[tuple[Head, bytes]]:
        reader = asyncio.StreamReader(limit=HEAD_BYTES)
        reader.feed_data(data)
        reader.feed_eof()
        found = []
        while (head := await read_head(reader)) is not None:
            found.append((head, await read_body(reader, head, most)))
        return found

    return asyncio.run(go())


def request(*headers: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"POST /loki/api/v1/push?x=1 HTTP/1.1", b"Host: a", *headers, b"", body])


@given(BODIES, st.booleans())
def test_requests_follow_each_other(bodies: list[bytes], chunked: bool) -> None:
    data = b""
    for body in bodies:
        if chunked:
            parts = b"".join(b"1;x=y\r\n%c\r\n" % byte for byte in body)
            data += request(b"Transfer-Encoding: chunked", body=parts + b"0\r\nTrailer: x\r\n\r\n")
        else:
            data += request(b"Content-Length: %d" % len(body), body=body)
    found = read(data)
    assert [body for _, body in found] == bodies
    assert all(head.path == "/loki/api/v1/push" and head.keep_alive for head, _ in found)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET\r\n\r\n", 400),
        (b"\x16\x03\x01 TLS\r\n\r\n", 400),
        (request(b"no header"), 400),
        (request(b"a : b"), 400),
        (request(b" folded: x"), 400),
        (request(b"Content-Length: 1", b"Content-Length: 2"), 400),
        (request(b"Content-Length: +1", body=b"x"), 400),
        (request(b"Content-Length: 1", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
        (request(b"Transfer-Encoding: gzip, chunked"), 400),
        (request(b"Content-Length: 1001"), 413),
        (request(b"Content-Length: 99999999999999999999"), 400),
        (request(b"Transfer-Encoding: chunked", body=b"3e9\r\n" + b"x" * 1001), 413),
        (request(b"Transfer-Encoding: chunked", body=b"1\r\nxx\r\n"), 400),
        (request(b"Transfer-Encoding: chunked", body=b"-1\r\nx\r\n"), 400),
        (request(b"X: " + b"x" * HEAD_BYTES), 400),
    ],
)
def test_what_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(BadRequest) as refused:
        read(data)
    assert refused.value.status == status


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    try:
        read(data)
        read(request(b"Transfer-Encoding: chunked", body=data))
    except (BadRequest, EOFError):
        pass


def test_answers() -> None:
    assert answer(204) == b"HTTP/1.1 204 No Content\r\n\r\n"
    assert answer(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    text = answer(429, "later", {"Retry-After": "5"}, keep_alive=False)
    assert text.startswith(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Length: 6\r\n")
    assert text.endswith(b"Connection: close\r\n\r\nlater\n")
