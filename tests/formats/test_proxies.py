"""Who is believed about the client's address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.formats.errors import FormatError
from whodid.formats.proxies import TrustedProxies, forwarded_for

CASES = [
    # trusted, address of the connection, header, client
    ("10.0.0.0/8", "203.0.113.9", "198.51.100.7", "203.0.113.9"),  # a stranger may write anything
    ("10.0.0.0/8", "10.1.0.2", "198.51.100.7", "198.51.100.7"),
    ("10.0.0.0/8", "10.1.0.2", "1.1.1.1, 198.51.100.7", "198.51.100.7"),  # what the client itself sent stands left
    ("10.0.0.0/8", "10.1.0.2", "198.51.100.7, 10.4.4.4", "198.51.100.7"),
    ("10.0.0.0/8", "10.1.0.2", "10.5.5.5,10.4.4.4", "10.5.5.5"),
    ("10.0.0.0/8", "10.1.0.2", "198.51.100.7:4711", "198.51.100.7"),
    ("10.0.0.0/8", "10.1.0.2", "[2001:db8::7]:4711", "2001:db8::7"),
    ("10.0.0.0/8", "10.1.0.2", '"[2001:DB8::7]"', "2001:db8::7"),
    ("10.0.0.0/8", "::ffff:10.1.0.2", "::ffff:198.51.100.7", "198.51.100.7"),
    ("10.0.0.0/8", "10.1.0.2", "198.51.100.7, unknown", "10.1.0.2"),
    ("10.0.0.0/8", "10.1.0.2", "198.51.100.7, <script>, 10.4.4.4", "10.4.4.4"),
    ("10.0.0.0/8", "10.1.0.2", "198.51.100.7, ", "10.1.0.2"),
    ("10.0.0.0/8", "10.1.0.2", "", "10.1.0.2"),
    ("10.0.0.0/8", "10.1.0.2", "0198.51.100.7", "10.1.0.2"),
    ("unix:; 10.0.0.1", "unix:", "198.51.100.7", "198.51.100.7"),
    ("10.0.0.1", "unix:", "198.51.100.7", "unix:"),
    ("2001:db8::/32", "2001:db8::1", "198.51.100.7", "198.51.100.7"),
    ("", "10.1.0.2", "198.51.100.7", "10.1.0.2"),
]


@pytest.mark.parametrize(("trusted", "remote", "header", "client"), CASES)
def test_client(trusted: str, remote: str, header: str, client: str) -> None:
    assert TrustedProxies(trusted).client(remote, header) == client


@pytest.mark.parametrize("text", ["everybody", "10.0.0.0/33", "10.0.0.0/8 -"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(FormatError, match="trusted_proxies"):
        TrustedProxies(text)


@pytest.mark.parametrize(
    ("header", "as_list"),
    [
        ("for=192.0.2.7;proto=https", "192.0.2.7"),
        ('for="[2001:db8::7]:4711";by=10.0.0.1, For=10.0.0.2', "[2001:db8::7]:4711, 10.0.0.2"),
        ("by=10.0.0.1", "unknown"),
        ('for="x', ""),
    ],
)
def test_forwarded(header: str, as_list: str) -> None:
    assert forwarded_for(header) == as_list


@given(st.text(max_size=80), st.ip_addresses().map(str), st.lists(st.text(max_size=20), max_size=4))
def test_no_header_moves_the_blame_past_a_trusted_proxy(garbage: str, seen: str, hops: list[str]) -> None:
    """What the last trusted proxy saw stands rightmost: nothing before it counts."""
    proxies = TrustedProxies("10.1.0.2")
    header = ", ".join([garbage, *hops, seen])
    told = proxies.client("10.1.0.2", header)
    assert told in (TrustedProxies("").client(seen, ""), proxies.client("10.1.0.2", seen)) or seen == "10.1.0.2"
    assert proxies.client("203.0.113.9", header) == "203.0.113.9"
