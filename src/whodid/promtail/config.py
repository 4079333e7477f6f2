"""What a promtail.yml says, as far as it means something here. load.py reads it, convert.py makes sources of it.

Names are Promtail's. What has no meaning here (batch sizes, its own HTTP server) is only named, in `notes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whodid.model.clock import SECOND

Stages = tuple[object, ...]
Rules = tuple[object, ...]
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Client:
    """One member of `clients`."""

    url: str
    tenant_id: str = ""
    bearer_token_file: str = ""
    external_labels: Labels = field(default_factory=dict)
    unmet: tuple[str, ...] = ()
    """Keys that change what is sent or to whom, and that have no equivalent here."""


@dataclass(frozen=True, slots=True)
class Static:
    """One member of `static_configs`: labels, `__path__` and `__path_exclude__` among them."""

    labels: Labels


@dataclass(frozen=True, slots=True)
class FileSd:
    """One member of `file_sd_configs`."""

    files: tuple[str, ...]
    refresh_interval_ns: int = 300 * SECOND


@dataclass(frozen=True, slots=True)
class DockerSd:
    """One member of `docker_sd_configs`."""

    host: str
    refresh_interval_ns: int = 60 * SECOND
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Journal:
    """`journal`."""

    path: str = ""
    max_age_ns: int = 7 * 3600 * SECOND
    json: bool = False
    matches: str = ""
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate of a listener."""

    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Syslog:
    """`syslog`."""

    listen_address: str
    listen_protocol: str = "tcp"
    idle_timeout_ns: int = 120 * SECOND
    label_structured_data: bool = False
    use_incoming_timestamp: bool = False
    use_rfc5424_message: bool = False
    max_message_length: int = 8192
    tls: Tls = field(default_factory=Tls)
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Push:
    """`loki_push_api`."""

    listen_address: str
    use_incoming_timestamp: bool = False
    tls: Tls = field(default_factory=Tls)
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScrapeConfig:
    """One member of `scrape_configs`; mostly one kind of target, but it may have several."""

    job_name: str
    static: tuple[Static, ...] = ()
    file_sd: tuple[FileSd, ...] = ()
    docker_sd: tuple[DockerSd, ...] = ()
    journal: Journal | None = None
    syslog: Syslog | None = None
    push: Push | None = None
    relabel_configs: Rules = ()
    pipeline_stages: Stages = ()
    decompression: bool = False
    encoding: str = ""
    """Of its files, by an IANA name; empty: UTF-8."""


@dataclass(frozen=True, slots=True)
class PromtailConfig:
    """A whole file."""

    clients: tuple[Client, ...]
    scrape_configs: tuple[ScrapeConfig, ...]
    positions_file: str = "/var/log/positions.yaml"
    notes: tuple[str, ...] = ()
    """Sections that are set and that mean nothing here."""
