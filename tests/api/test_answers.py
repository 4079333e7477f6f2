"""gzip for those who take it, and only where it is worth it."""

import gzip
import json

import pytest

from kit.api_house import QUERY_RANGE, House
from whodid.api.routes import answers
from whodid.api.routes.answers import takes_gzip


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5, br", True),
        ("GZIP ; q=1.0", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("identity", False),
        ("snappy, zstd", False),
        ("", False),
    ],
)
def test_what_a_client_takes(accepted: str, taken: bool) -> None:
    assert takes_gzip(accepted) == taken


@pytest.mark.parametrize("lines", [40, 2000])
async def test_a_large_answer_is_compressed_for_whom_it_may_be(house: House, lines: int) -> None:
    await house.store({"job": "db"}, *(f"a line of some length that repeats itself: {n}" for n in range(lines)))
    asked = {"query": '{job="db"}', "limit": "5000"}
    encoding, small = await ask(house, QUERY_RANGE, "gzip", **asked)
    assert encoding == "gzip"
    encoding, large = await ask(house, QUERY_RANGE, "identity", **asked)
    assert encoding is None
    assert len(small) < len(large) / 3
    result = [json.loads(body)["data"]["result"] for body in (gzip.decompress(small), large)]
    assert result[0] == result[1]
    assert (len(large) >= answers.IN_THREAD_BYTES) == (lines == 2000)


async def test_a_small_answer_is_not(house: House) -> None:
    encoding, body = await ask(house, "/loki/api/v1/labels", "gzip")
    assert (encoding, json.loads(body)["status"]) == (None, "success")


async def ask(house: House, path: str, accepted: str, **parameters: str) -> tuple[str | None, bytes]:
    """Content-Encoding and the body as it was sent."""
    async with house.client.stream("GET", path, params=parameters, headers={"accept-encoding": accepted}) as got:
        raw = b"".join([part async for part in got.aiter_raw()])
        assert got.headers["vary"] == "Accept-Encoding"
        assert int(got.headers["content-length"]) == len(raw)
        return got.headers.get("content-encoding"), raw
