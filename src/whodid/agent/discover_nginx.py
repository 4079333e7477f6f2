"""nginx's logs of this machine, as its own configuration names them, each with its format. Called by discover.py.

Debian's /etc/nginx and what it includes. Where there is none that can be read, the usual files in the usual format.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from whodid.agent.settings import SourceSettings
from whodid.formats.nginx_config import NginxLogs, nginx_logs
from whodid.formats.nginx_format import COMBINED

CONFIG: Final = "etc/nginx/nginx.conf"
ACCESS_JOB, ERROR_JOB = "nginx-access", "nginx-error"
USUAL_ACCESS, USUAL_ERROR = "var/log/nginx/access.log", "var/log/nginx/error.log"


def discover_nginx(root: Path) -> list[SourceSettings]:
    """One source for each format of access logs, and one for all error logs. Logs that do not exist are left out."""
    logs = _read(root)
    sources = []
    formats = dict.fromkeys((log.log_format, log.escape) for log in logs.access)
    for log_format, escape in formats:
        paths = [log.path for log in logs.access if (log.log_format, log.escape) == (log_format, escape)]
        options = {} if log_format == COMBINED else {"log_format": log_format, "escape": escape}
        sources.append(SourceSettings(ACCESS_JOB, "nginx_access", _there(root, paths), options=options))
    if not any(source.paths for source in sources):
        sources.append(SourceSettings(ACCESS_JOB, "nginx_access", _there(root, [f"/{USUAL_ACCESS}"])))
    errors = _there(root, logs.errors or [f"/{USUAL_ERROR}"])
    sources.append(SourceSettings(ERROR_JOB, "nginx_error", errors))
    return [source for source in sources if source.paths]


def _read(root: Path) -> NginxLogs:
    """What the configuration says; nothing where it cannot be read."""
    config = root / CONFIG

    def include(pattern: str) -> Sequence[str]:
        relative = pattern.lstrip("/") if pattern.startswith("/") else f"{config.parent.relative_to(root)}/{pattern}"
        return [text for path in sorted(root.glob(relative)) if (text := _text(path)) is not None]

    return nginx_logs(_text(config) or "", include)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return None


def _there(root: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Those that exist, below the root."""
    below = [root / path.lstrip("/") for path in paths]
    return tuple(dict.fromkeys(str(path) for path in below if path.is_file()))
