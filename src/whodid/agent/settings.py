"""What the agent can be told, field by field with its defaults. Filled in by config/, or by `discover.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whodid.sources.docker import DockerSettings
from whodid.sources.file_sd import FileSdSettings
from whodid.sources.journal import JournalSettings
from whodid.sources.push import PushSettings
from whodid.sources.syslog import SyslogSettings


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One kind of log on this host."""

    job: str
    """Label `job` of every line: database, nginx, auth …"""
    format: str
    """Name of the format that reads the records: postgres, nginx_access, auth, plain …; empty, where the source is no
    file: the one that fits what comes in."""
    paths: tuple[str, ...] = ()
    """Files or globs (`*`, `**`). Compressed files are skipped, rotated ones are not read twice."""
    exclude: tuple[str, ...] = ()
    """Globs of files to leave out, on the whole path or on the file's name."""
    file_sd: FileSdSettings | None = None
    """Files that list what is to be followed, instead of files to follow."""
    journal: JournalSettings | None = None
    """systemd's journal instead of files."""
    syslog: SyslogSettings | None = None
    """A listener for syslog from the network instead of files."""
    docker: DockerSettings | None = None
    """The containers of a Docker engine instead of files: their logs, and what happens to them."""
    push: PushSettings | None = None
    """A listener for pushes, as Loki takes them, instead of files."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels of every line of this source."""
    line_prefix: str = ""
    """What `SHOW log_line_prefix` prints (format postgres only); empty: Debian's `%m [%p] %q%u@%d `, with its blank."""
    timezone: str | None = None
    """Zone of instants that state none, as in the IANA database; None: the host's own."""
    encoding: str = ""
    """The files' encoding by its IANA name: `ISO-8859-1`, `windows-1252`, `UTF-16LE`; empty: UTF-8, or what a byte
    order mark at a file's beginning says. Bytes that are none of its characters are shown as U+FFFD."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Settings of this format only. `multiline: stamp` (plain): lines without an instant go to the line before."""
    relabel_configs: tuple[Mapping[str, object], ...] = ()
    """Prometheus' relabelling of the labels, as in Promtail's `relabel_configs`; see docs/reference/pipeline.md."""
    pipeline_stages: tuple[Mapping[str, object], ...] = ()
    """Promtail's pipeline, applied to every line after the format; see docs/reference/pipeline.md."""
    automatic_labels: bool = True
    """Whether lines get the labels `job` and `host` by themselves, and those of a container, a unit, a stream."""
    file_label: bool = True
    """Whether lines get the label `filename`."""


@dataclass(frozen=True, slots=True)
class RedactRule:
    """A kind of secret that only this place has."""

    kind: str
    """What the mark calls it: small letters, digits and `_`."""
    pattern: str
    """What it looks like, as RE2; where the pattern has a group `(?P<secret>…)`, that alone is masked."""


@dataclass(frozen=True, slots=True)
class RedactSettings:
    """How secrets are masked before a line leaves the host."""

    rules: tuple[RedactRule, ...] = ()
    """Further kinds of secrets, each with `kind` and `pattern` (RE2). A group `(?P<secret>…)` masks only itself."""
    key_file: Path | None = None
    """File with the key of the marks' hashes, 32 random bytes, mode 0600; one for several hosts makes their marks
    comparable. null: `redact.key` in the agent's directory, made at the first start, and another in `data_dir` for
    what webhooks tell the server."""
    disabled: tuple[str, ...] = ()
    """Kinds that are not masked."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The agent as a whole."""

    server: str
    """Address of whodid or Loki, without a path: `http://127.0.0.1:3100`."""
    host: str
    """Label `host` of every line."""
    state_dir: Path
    """Directory for the places read up to and for lines the server refused; must survive a restart."""
    sources: tuple[SourceSettings, ...]
    tenant: str = ""
    """Loki's tenant (`X-Scope-OrgID`) for a server that has several; empty: none is named."""
    token_file: Path | None = None
    """File with the bearer token, read again at every attempt; None: `WHODID_AGENT_TOKEN` if set, else no token."""
    redact: RedactSettings = field(default_factory=RedactSettings)
    """What is masked before it is sent, and with which key."""
    promtail_positions: Path | None = None
    """Promtail's positions.yaml, where the agent takes over from Promtail: read once."""
    max_batch_entries: int = 8_000
    """A push carries at most so many lines."""
    max_batch_bytes: int = 3 << 20
    """A push carries lines of at most so many bytes, unless one line alone is longer. Loki passes on 4 MiB at most."""
    max_line_bytes: int = 1 << 20
    """Longer lines are cut, with a mark that says so."""
    max_record_bytes: int = 1 << 20
    """A record of several lines that grows longer is divided."""
    max_age_ns: int = 0
    """Lines that state an older instant are counted and left out: the server would refuse them. 0: none are."""
    max_wait_s: float = 0.1
    """How long a record at the end of a file may wait for a further line of its own before it is sent."""
    poll_s: float = 0.5
    """How often files are looked at when no change was notified."""
    timeout_s: float = 30.0
    """How long one push may take."""
    refused_max_bytes: int = 256 << 20
    """How much the spool of refused lines may hold; beyond that only their places are logged."""
    health_every_s: float = 60.0
    """How often the agent logs a line about itself."""
