"""What `whodid check` advises about PostgreSQL: a log that cannot be forged, with the exact settings to paste.

Only advice: a text log is read as well as it can be. Which servers this machine has, and what they write, is found by
agent/discover_postgres.py; why each setting matters stands in docs/guide/postgresql.md.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from whodid.agent.discover_postgres import Cluster, clusters
from whodid.agent.settings import SourceSettings

_JSON_SINCE: Final = 15
_PREFIX: Final = "%m [%p] session=%c line=%l user=%u db=%d client=%h app=%a "


def log_advice(sources: Iterable[SourceSettings], root: Path = Path("/")) -> Iterator[str]:
    """For each source that follows a text log of PostgreSQL: why not, and what to write into postgresql.conf."""
    known = clusters(root)
    for source in sources:
        if source.format == "postgres":
            cluster = next((one for one in known if set(source.paths) & {one.start, *one.logs.values()}), None)
            yield _better(source) if cluster and len(cluster.logs) > 1 else _advice(source, cluster)


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
