"""PostgreSQL's logs on this machine, as its own configuration names them: the JSON log rather than the CSV, that rather
than the text.

Where configurations are: Debian's /etc/postgresql/<version>/<cluster>, Red Hat's /var/lib/pgsql. The last setting wins
as in the server: included files in their place, ALTER SYSTEM's file last. Files in the usual directories that no
configuration names are found as well. Called by discover.py; `whodid check` asks for the clusters.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whodid.agent.settings import SourceSettings
from whodid.formats.postgres import DEFAULT_PREFIX

CONFIGURATIONS: Final = (
    "etc/postgresql/*/*/postgresql.conf",
    "var/lib/pgsql/data/postgresql.conf",
    "var/lib/pgsql/*/data/postgresql.conf",
)
USUAL_DIRECTORIES: Final = (
    "var/log/postgresql",
    "var/lib/pgsql/data/log",
    "var/lib/pgsql/*/data/log",
    "var/lib/pgsql/data/pg_log",
)
KINDS: Final = (
    ("jsonlog", "postgres_json", ".json"),
    ("csvlog", "postgres_csv", ".csv"),
    ("stderr", "postgres", ".log"),
)
"""Destination, format and suffix, the most trustworthy first."""
SERVER_PREFIX: Final = "%m [%p] "
"""What PostgreSQL itself has where nothing is configured; Debian's configuration sets another."""
_FILENAME: Final = "postgresql-%Y-%m-%d_%H%M%S.log"
_MOST_INCLUDED: Final = 50
_LINE: Final = re.compile(r"^\s*(\w+)(?:\s*=\s*|\s+)(?:'((?:[^'\\\n]|''|\\.)*)'|([^\s#']+))", re.MULTILINE)
_DATED: Final = re.compile(r"\d{4}-?\d\d-?\d\d(?:[_T-]?\d{4,6})?|(?<=-)(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")


@dataclass(frozen=True, slots=True)
class Cluster:
    """One server's logs."""

    version: int | None
    """Major version, where files tell it."""
    prefix: str
    timezone: str | None
    logs: Mapping[str, str]
    """By the format that reads it: the glob of each log that the server writes, below the root. Best first."""
    start: str
    """Where it writes without a collector, or before that runs."""

    @property
    def best(self) -> str:
        """The format to follow: the most trustworthy one, unless its files are missing and another's are there."""
        there = [format for format, pattern in self.logs.items() if any(_glob(pattern))]
        return (there or list(self.logs))[0]


def discover_postgres(root: Path) -> list[SourceSettings]:
    """One source for each cluster that a configuration tells of, and those of all other files."""
    found: list[SourceSettings] = []
    own: list[str] = []
    for cluster in clusters(root):
        own += [*cluster.logs.values(), cluster.start]
        if not any(Path(pattern).parent.is_dir() for pattern in cluster.logs.values()):
            continue
        prefix = cluster.prefix if cluster.best == "postgres" else ""
        found.append(_source(cluster.best, (cluster.logs[cluster.best],), (), prefix, cluster.timezone))
    return found + _others(root, own)


def clusters(root: Path) -> list[Cluster]:
    """The servers whose configuration can be read."""
    configurations = [path for pattern in CONFIGURATIONS for path in sorted(root.glob(pattern))]
    return [_cluster(root, configuration) for configuration in configurations]


def _cluster(root: Path, configuration: Path) -> Cluster:
    settings = _settings(configuration, root)
    debian = configuration.is_relative_to(root / "etc/postgresql")
    data = _below(root, settings.get("data_directory", ""), configuration.parent)
    settings |= _settings(data / "postgresql.auto.conf", root)
    parts = configuration.parts
    logs: dict[str, str] = {}
    if settings.get("logging_collector", "off").lower() in ("on", "true", "yes", "1"):
        directory = _below(root, settings.get("log_directory", "log"), data, inside=True)
        name = re.sub(r"%.(?:[-_:.]?%.)*", "*", settings.get("log_filename", _FILENAME))
        wanted = {part.strip().lower() for part in settings.get("log_destination", "stderr").split(",")}
        for destination, format, suffix in KINDS:
            if destination in wanted:
                own = name if suffix == ".log" else name.removesuffix(".log") + suffix
                logs[format] = str(directory / own)
    start = str(root / f"var/log/postgresql/postgresql-{parts[-3]}-{parts[-2]}.log" if debian else data / "logfile")
    if not logs:
        logs["postgres"] = start
    prefix = settings.get("log_line_prefix", DEFAULT_PREFIX if debian else SERVER_PREFIX)
    return Cluster(_version(data, parts[-3] if debian else ""), prefix, settings.get("log_timezone"), logs, start)


def _version(data: Path, named: str) -> int | None:
    text = named
    try:
        text = named or (data / "PG_VERSION").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else None


def _below(root: Path, path: str, base: Path, *, inside: bool = False) -> Path:
    """A path of the configuration: absolute ones stand below the root, others beside `base`, or in it."""
    if path.startswith("/"):
        return root / path.lstrip("/")
    return base / path if inside or not path else base.parent / path


def _settings(file: Path, root: Path) -> dict[str, str]:
    """The settings of a configuration file and of those that it includes; empty where they may not be read."""
    return dict(_lines(file, root, [_MOST_INCLUDED]))


def _lines(file: Path, root: Path, left: list[int]) -> Iterator[tuple[str, str]]:
    left[0] -= 1
    if left[0] < 0:
        return
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        return
    for name, quoted, bare in _LINE.findall(text):
        name = name.lower()
        value = bare or re.sub(r"''|\\(.)", lambda m: m[1] or "'", quoted)
        if name in ("include", "include_if_exists", "include_dir"):
            path = _below(root, value, file.parent, inside=True)
            for included in sorted(path.glob("*.conf")) if name == "include_dir" else [path]:
                yield from _lines(included, root, left)
        else:
            yield name, value
    if file.name == "postgresql.conf" and not re.search(r"^\s*include_dir\b", text, re.MULTILINE):
        for included in sorted((file.parent / "conf.d").glob("*.conf")):  # Debian's, which includes it by default
            yield from _lines(included, root, left)


def _others(root: Path, own: Sequence[str]) -> list[SourceSettings]:
    """Files in the usual directories that belong to no cluster above. Of those that differ in their suffix only, the
    best is followed, tomorrow's too."""
    directories = [path for pattern in USUAL_DIRECTORIES for path in sorted(root.glob(pattern)) if path.is_dir()]
    known = set(own)
    named = {file for pattern in own for file in _glob(pattern)}
    found: list[SourceSettings] = []
    for _, format, suffix in KINDS:
        files = [file for d in directories for file in sorted(d.glob(f"*{suffix}")) if file not in named]
        files = [file for file in files if _shape(file) not in known]
        if files or (format == "postgres" and directories and not own and not found):
            paths = tuple(f"{d}/*{suffix}" for d in directories)
            exclude = tuple(sorted(known))
            found.append(_source(format, paths, exclude, DEFAULT_PREFIX if format == "postgres" else "", None))
        known |= {_shape(file).removesuffix(suffix) + worse for file in files for worse in (".csv", ".log")}
    return found


def _shape(file: Path) -> str:
    """The file's path with its date, if it has one, left open."""
    return str(file.parent / _DATED.sub("*", file.name))


def _glob(pattern: str) -> list[Path]:
    path = Path(pattern)
    return list(path.parent.glob(path.name))


def _source(
    format: str, paths: tuple[str, ...], exclude: tuple[str, ...], prefix: str, zone: str | None
) -> SourceSettings:
    # Zones like "localtime" or "<+03>-03" are no names of the IANA database; the host's own zone is right for them.
    timezone = zone if zone and re.fullmatch(r"[A-Za-z]+(?:/[\w+-]+)*", zone) and zone != "localtime" else None
    return SourceSettings("database", format, paths, exclude, line_prefix=prefix, timezone=timezone)
