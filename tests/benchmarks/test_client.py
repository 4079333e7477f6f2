"""Clients against a server that says what a test tells it to: nothing is hidden, and waiting is counted."""

import threading
import time
from urllib.parse import urlsplit

import pytest

from benchmarks.client import Client, Deed, Refused, flood, paced
from kit.stub_server import StubServer, stub_server


def port(stub: StubServer) -> int:
    return urlsplit(stub.url).port or 0


def test_an_answer_is_its_body_and_a_refusal_says_what_was_asked() -> None:
    with stub_server() as stub:
        stub.give("/metrics", b"up 1\n")
        stub.give("/busy", "too many", 429)
        client = Client(port(stub))
        assert client.get("/metrics", a="1 2") == b"up 1\n"
        assert stub.asked == [("/metrics", {"a": ["1 2"]})]
        with pytest.raises(Refused, match=r"GET /busy\?.*: 429 b'too many'"):
            client.get("/busy")
        assert client.get("/metrics") == b"up 1\n", "the connection can be used again"
        client.close()


def test_flood_raises_what_a_thread_met() -> None:
    with stub_server() as stub, pytest.raises(Refused, match="404"):  # it knows no such address
        flood(port(stub), [b"body"] * 3, 2)


def test_latency_counts_from_when_a_deed_was_due() -> None:
    stall_s = 0.3
    free = threading.Event()

    def stall(client: Client) -> None:
        time.sleep(stall_s)
        free.set()

    def quick(client: Client) -> None:
        assert free.is_set()

    deeds = [Deed(0.02, "quick", quick), Deed(0.0, "slow", stall)]
    slow, late = paced(1, deeds, 1, time.monotonic())
    assert (slow.kind, late.kind) == ("slow", "quick")
    assert slow.took_s >= stall_s
    assert late.late_s >= stall_s - 0.02 - 0.01
    assert late.took_s >= late.late_s


def test_deeds_wait_for_their_time_and_failures_are_kept() -> None:
    began = []

    def fail(client: Client) -> None:
        began.append(time.monotonic())
        raise Refused("no")

    begin = time.monotonic() + 0.05
    (done,) = paced(1, [Deed(0.1, "push", fail)], 3, begin)
    assert began[0] >= begin + 0.1
    assert done.problem == "push: Refused('no')"
