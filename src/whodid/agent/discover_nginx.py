"""This machine's nginx: which files it logs to, and in which format, as its own configuration says.

Looks below a root, so that a container's or a test's file system can be looked at too. What the configuration's text
means is formats/nginx_config.py. Called by discover.py; without a configuration the usual paths are taken.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from whodid.agent.settings import SourceSettings
from whodid.formats.errors import FormatError
from whodid.formats.nginx_config import AccessLog, NginxLogs, nginx_logs
from whodid.formats.nginx_format import COMBINED, LogFormat

CONFIGURATIONS = ("etc/nginx/nginx.conf", "usr/local/nginx/conf/nginx.conf", "usr/local/etc/nginx/nginx.conf")
USUAL_ACCESS, USUAL_ERRORS = "var/log/nginx/access.log", "var/log/nginx/error.log"
JOB_ACCESS, JOB_ERRORS = "nginx", "nginx-error"
_MOST_FILES = 1000
_MOST_BYTES = 1 << 20


def read_nginx(root: Path) -> NginxLogs | None:
    """What nginx's configuration below `root` says; None where there is none that may be read."""
    for name in CONFIGURATIONS:
        file = root / name
        text = _text(file)
        if text is not None:
            home = "/" + str(Path(name).parent)
            return nginx_logs(text, partial(_included, root, home), home)
    return None


def discover_nginx(root: Path) -> list[SourceSettings]:
    """The sources that exist below `root`: one for each format that access logs have, one for the errors."""
    logs = read_nginx(root) or NginxLogs()
    access = {log.path: log for log in logs.access}
    if not access:
        access = {f"/{USUAL_ACCESS}": AccessLog(f"/{USUAL_ACCESS}", COMBINED)}
    by_format: dict[tuple[str, str], list[str]] = {}
    for log in access.values():
        if (path := _below(root, log.path)).is_file():
            by_format.setdefault((log.log_format, log.escape), []).append(str(path))
    found = [
        SourceSettings(JOB_ACCESS, "nginx_access", tuple(paths), options=_options(text, escape))
        for (text, escape), paths in by_format.items()
    ]
    errors = [_below(root, path) for path in logs.errors or (f"/{USUAL_ERRORS}",)]
    present = tuple(str(path) for path in errors if path.is_file())
    return [*found, SourceSettings(JOB_ERRORS, "nginx_error", present)] if present else found


def _options(text: str, escape: str) -> dict[str, str]:
    """What a source must be told; nothing where the format is the one that is assumed anyway."""
    if text == COMBINED:
        return {}
    try:
        LogFormat(text, escape)
    except FormatError:  # a format without any variable, or an escape that a newer nginx has: read it as it comes
        return {}
    return {"log_format": text, "escape": escape}


def _included(root: Path, home: str, pattern: str) -> Sequence[str]:
    """The texts of the files of an `include`, in nginx's order."""
    absolute = pattern if pattern.startswith("/") else f"{home}/{pattern}"
    if ".." in Path(absolute).parts:
        return ()
    try:
        files = sorted(root.glob(absolute.lstrip("/")))[:_MOST_FILES]
    except (OSError, ValueError):  # a pattern that is none
        return ()
    return [text for file in files if (text := _text(file)) is not None]


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _text(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:  # absent, or not for us to read
        return None
