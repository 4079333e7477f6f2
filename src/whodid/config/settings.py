"""What whodid.yml may say: one frozen class for each section, a docstring for each key.

docs/reference/config.md is generated from this file by tools/reference.py; load.py reads the YAML. Room settings
that are not users' business stay in their rooms.
"""

from dataclasses import dataclass, field
from pathlib import Path

from whodid.agent.settings import RedactSettings, SourceSettings
from whodid.api.hooks import Hooks
from whodid.model.clock import SECOND
from whodid.model.person import Person
from whodid.notify.settings import WebhookSettings


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to serve on."""

    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long lines are kept. Whole days go first, oldest first; what is reached first counts."""

    period_ns: int = 168 * 3600 * SECOND
    """Age at which a line may go (`168h`)."""
    max_bytes: int | None = None
    """Most bytes of stored lines; null: no limit."""
    max_disk_percent: int = 85
    """Most of the disk that may be in use, by whomever."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may ask for. Names are Loki's where Loki has the limit; 0 for a length of time: no limit."""

    max_entries_limit_per_query: int = 5000
    """Lines that one log query may return (`limit`)."""
    max_query_length_ns: int = 0
    """Longest range of one query; `0`: any, for what a query costs depends on the lines in it."""
    max_query_series: int = 500
    """Series that one metric query may return."""
    max_streams_matchers_per_query: int = 1000
    """Label matchers in one selector."""
    query_timeout_ns: int = 60 * SECOND
    """Time that one query may take."""
    query_memory_bytes: int = 1 << 30
    """Memory that the engine may use for one statement of a query, in bytes. Beyond it that query fails, not the
    server.
    """
    volume_max_series: int = 1000
    """Series of one `index/volume`."""


@dataclass(frozen=True, slots=True)
class AgentSection:
    """What this machine's agent follows and where it sends it."""

    server: str = "http://127.0.0.1:3100"
    """Address of the whodid server, or of a Loki; default: the address of `server.listen`."""
    host: str = ""
    """Label `host` of every line; default: the host's name."""
    token_file: Path | None = None
    """File with the bearer token that the agent sends, read again for every push; null: `WHODID_AGENT_TOKEN` if set."""
    sources: tuple[SourceSettings, ...] = ()
    """What to follow; empty: the usual logs of this machine, found by looking."""
    redact: RedactSettings = field(default_factory=RedactSettings)
    """How secrets are masked before a line leaves this host: `rules`, `key_file`, `disabled`."""
    tenant: str = ""
    """Loki's tenant (`X-Scope-OrgID`), for a server that has several; empty: none is named."""
    promtail_config: Path | None = None
    """A Promtail configuration: its scrape configs are sources beside those of `sources`, and nothing is looked for.
    Its first client says `server`, `token_file` and `tenant`, and its `positions` say `promtail_positions`, where they
    are not given here."""
    promtail_expand_env: bool = False
    """Whether `${VAR}` and `${VAR:-default}` in that file are put in first, as Promtail's `-config.expand-env` does."""
    promtail_positions: Path | None = None
    """Promtail's positions.yaml: where Promtail stood is where the agent begins, once. See docs/guide/promtail.md."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file."""

    data_dir: Path
    """Directory of the store, of alert state and of the agent's places."""
    server: Listen = Listen("127.0.0.1", 3100)
    """Where Loki's API is served: push, query, tail."""
    dashboard: Listen = Listen("127.0.0.1", 7778)
    """Where the dashboard is served, under /logs/."""
    store_url: str = "chdb"
    """The engine; `chdb` is the one inside the server process."""
    store_memory_bytes: int = 2 << 30
    """Most memory that the engine may use, in bytes. A tenth of it keeps lines that were read a moment ago."""
    retention: Retention = field(default_factory=Retention)
    limits: Limits = field(default_factory=Limits)
    rules: tuple[str, ...] = ("builtin",)
    """`builtin` and globs of Prometheus/Loki rule files."""
    notify: tuple[WebhookSettings, ...] = ()
    """Webhooks that are told of alerts."""
    people: tuple[Person, ...] = ()
    """The team and the identities that are known to be theirs."""
    webhooks: Hooks = field(default_factory=Hooks)
    agent: AgentSection = field(default_factory=AgentSection)
