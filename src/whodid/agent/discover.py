"""This machine's usual logs, for an agent whose configuration names none. Looks, and asks nobody anything.

PostgreSQL's `log_line_prefix` is read from Debian's /etc/postgresql/<version>/<cluster>/ (postgresql.conf and conf.d,
the last setting wins, as PostgreSQL itself reads them); without it Debian's default is assumed.
"""

import os
import re
from pathlib import Path

from whodid.agent.discover_nginx import discover_nginx
from whodid.agent.settings import SourceSettings
from whodid.formats.postgres import DEFAULT_PREFIX
from whodid.sources.docker import DockerSettings
from whodid.sources.journal import JournalSettings

POSTGRES_LOGS = ("var/log/postgresql", "var/lib/pgsql/data/log")
HOST_LOGS = (
    # job, format, paths below the root: where Debian's and Red Hat's packages and the tools' own defaults put them
    ("backend", "backend", ("var/log/backend.log", "var/log/*/backend.log", "var/log/gunicorn/*.log",
                            "var/log/uwsgi/*.log", "var/log/uwsgi/app/*.log", "var/log/flask/*.log")),
    ("syslog", "syslog", ("var/log/syslog", "var/log/messages")),
    ("auth", "auth", ("var/log/auth.log", "var/log/secure")),
    ("kernel", "kernel", ("var/log/kern.log",)),
    ("ufw", "kernel", ("var/log/ufw.log",)),
    ("fail2ban", "fail2ban", ("var/log/fail2ban.log",)),
    ("cron", "cron", ("var/log/cron.log", "var/log/cron")),
    ("backups", "backup", ("var/log/backup*.log", "var/log/backups/*.log", "var/log/pg_dump*.log",
                           "var/log/pgbackrest/*.log", "var/log/barman/*.log", "var/log/restic*.log",
                           "var/log/borg*.log")),
)  # fmt: skip
JOURNALS = ("var/log/journal", "run/log/journal")
_SETTING = re.compile(r"^\s*(\w+)(?:\s*=\s*|\s+)(?:'((?:[^'\\]|''|\\.)*)'|([^\s#']+))", re.MULTILINE)


def discover(root: Path = Path("/")) -> tuple[SourceSettings, ...]:
    """The sources that exist below `root`."""
    found = _postgres(root)
    found += discover_nginx(root)
    for job, format, patterns in HOST_LOGS:
        present = tuple(str(root / p) for p in patterns if any(path.is_file() for path in root.glob(p)))
        if present:
            found.append(SourceSettings(job, format, present))
    found += _docker(root)
    found += _journal(root, {source.job for source in found})
    return tuple(found)


def _docker(root: Path) -> list[SourceSettings]:
    """The containers of this host, where the agent may know of them."""
    engine = [root / place for place in ("var/run/docker.sock", "var/lib/docker/containers")]
    if not any(os.access(place, os.R_OK) for place in engine):
        return []
    return [SourceSettings("docker", "", docker=DockerSettings())]


def _journal(root: Path, jobs: set[str]) -> list[SourceSettings]:
    """The journal, where no daemon writes what it holds into files as well: it would all be stored twice."""
    if jobs & {"syslog", "auth"} or not any((root / directory).is_dir() for directory in JOURNALS):
        return []
    return [SourceSettings("journal", "journal", options={"jobs": "by_program"}, journal=JournalSettings())]


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
