"""This machine's usual logs, for an agent whose configuration names none. Looks, and asks nobody anything.

Where PostgreSQL writes is in its own configuration: discover_postgres.py.
"""

from pathlib import Path

from whodid.agent.discover_postgres import discover_postgres
from whodid.agent.settings import SourceSettings

PLAIN_LOGS = (
    # job, format, paths below the root
    ("nginx", "nginx_access", ("var/log/nginx/access.log",)),
    ("auth", "auth", ("var/log/auth.log", "var/log/secure")),
    ("fail2ban", "plain", ("var/log/fail2ban.log",)),
    ("syslog", "plain", ("var/log/syslog", "var/log/messages")),
)


def discover(root: Path = Path("/")) -> tuple[SourceSettings, ...]:
    """The sources that exist below `root`."""
    found = discover_postgres(root)
    for job, format, paths in PLAIN_LOGS:
        present = tuple(str(root / p) for p in paths if (root / p).is_file())
        if present:
            found.append(SourceSettings(job, format, present))
    return tuple(found)
