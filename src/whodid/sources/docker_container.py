"""What a container is, out of what the engine knows of it: its labels, and what its log is likely to hold. Pure.

Read from the API's inspect answer and from `config.v2.json` on the disk alike: both write the same names. Sources:
Docker Engine API; Prometheus' `docker_sd_configs` for the names of discovered labels and for `filters`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from whodid.sources.receiver import Origin

FORMAT_LABEL: Final = "whodid.format"
JOB_LABEL: Final = "whodid.job"
PREFIX_LABEL: Final = "whodid.line_prefix"
POSTGRES_PREFIX: Final = "%m [%p] "
"""PostgreSQL's own default, which its images do not change."""
_COMPOSE: Final = "com.docker.compose."
_POSTGRES: Final = frozenset({"postgres", "postgresql", "postgis", "pgvector", "timescaledb"})
_BACKEND: Final = frozenset({"gunicorn", "python", "flask", "backend", "uwsgi"})


@dataclass(frozen=True, slots=True)
class Filter:
    """Which containers, as in `docker_sd_configs`: those of which one value fits."""

    name: str
    """`name`, `id`, `label`, `status` or another one that the engine knows."""
    values: tuple[str, ...]
    """For `label`: `name` or `name=value`."""


@dataclass(frozen=True, slots=True)
class Container:
    """One container."""

    id: str
    name: str
    """Without the slash that the engine puts in front."""
    image: str
    """As it was named when the container was made: `postgres:15-alpine`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    terminal: bool = False
    driver: str = "json-file"
    """Where the engine keeps its log."""
    log_path: str = ""
    running: bool = False
    status: str = ""
    """created, running, paused, restarting, exited, dead"""
    network_mode: str = ""
    network: Mapping[str, str] = field(default_factory=dict)
    """`id`, `name` and `ip` of its first network."""

    @property
    def service(self) -> str:
        return self.labels.get(f"{_COMPOSE}service", "")

    def origin(self, known_formats: Sequence[str], job: str = "") -> Origin:
        """Where its log comes from. Formats that are not known are not suggested."""
        suggested = suggest_format(self.image, self.service or self.name)
        asked = self.labels.get(FORMAT_LABEL, "")
        if asked in known_formats:
            suggested = Suggestion(asked, line_prefix=POSTGRES_PREFIX if asked == "postgres" else "")
        names = {
            "job": self.labels.get(JOB_LABEL, "") or job,
            "container": self.name,
            "image": self.image,
            "compose_project": self.labels.get(f"{_COMPOSE}project", ""),
            "compose_service": self.service,
        }
        return Origin(
            inbox_key(self.id),
            {name: value for name, value in names.items() if value},
            self._discovered(),
            suggested.format if suggested.format in known_formats else "plain",
            format_stderr=suggested.format_stderr if suggested.format_stderr in known_formats else "",
            line_prefix=self.labels.get(PREFIX_LABEL, "") or suggested.line_prefix,
            timezone="UTC",
        )

    def _discovered(self) -> dict[str, str]:
        out = {"id": self.id, "name": f"/{self.name}", "network_mode": self.network_mode}
        out |= {f"label_{label_name(name)}": value for name, value in self.labels.items()}
        found = {f"__meta_docker_container_{name}": value for name, value in out.items() if value}
        return found | {f"__meta_docker_network_{name}": value for name, value in self.network.items() if value}


def inbox_key(id: str) -> str:
    """What the inbox of a container is found by."""
    return id[:32]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Formats of what a container writes."""

    format: str
    format_stderr: str = ""
    """Where the second stream holds something else."""
    line_prefix: str = ""


def suggest_format(image: str, service: str) -> Suggestion:
    """What is likely to run inside, by the names of the image and of the service (or the container)."""
    for words in (_words(_bare(image)), _words(service)):
        if words & _POSTGRES:
            return Suggestion("postgres", line_prefix=POSTGRES_PREFIX)
        if "nginx" in words:
            return Suggestion("nginx_access", "nginx_error")
        if words & _BACKEND:
            return Suggestion("backend")
    return Suggestion("plain")


def read_container(inspected: Mapping[str, Any]) -> Container:
    """A container, out of the engine's JSON. What is missing or of another kind is left empty."""
    config, host, state = (_mapping(inspected, name) for name in ("Config", "HostConfig", "State"))
    networks = _mapping(_mapping(inspected, "NetworkSettings"), "Networks")
    name, network = next(iter(sorted(networks.items())), ("", {}))
    network = network if isinstance(network, dict) else {}
    network = _mapping(network, "EndpointSettings") or network  # so on the disk
    running = state.get("Running") is True
    return Container(
        _text(inspected, "Id") or _text(inspected, "ID"),
        _text(inspected, "Name").removeprefix("/"),
        _text(config, "Image"),
        {key: value for key, value in _mapping(config, "Labels").items() if isinstance(value, str)},
        config.get("Tty") is True,
        _text(_mapping(host, "LogConfig"), "Type") or _text(inspected, "LogDriver") or "json-file",
        _text(inspected, "LogPath"),
        running,
        _text(state, "Status") or ("running" if running else "exited"),
        _text(host, "NetworkMode"),
        {"id": _text(network, "NetworkID"), "name": name, "ip": _text(network, "IPAddress")},
    )


def is_wanted(container: Container, filters: Sequence[Filter]) -> bool:
    """Whether all filters fit. One that only the engine can judge (`network`, `ancestor` …) fits here."""
    return all(_fits(container, one) for one in filters)


def label_name(text: str) -> str:
    """A name as a label may have it."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", text)


def _fits(container: Container, one: Filter) -> bool:
    match one.name:
        case "name":
            return any(value.removeprefix("/") in container.name for value in one.values)
        case "id":
            return any(container.id.startswith(value) for value in one.values)
        case "status":
            return container.status in one.values
        case "label":
            return any(_has_label(container.labels, value) for value in one.values)
    return True


def _has_label(labels: Mapping[str, str], wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    return name in labels and (not equals or labels[name] == value)


def _bare(image: str) -> str:
    """An image's name without registry, tag and digest: `library/postgres`."""
    path = image.partition("@")[0]
    head, slash, rest = path.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        path = rest
    return path.partition(":")[0]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.split(r"[^a-z]+", text.lower()))


def _mapping(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source.get(name)
    return value if isinstance(value, str) else ""
