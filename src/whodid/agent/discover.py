"""This machine's usual logs, for an agent whose configuration names none. Looks, and asks nobody anything.

Where PostgreSQL writes is in its own configuration: discover_postgres.py.
"""

import os
from pathlib import Path

from whodid.agent.discover_nginx import discover_nginx
from whodid.agent.discover_postgres import discover_postgres
from whodid.agent.settings import SourceSettings
from whodid.sources.docker import DockerSettings
from whodid.sources.journal import JournalSettings

HOST_LOGS = (
    # job, format, paths below the root: where the packages of Debian, Red Hat, SUSE and the tools themselves put them
    ("backend", "backend", ("var/log/backend.log", "var/log/*/backend.log", "var/log/gunicorn/*.log",
                            "var/log/uwsgi/*.log", "var/log/uwsgi/app/*.log", "var/log/flask/*.log")),
    ("syslog", "syslog", ("var/log/syslog", "var/log/messages")),
    ("auth", "auth", ("var/log/auth.log", "var/log/secure")),
    ("kernel", "kernel", ("var/log/kern.log", "var/log/firewall")),
    ("ufw", "kernel", ("var/log/ufw.log",)),
    ("fail2ban", "fail2ban", ("var/log/fail2ban.log",)),
    ("cron", "cron", ("var/log/cron.log", "var/log/cron")),
    ("backups", "backup", ("var/log/backup*.log", "var/log/backups/*.log", "var/log/pg_dump*.log",
                           "var/log/pgbackrest/*.log", "var/log/barman/*.log", "var/log/restic*.log",
                           "var/log/borg*.log")),
)  # fmt: skip
JOURNALS = ("var/log/journal", "run/log/journal")


def discover(root: Path = Path("/")) -> tuple[SourceSettings, ...]:
    """The sources that exist below `root`."""
    found = discover_postgres(root)
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
