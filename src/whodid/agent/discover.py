"""This machine's usual logs, for an agent whose configuration names none. Looks, and asks nobody anything.

PostgreSQL's `log_line_prefix` is read from Debian's /etc/postgresql/<version>/<cluster>/ (postgresql.conf and conf.d,
the last setting wins, as PostgreSQL itself reads them); without it Debian's default is assumed.
"""

import re
from pathlib import Path

from whodid.agent.settings import SourceSettings
from whodid.formats.postgres import DEFAULT_PREFIX

POSTGRES_LOGS = ("var/log/postgresql", "var/lib/pgsql/data/log")
PLAIN_LOGS = (
    # job, format, paths below the root
    ("nginx", "nginx_access", ("var/log/nginx/access.log",)),
    ("auth", "auth", ("var/log/auth.log", "var/log/secure")),
    ("fail2ban", "plain", ("var/log/fail2ban.log",)),
    ("syslog", "plain", ("var/log/syslog", "var/log/messages")),
)
_SETTING = re.compile(r"^\s*(\w+)(?:\s*=\s*|\s+)(?:'((?:[^'\\]|''|\\.)*)'|([^\s#']+))", re.MULTILINE)


def discover(root: Path = Path("/")) -> tuple[SourceSettings, ...]:
    """The sources that exist below `root`."""
    found = _postgres(root)
    for job, format, paths in PLAIN_LOGS:
        present = tuple(str(root / p) for p in paths if (root / p).is_file())
        if present:
            found.append(SourceSettings(job, format, present))
    return tuple(found)


def _postgres(root: Path) -> list[SourceSettings]:
    """One source per cluster whose prefix is known by its own configuration, and one for all other files."""
    sources: list[SourceSettings] = []
    own: list[str] = []
    for config in sorted((root / "etc/postgresql").glob("*/*/postgresql.conf")):
        settings = _read_settings(config)
        log = root / f"var/log/postgresql/postgresql-{config.parts[-3]}-{config.parts[-2]}.log"
        if log.parent.is_dir():
            prefix = settings.get("log_line_prefix", DEFAULT_PREFIX)
            own.append(str(log))
            sources.append(_source("postgres", (str(log),), (), prefix, settings.get("log_timezone")))
    directories = [root / d for d in POSTGRES_LOGS if (root / d).is_dir()]
    others = [p for d in directories for p in sorted(d.glob("*.log")) if str(p) not in own]
    if others or (directories and not own):
        paths = tuple(f"{d}/*.log" for d in directories)
        sources.append(_source("postgres", paths, tuple(own), DEFAULT_PREFIX, None))
    if any(p for d in directories for p in d.glob("*.json")):
        sources.append(_source("postgres_json", tuple(f"{d}/*.json" for d in directories), (), "", None))
    return sources


def _source(
    format: str, paths: tuple[str, ...], exclude: tuple[str, ...], prefix: str, zone: str | None
) -> SourceSettings:
    # Zones like "localtime" or "<+03>-03" are no names of the IANA database; the host's own zone is right for them.
    timezone = zone if zone and re.fullmatch(r"[A-Za-z]+(?:/[\w+-]+)*", zone) and zone != "localtime" else None
    return SourceSettings("database", format, paths, exclude, line_prefix=prefix, timezone=timezone)


def _read_settings(config: Path) -> dict[str, str]:
    """The settings of a postgresql.conf and of its conf.d; empty where they may not be read."""
    settings: dict[str, str] = {}
    for file in (config, *sorted((config.parent / "conf.d").glob("*.conf"))):
        try:
            text = file.read_text("utf-8", "replace")
        except OSError:
            continue
        for name, quoted, bare in _SETTING.findall(text):
            settings[name.lower()] = bare or re.sub(r"''|\\(.)", lambda m: m[1] or "'", quoted)
    return settings
