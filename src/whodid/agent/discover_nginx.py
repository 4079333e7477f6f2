"""nginx's logs of this machine, as its own configuration names them, each with its format. Called by discover.py.

Debian's /etc/nginx and what it includes. Where there is none that can be read, the usual files in the usual format.
"""

import glob
import os
import re
import stat
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from whodid.agent.settings import SourceSettings
from whodid.formats.errors import FormatError
from whodid.formats.nginx_config import NginxLogs, nginx_logs
from whodid.formats.nginx_format import COMBINED, ESCAPES, LogFormat

CONFIG: Final = Path("etc/nginx/nginx.conf")
ACCESS_JOB, ERROR_JOB = "nginx-access", "nginx-error"
_MOST_FILES: Final = 2000
_MOST_BYTES: Final = 8 << 20
USUAL_ACCESS, USUAL_ERROR = "var/log/nginx/access.log", "var/log/nginx/error.log"


def discover_nginx(root: Path) -> list[SourceSettings]:
    """One source for each format of access logs, and one for all error logs. Logs that do not exist are left out."""
    logs = read_nginx(root)
    sources = []
    formats = dict.fromkeys((log.log_format, log.escape) for log in logs.access)
    for log_format, escape in formats:
        paths = [log.path for log in logs.access if (log.log_format, log.escape) == (log_format, escape)]
        options = _options(log_format, escape)
        sources.append(SourceSettings(ACCESS_JOB, "nginx_access", _there(root, paths), options=options))
    if not any(source.paths for source in sources):
        sources.append(SourceSettings(ACCESS_JOB, "nginx_access", _there(root, [f"/{USUAL_ACCESS}"])))
    errors = _there(root, logs.errors or [f"/{USUAL_ERROR}"])
    sources.append(SourceSettings(ERROR_JOB, "nginx_error", errors))
    return [source for source in sources if source.paths]


def read_nginx(root: Path) -> NginxLogs:
    """What the configuration says; nothing where it cannot be read. Never raises."""
    included = _Included(root, str(Path("/") / CONFIG.parent))
    return nginx_logs(_text(root / CONFIG, _MOST_BYTES) or "", included)


class _Included:
    """The texts of the files that `include` names, as nginx finds them: glob(3), relative to its configuration's
    directory. What would lead out of that (`..`) is left alone, and of everything there is an end."""

    def __init__(self, root: Path, home: str) -> None:
        self._root, self._home = root, home
        self._files_left, self._bytes_left = _MOST_FILES, _MOST_BYTES

    def __call__(self, pattern: str) -> Sequence[str]:
        absolute = pattern if pattern.startswith("/") else f"{self._home}/{pattern}"
        if ".." in absolute.split("/") or self._files_left <= 0 or self._bytes_left <= 0:
            return ()
        found = glob.iglob(absolute.strip("/"), root_dir=self._root)  # noqa: PTH207 – glob(3): ** is *
        try:
            files = sorted(islice(found, self._files_left))
        except (OSError, ValueError, re.error):  # no pattern that any file could have
            return ()
        self._files_left -= 1 + len(files)
        return [text for file in files if (text := self._read(self._root / file)) is not None]

    def _read(self, file: Path) -> str | None:
        text = _text(file, self._bytes_left)
        self._bytes_left -= len(text or "")
        return text


def _text(file: Path, most_bytes: int) -> str | None:
    """The text of a regular file; None where there is none that may be read. A pipe would never end."""
    try:
        with open(file, "rb", opener=_at_once) as opened:
            return opened.read(most_bytes).decode("utf-8", "replace") if _is_regular(opened.fileno()) else None
    except (OSError, ValueError):
        return None


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _is_regular(fd: int) -> bool:
    return stat.S_ISREG(os.fstat(fd).st_mode)


def _options(log_format: str, escape: str) -> dict[str, str]:
    """What the source must be told; nothing where its format is the one that is assumed, or none that can be read."""
    if log_format == COMBINED or escape not in ESCAPES:
        return {}
    try:
        LogFormat(log_format, escape)
    except FormatError:  # a text without a variable: its lines are stored as they come
        return {}
    return {"log_format": log_format, "escape": escape}


def _there(root: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Those that exist, below the root."""
    below = [root / path.lstrip("/") for path in paths]
    return tuple(dict.fromkeys(str(path) for path in below if path.is_file()))
