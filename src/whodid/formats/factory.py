"""The formats by the names that the configuration uses, and how one is made."""

from collections.abc import Callable
from typing import Final

from whodid.formats.auth import Auth
from whodid.formats.errors import FormatError
from whodid.formats.format import Format, FormatSettings
from whodid.formats.nginx_access import NginxAccess
from whodid.formats.plain import Plain
from whodid.formats.postgres import Postgres
from whodid.formats.postgres_csv import PostgresCsv
from whodid.formats.postgres_json import PostgresJson

FORMATS: Final[dict[str, Callable[[FormatSettings], Format]]] = {
    "postgres": Postgres,
    "postgres_json": PostgresJson,
    "postgres_csv": PostgresCsv,
    "nginx_access": NginxAccess,
    "auth": Auth,
    "plain": Plain,
}
OPTIONS: Final[dict[str, dict[str, tuple[str, ...]]]] = {"plain": {"multiline": ("stamp",)}}
"""What only one format can be told (`FormatSettings.options`), and the values that it takes; none: any text, which the
format itself judges when it is made."""


def make_format(name: str, settings: FormatSettings) -> Format:
    """A format for one followed file. Raises FormatError for an unknown name or settings it cannot work with."""
    factory = FORMATS.get(name)
    if factory is None:
        raise FormatError(f"unknown format {name!r}: use one of {', '.join(FORMATS)}")
    return factory(settings)
