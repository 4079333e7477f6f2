"""`ip("…")`: is any address in this text the one asked for? Single address, CIDR network or range `a-b`, v4 and v6.

As Loki looks: wherever a few characters look like the beginning of an address, the run of an address' characters from
there on is taken for one, or for none, and looking goes on behind it. So `10.0.0.7.` at the end of a sentence is none.
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from whodid.query.errors import QueryError

Address = IPv4Address | IPv6Address
_BEGIN = re.compile(
    r"""(?=(?P<v4>[0-9])(?:\...|.\..|..\.))                      # a digit, and a full stop soon
      | (?=::[0-9a-fA-F]..|[0-9a-fA-F](?::...|[0-9a-fA-F](?::..|[0-9a-fA-F](?::.|[0-9a-fA-F]:))))""",
    re.VERBOSE | re.DOTALL,
)
_V4 = re.compile(r"[0-9.]*+")
_V6 = re.compile(r"[0-9a-fA-F:.]*+")


def contains(pattern: str) -> Callable[[str], bool]:
    """A function that tells whether a text holds a matching address. Raises QueryError for a bad pattern."""
    first, last = bounds(pattern)
    version, low, high = first.version, int(first), int(last)

    def holds(text: str) -> bool:
        at = 0
        while begin := _BEGIN.search(text, at):
            run = (_V4 if begin["v4"] else _V6).match(text, begin.start())
            assert run is not None, "it may be empty"
            address = _parse(run[0])
            if address is not None and address.version == version and low <= int(address) <= high:
                return True
            at = run.end() + 1
        return False

    return holds


def bounds(pattern: str) -> tuple[Address, Address]:
    """First and last address that the pattern names."""
    try:
        if "/" in pattern:
            network = ip_network(pattern, strict=False)
            return network[0], network[-1]
        first, _, last = pattern.partition("-")
        low = ip_address(first)
        high = ip_address(last) if last else low
    except ValueError:
        raise QueryError(f'ip: invalid pattern: "{pattern}"') from None
    if low.version != high.version or int(high) < int(low):
        raise QueryError(f'ip: invalid pattern: "{pattern}"')
    return low, high


def common_text(pattern: str) -> str:
    """Text that every line with a matching address holds; empty when there is none (v6 has many spellings)."""
    first, last = bounds(pattern)
    if first.version == 6:
        return ""
    if first == last:
        return str(first)
    shared: list[str] = []
    for a, b in zip(str(first).split("."), str(last).split("."), strict=True):
        if a != b:
            break
        shared.append(a + ".")
    return "".join(shared)


def _parse(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
