"""Addresses, and what is counted instead of told each time. (TLS: test_syslog.py, with real connections.)"""

import pytest

from kit.stepped_clock import SteppedClock
from whodid.sources.listening import CannotListen, Counted, is_loopback, read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:514", ("127.0.0.1", 514)),
        ("[::1]:6514", ("::1", 6514)),
        (":1514", ("", 1514)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert read_address(text, "here") == address


@pytest.mark.parametrize("text", ["", "127.0.0.1", "host:", "host:x", "host:-1", "host:65536", "host:²"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(CannotListen, match=r"here: .* is no address: write host:port"):
        read_address(text, "here")


def test_loopback() -> None:
    assert [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", "shop", "")] == [
        *[True] * 3,
        *[False] * 5,
    ]


def test_what_happens_often_is_told_with_a_sum(caplog: pytest.LogCaptureFixture) -> None:
    clock = SteppedClock()
    count = Counted(clock, lambda n: f"{n} lost", every_s=30)
    count.add()
    for _ in range(5):
        count.add(2)
    assert caplog.messages == ["1 lost"]
    clock.advance(31)
    count.add()
    assert caplog.messages == ["1 lost", "11 lost"]
    count.add()
    count.flush()
    count.flush()
    assert caplog.messages == ["1 lost", "11 lost", "1 lost"]
    assert count.total == 13
