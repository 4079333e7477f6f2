"""What every listener needs: the address it may bind, how many may connect, and the certificates it shows.

Called by the receivers with listeners (syslog.py, push.py). Source of TLS' settings: Promtail's `tls_config`.
"""

import ipaddress
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from whodid.errors import WhodidError
from whodid.model.clock import Clock

HANDSHAKE_S: Final = 10.0
_log = logging.getLogger(__name__)


class CannotListen(WhodidError):
    """An address that cannot be listened on, or certificates that cannot be used."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """The listener's certificate; names as in Promtail's `tls_config`."""

    cert_file: str = ""
    """Certificate of the listener with its chain, in PEM."""
    key_file: str = ""
    """Its key, in PEM."""
    ca_file: str = ""
    """Certificates of authorities: only clients with a certificate of theirs are let in."""

    def context(self) -> ssl.SSLContext | None:
        """What TLS is spoken with; None where no certificate is named. Raises CannotListen."""
        if not self.cert_file and not self.key_file and not self.ca_file:
            return None
        if not self.cert_file or not self.key_file:
            raise CannotListen("tls_config: cert_file and key_file are needed, both")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.cert_file, self.key_file)
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as e:
            raise CannotListen(
                f"tls_config: {self.cert_file}, {self.key_file} or {self.ca_file or 'ca_file'} cannot be used: {e}"
            ) from None
        return context


def read_address(text: str, what: str) -> tuple[str, int]:
    """Host and port of `host:port`, `[::1]:port` or `:port` (every address). Raises CannotListen."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not (port.isascii() and port.isdigit()) or not 0 <= int(port) <= 65535:
        raise CannotListen(f"{what}: {text!r} is no address: write host:port, such as 127.0.0.1:1514 or [::1]:1514")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Counted:
    """Something that happens too often to be told each time: said at once, then at most once in a while, with a sum."""

    def __init__(self, clock: Clock, tell: Callable[[int], str], every_s: float = 30.0) -> None:
        self._clock = clock
        self._tell = tell
        self._every_s = every_s
        self._told_s: float | None = None
        self._untold = 0
        self.total = 0

    def add(self, number: int = 1) -> None:
        self.total += number
        self._untold += number
        self.flush(due=False)

    def flush(self, *, due: bool = True) -> None:
        """Says what is not said yet; without `due` only if the last time is long ago."""
        now_s = self._clock.monotonic_s()
        if self._untold and (due or self._told_s is None or now_s - self._told_s >= self._every_s):
            _log.warning("%s", self._tell(self._untold))
            self._told_s, self._untold = now_s, 0
