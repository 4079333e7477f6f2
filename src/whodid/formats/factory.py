"""The formats by the names that the configuration uses, and how one is made."""

from collections.abc import Callable
from functools import partial
from typing import Final

from whodid.formats.backend import Backend
from whodid.formats.backup import Backup
from whodid.formats.errors import FormatError
from whodid.formats.fail2ban import Fail2ban
from whodid.formats.format import Format, FormatSettings
from whodid.formats.journal import Journal
from whodid.formats.nginx_access import NginxAccess
from whodid.formats.nginx_error import NginxError
from whodid.formats.plain import Plain
from whodid.formats.postgres import Postgres
from whodid.formats.postgres_json import PostgresJson
from whodid.formats.received import Received
from whodid.formats.syslog import Syslog


def make_format(name: str, settings: FormatSettings) -> Format:
    """A format for one followed file. Raises FormatError for an unknown name or settings it cannot work with."""
    factory = FORMATS.get(name)
    if factory is None:
        raise FormatError(f"unknown format {name!r}: use one of {', '.join(FORMATS)}")
    return factory(settings)


FORMATS: Final[dict[str, Callable[[FormatSettings], Format]]] = {
    "postgres": Postgres,
    "postgres_json": PostgresJson,
    "nginx_access": NginxAccess,
    "nginx_error": NginxError,
    "backend": Backend,
    "syslog": Syslog,
    "auth": Syslog,
    "kernel": Syslog,
    "cron": Syslog,
    "fail2ban": Fail2ban,
    "journal": Journal,
    "backup": Backup,
    "plain": Plain,
    "received": partial(Received, make=make_format),
}
OPTIONS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "backup": {"task": ()},
    "plain": {"multiline": ("stamp",)},
    "nginx_access": {"log_format": (), "escape": ("default", "json", "none"), "trusted_proxies": ()},
    "journal": {"jobs": ("by_program",)},
    "received": {"inner": (), "discovered": ("keep",)},
}
"""What only one format can be told (`FormatSettings.options`), and the values that it takes; none: any text, which the
format itself judges when it is made."""
