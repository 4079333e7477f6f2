"""The formats by the names that the configuration uses, and how one is made."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from whodid.formats.backend import Backend
from whodid.formats.backup import Backup
from whodid.formats.docker import Docker
from whodid.formats.errors import FormatError
from whodid.formats.fail2ban import Fail2ban
from whodid.formats.format import Format, FormatSettings
from whodid.formats.journal import Journal
from whodid.formats.message_rules import Reader
from whodid.formats.nginx_access import NginxAccess
from whodid.formats.nginx_error import NginxError
from whodid.formats.plain import Plain
from whodid.formats.postgres import Postgres
from whodid.formats.postgres_csv import PostgresCsv
from whodid.formats.postgres_json import PostgresJson
from whodid.formats.raw import Raw
from whodid.formats.received import Received
from whodid.formats.syslog import Syslog


def make_format(name: str, settings: FormatSettings) -> Format:
    """A format for one followed file. Raises FormatError for an unknown name or settings it cannot work with."""
    factory = FORMATS.get(name)
    if factory is None:
        raise FormatError(f"unknown format {name!r}: use one of {', '.join(FORMATS)}")
    made = factory(settings)
    if isinstance(made, Syslog | Journal):
        for program, inner in _inner_formats(settings.options.get("programs", "")):
            made.programs.add(program, _reader_of(make_format(inner, replace(settings, options={}))))
    return made


def _inner_formats(text: str) -> list[tuple[str, str]]:
    """`postgres=postgres, nginx=nginx_access`: the format of what these programs say."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    for program, sign, inner in pairs:
        if not program.strip() or not sign or not inner.strip():
            raise FormatError(f"option programs: {text!r} is no list like postgres=postgres, nginx=nginx_access")
    return [(program.strip(), inner.strip()) for program, _, inner in pairs]


def _reader_of(inner: Format) -> Reader:
    def read(message: str, out: dict[str, str]) -> bool:
        parsed = inner.parse(message)
        out.update(parsed.attributes)
        return parsed.understood

    return read


FORMATS: Final[dict[str, Callable[[FormatSettings], Format]]] = {
    "postgres": Postgres,
    "postgres_json": PostgresJson,
    "postgres_csv": PostgresCsv,
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
    "raw": Raw,
    "received": partial(Received, make=make_format),
    "docker": partial(Docker, make=make_format),
}
OPTIONS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "backup": {"task": ()},
    "syslog": {"programs": ()},
    "plain": {"multiline": ("stamp",)},
    "nginx_access": {"log_format": (), "escape": ("default", "json", "none"), "trusted_proxies": ()},
    "journal": {"jobs": ("by_program",), "programs": (), "line": ("record",)},
    "received": {"inner": (), "stderr": (), "discovered": ("keep",), "labels": ("leave_out",), "fixed": ()},
    "docker": {"inner": (), "stderr": (), "discovered": ("keep",), "labels": ("leave_out",), "fixed": ()},
}
"""What only one format can be told (`FormatSettings.options`), and the values that it takes; none: any text, which the
format itself judges when it is made."""
