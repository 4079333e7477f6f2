"""The real client behind proxies that are trusted: who a forwarding header speaks for.

Anybody may send such a header, so it counts only when the connection came from a trusted proxy, and of the addresses
in it only the one that a trusted proxy saw: the rightmost that is not trusted itself. Used by the formats of web
servers. Sources: nginx's ngx_http_realip_module (`real_ip_recursive on` does the same), RFC 7239.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from whodid.formats.errors import FormatError

_MOST_HOPS: Final = 64
_MOST_REMEMBERED: Final = 4096
_WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::[\w.-]+)?|([0-9.]+):[0-9]+", re.ASCII)
_FORWARDED_FOR: Final = re.compile(r"""(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;"\s]*))""", re.IGNORECASE)


class TrustedProxies:
    """Addresses and networks whose word is taken."""

    __slots__ = ("_networks", "_seen", "_unix")

    def __init__(self, text: str) -> None:
        """Reads `10.0.0.0/8, 2001:db8::1, unix:`. Raises FormatError for anything else."""
        self._networks: list[IPv4Network | IPv6Network] = []
        self._unix = False
        self._seen: dict[str, tuple[str, bool]] = {}
        for word in filter(None, re.split(r"[\s,;]+", text)):
            if word == "unix:":
                self._unix = True
                continue
            try:
                self._networks.append(ip_network(word, strict=False))
            except ValueError:
                raise FormatError(
                    f"trusted_proxies: {word!r} is no address and no network: write 10.0.0.0/8, 2001:db8::1 or unix:"
                ) from None

    def __bool__(self) -> bool:
        return self._unix or bool(self._networks)

    def client(self, remote: str, forwarded: str) -> str:
        """The address that `forwarded` names, as told by the proxy at `remote`; `remote` itself where it names none."""
        if not self._judge(remote)[1]:
            return remote
        client = remote
        for hop in reversed(forwarded.rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]):
            address, trusted = self._judge(_bare(hop))
            if not address:
                break  # "unknown" or rubbish: nobody vouches for what stands left of it
            client = address
            if not trusted:
                break
        return client

    def _judge(self, text: str) -> tuple[str, bool]:
        """The address as one writes it, empty if it is none; and whether it is trusted."""
        found = self._seen.get(text)
        if found is None:
            if len(self._seen) >= _MOST_REMEMBERED:
                self._seen.clear()
            found = self._seen[text] = self._look_up(text) if len(text) <= 64 else ("", False)
        return found

    def _look_up(self, text: str) -> tuple[str, bool]:
        if text == "unix:":
            return text, self._unix
        try:
            address: IPv4Address | IPv6Address = ip_address(text)
        except ValueError:
            return "", False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return str(address), any(address in network for network in self._networks)


def forwarded_for(header: str) -> str:
    """The addresses of a `Forwarded` header (RFC 7239) as X-Forwarded-For would have them."""
    hops = []
    for element in header.rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]:
        match = _FORWARDED_FOR.search(element)
        hops.append((match.group(1) or match.group(2) or "") if match else "unknown")
    return ", ".join(hops)


def _bare(hop: str) -> str:
    """An address without what may stand around it: blanks, quotes, a port."""
    text = hop.strip().strip('"')
    match = _WITH_PORT.fullmatch(text)
    return (match.group(1) or match.group(2) or "") if match else text
