"""What `whodid check` advises about logs of PostgreSQL and nginx: how they cannot be forged, with settings to paste.

Only advice: a text log is read as well as it can be. Which servers this machine has, and what they write, is found by
agent/discover_postgres.py and discover_nginx.py; why each setting matters stands in docs/guide/postgresql.md and
nginx.md.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from whodid.agent.discover_postgres import Cluster, clusters
from whodid.agent.settings import SourceSettings
from whodid.formats import FormatError
from whodid.formats.nginx_config import given_format

_JSON_SINCE: Final = 15
_PREFIX: Final = "%m [%p] session=%c line=%l user=%u db=%d client=%h app=%a "


def log_advice(sources: Iterable[SourceSettings], root: Path = Path("/")) -> Iterator[str]:
    """For each source that follows a log in which strangers can write lines: why not, and what to write instead."""
    known = clusters(root)
    for source in sources:
        if source.format == "postgres":
            cluster = next((one for one in known if set(source.paths) & {one.start, *one.logs.values()}), None)
            yield _better(source) if cluster and len(cluster.logs) > 1 else _advice(source, cluster)
        elif source.format == "nginx_access" and _escapes_nothing(source):
            yield (
                f"advice {source.job}: {', '.join(source.paths)} has a log_format with escape=none, so that any client "
                "can write whole lines of its own. In nginx's configuration take escape=none out (escape=json for JSON)"
            )


def _escapes_nothing(source: SourceSettings) -> bool:
    escape = source.options.get("escape")
    try:
        return (escape or given_format(source.options.get("log_format", ""))[1]) == "none"
    except FormatError:  # said by the check of the source itself
        return False


def _better(source: SourceSettings) -> str:
    return (
        f"advice {source.job}: {', '.join(source.paths)} is a text log, in which clients can imitate lines; its server "
        "writes a better one beside it: follow that instead (format postgres_json or postgres_csv)"
    )


def _advice(source: SourceSettings, cluster: Cluster | None) -> str:
    version = cluster.version if cluster else None
    kind = "jsonlog" if version is None or version >= _JSON_SINCE else "csvlog"
    older = f"  # before version {_JSON_SINCE}: 'csvlog'" if version is None else ""
    lines = (
        f"advice {source.job}: {', '.join(source.paths)} is a text log, in which clients can imitate lines; "
        f"{kind} cannot be fooled. In postgresql.conf, then restart PostgreSQL:",
        "logging_collector = on",
        f"log_destination = '{kind}'{older}",
        "log_connections = on",
        "log_disconnections = on",
        "log_statement = 'mod'",
        "log_min_duration_statement = 0",
        f"log_line_prefix = '{_PREFIX}'  # of the text log, if you keep it: app last, where it can forge least",
    )
    return "\n         ".join(lines)
