"""Reads a promtail.yml into a PromtailConfig, or says every mistake with file, line and column.

Stricter than Promtail only where it would follow nothing. Targets that are not run here – clouds, queues, Kubernetes,
Windows – are mistakes, too, each with what to do. Source: Promtail's manual, "Configuration reference".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import yaml

from whodid.document import Document, Fields, Mistake, compose, plain
from whodid.errors import WhodidError
from whodid.promtail.config import (
    Client,
    DockerSd,
    FileSd,
    Journal,
    PromtailConfig,
    Push,
    ScrapeConfig,
    Static,
    Syslog,
    Tls,
)
from whodid.promtail.errors import PipelineError
from whodid.promtail.expansion import BadSubstitution, expanded
from whodid.promtail.pipeline import Pipeline
from whodid.promtail.relabel import Relabel
from whodid.promtail.yaml_values import plain_values, scalar
from whodid.sources.encodings import UnknownEncoding, find_encoding
from whodid.sources.file_sd import FileSdSettings

_TOP: Final = (
    "server", "global", "client", "clients", "positions", "scrape_configs", "limits_config", "target_config", "options",
    "tracing", "wal",
)  # fmt: skip
_UNMET: Final = (
    "headers", "basic_auth", "oauth2", "bearer_token", "authorization", "proxy_url", "proxy_from_environment",
    "no_proxy", "proxy_connect_header", "tls_config", "follow_redirects", "enable_http2", "http_headers",
)  # fmt: skip
_CLIENT: Final = (
    "url", "name", "tenant_id", "bearer_token_file", "external_labels", "batchwait", "batchsize", "backoff_config",
    "drop_rate_limited_batches", "timeout", "stream_lag_labels", *_UNMET,
)  # fmt: skip
_REFUSED: Final = {
    "kubernetes_sd_configs": "asks Kubernetes: run whodid on the node, on /var/log/pods/*/*/*.log with a cri stage",
    "gcplog": "reads Google Pub/Sub: push its messages to whodid's Loki API instead",
    "azure_event_hub": "reads Azure Event Hubs: push its messages to whodid's Loki API instead",
    "azure_event_hubs": "reads Azure Event Hubs: push its messages to whodid's Loki API instead",
    "kafka": "reads Kafka: push its messages to whodid's Loki API instead",
    "gelf": "reads GELF: let the sender write syslog, or push to whodid's Loki API",
    "cloudflare": "asks Cloudflare: let its Logpush send to whodid's Loki API",
    "heroku_drain": "takes Heroku's drains: let it send syslog over TLS",
    "windows_events": "reads Windows' event log: whodid runs on Linux",
    **dict.fromkeys(
        (
            "consul_sd_configs", "consulagent_sd_configs", "dns_sd_configs", "digitalocean_sd_configs",
            "dockerswarm_sd_configs", "serverset_sd_configs", "nerve_sd_configs", "marathon_sd_configs",
            "gce_sd_configs", "ec2_sd_configs", "openstack_sd_configs", "azure_sd_configs", "triton_sd_configs",
        ),
        "asks a service for targets: list the files under static_configs, or in a file for file_sd_configs",
    ),
}  # fmt: skip
_SCRAPE: Final = (
    "job_name", "static_configs", "file_sd_configs", "docker_sd_configs", "journal", "syslog", "loki_push_api",
    "relabel_configs", "pipeline_stages", "decompression", "encoding", *_REFUSED,
)  # fmt: skip
_SERVER: Final = ("http_listen_address", "http_listen_port", "http_tls_config", "grpc_listen_address",
                  "grpc_listen_port", "log_level", "register_instrumentation", "graceful_shutdown_timeout")  # fmt: skip
_NO_MEANING: Final = {
    "server": "whodid's agent has no HTTP server of its own; `whodid agent --explain` says where it stands",
    "global": "files are noticed at once",
    "limits_config": "lines are neither limited nor dropped; stages `limit` and `drop` do so",
    "target_config": "new files are noticed at once",
    "options": "how far behind each file is, is in `whodid agent --explain`",
    "tracing": "there is no tracing",
    "wal": "files are kept as the journal of what was not sent",
}
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 – Promtail's own default, and only for who configured it there
T = TypeVar("T")


class PromtailConfigError(WhodidError):
    """The file has mistakes; the text lists each with file, line and column."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def read_config(text: str, file: str, environment: Mapping[str, str] | None = None) -> PromtailConfig:
    """The configuration in a text; `environment` puts variables in first, as `-config.expand-env` does. Raises
    PromtailConfigError."""
    if environment is not None:
        try:
            text = expanded(text, environment)
        except BadSubstitution as e:
            raise PromtailConfigError([Mistake(file, e.line, e.column, str(e))]) from None
    document = compose(text, file)
    if document.root is None:
        document.mistakes = document.mistakes or [Mistake(file, 1, 1, "the file is empty")]
        raise PromtailConfigError(document.mistakes)
    config = _Reader(document).config(document.root)
    if document.mistakes:
        raise PromtailConfigError(document.mistakes)
    return config


class _Reader:
    """One file."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def config(self, root: yaml.Node) -> PromtailConfig:
        top = Fields(self._document, root, "promtail.yml", _TOP)
        clients = [self._client(node, f"clients[{n}]") for n, node in enumerate(top.items("clients"))]
        if top.has("client"):
            top.wrong("client", "client is no longer read by Promtail, either: write clients, a list")
        scrapes = [self._scrape(node, f"scrape_configs[{n}]") for n, node in enumerate(top.items("scrape_configs"))]
        if not clients:
            top.wrong("clients", "promtail.yml needs clients: where the lines are sent")
        names = [scrape.job_name for scrape in scrapes]
        for name in sorted({name for name in names if names.count(name) > 1}):
            top.wrong("scrape_configs", f"two scrape_configs have the job_name {name!r}; each needs its own")
        positions = top.section("positions", ("filename", "sync_period", "ignore_invalid_yaml"))
        notes = [f"{name}: {why}" for name, why in _NO_MEANING.items() if top.has(name)]
        file = positions.text("filename", PromtailConfig((), ()).positions_file)
        return PromtailConfig(tuple(clients), tuple(scrapes), file, tuple(notes))

    def _client(self, node: yaml.Node, place: str) -> Client:
        fields = Fields(self._document, node, place, _CLIENT)
        url = fields.text("url")
        if not url.startswith(("http://", "https://")):
            fields.wrong("url", f"{place}.url must be an http:// or https:// address, not {url!r}")
        return Client(
            url=url,
            tenant_id=fields.text("tenant_id"),
            bearer_token_file=fields.text("bearer_token_file"),
            external_labels=plain(fields.texts("external_labels")),
            unmet=tuple(name for name in _UNMET if fields.has(name)),
        )

    def _scrape(self, node: yaml.Node, place: str) -> ScrapeConfig:
        fields = Fields(self._document, node, place, _SCRAPE)
        for name, why in _REFUSED.items():
            if fields.has(name):
                fields.wrong(name, f"{place}.{name} {why}")
        name = fields.text("job_name")
        if not name:
            fields.wrong("job_name", f"{place} needs a job_name")
        encoding = fields.text("encoding")
        try:
            find_encoding(encoding)
        except UnknownEncoding as e:
            fields.wrong("encoding", f"{place}.{e}")
        decompression = fields.section("decompression", ("enabled", "initial_delay", "initial_sleep", "format"))
        return ScrapeConfig(
            job_name=name,
            static=self._each(fields, "static_configs", place, self._static),
            file_sd=self._each(fields, "file_sd_configs", place, self._file_sd),
            docker_sd=self._each(fields, "docker_sd_configs", place, self._docker_sd),
            journal=self._journal(fields, place) if fields.has("journal") else None,
            syslog=self._syslog(fields, place) if fields.has("syslog") else None,
            push=self._push(fields, place) if fields.has("loki_push_api") else None,
            relabel_configs=self._relabelling(fields, place),
            pipeline_stages=self._stages(fields, place, name),
            decompression=_flag(decompression, "enabled"),
            encoding=encoding,
        )  # fmt: skip

    def _each(self, fields: Fields, name: str, place: str, read: Callable[[yaml.Node, str], T]) -> tuple[T, ...]:
        return tuple(read(node, f"{place}.{name}[{n}]") for n, node in enumerate(fields.items(name)))

    def _static(self, node: yaml.Node, place: str) -> Static:
        fields = Fields(self._document, node, place, ("targets", "labels"))
        addresses = fields.strings("targets")
        labels = plain(fields.texts("labels"))
        return Static({"__address__": addresses[0] if addresses else "localhost", **labels})

    def _file_sd(self, node: yaml.Node, place: str) -> FileSd:
        fields = Fields(self._document, node, place, ("files", "refresh_interval"))
        files = tuple(fields.strings("files"))
        try:
            FileSdSettings(files)
        except ValueError as e:
            fields.wrong("files", f"{place}.{e}")
        return FileSd(files, fields.duration_ns("refresh_interval", FileSd(()).refresh_interval_ns))

    def _docker_sd(self, node: yaml.Node, place: str) -> DockerSd:
        known = ("host", "refresh_interval", "filters", "port", "host_networking_host", "match_first_network",
                 "basic_auth", "authorization", "oauth2", "proxy_url", "tls_config", "follow_redirects",
                 "enable_http2")  # fmt: skip
        fields = Fields(self._document, node, place, known)
        host = fields.text("host")
        if not host.startswith(("unix://", "tcp://", "http://")):
            fields.wrong("host", f"{place}.host must be unix:///var/run/docker.sock or tcp://host:port, not {host!r}")
        for name in ("basic_auth", "authorization", "oauth2", "proxy_url", "tls_config"):
            if fields.has(name):
                fields.wrong(name, f"{place}.{name} is not available: reach the engine by its socket")
        filters = []
        for n, item in enumerate(fields.items("filters")):
            one = Fields(self._document, item, f"{place}.filters[{n}]", ("name", "values"))
            filters.append((one.text("name"), tuple(one.strings("values"))))
        return DockerSd(host, fields.duration_ns("refresh_interval", DockerSd("").refresh_interval_ns), tuple(filters))

    def _journal(self, scrape: Fields, place: str) -> Journal:
        usual = Journal()
        fields = scrape.section("journal", ("json", "max_age", "labels", "path", "matches"))
        return Journal(
            path=fields.text("path"),
            max_age_ns=fields.duration_ns("max_age", usual.max_age_ns),
            json=_flag(fields, "json"),
            matches=fields.text("matches"),
            labels=plain(fields.texts("labels")),
        )

    def _syslog(self, scrape: Fields, place: str) -> Syslog:
        usual = Syslog("")
        fields = scrape.section("syslog", (
            "listen_address", "listen_protocol", "idle_timeout", "label_structured_data", "labels", "syslog_format",
            "use_incoming_timestamp", "use_rfc5424_message", "max_message_length", "tls_config",
        ))  # fmt: skip
        if not fields.text("listen_address"):
            fields.wrong("listen_address", f"{place}.syslog needs a listen_address, such as 127.0.0.1:1514")
        if fields.text("syslog_format", "rfc5424") not in ("rfc5424", "rfc3164"):
            fields.wrong(
                "syslog_format", f"{place}.syslog.syslog_format must be rfc5424 or rfc3164; both are understood"
            )
        return Syslog(
            listen_address=fields.text("listen_address"),
            listen_protocol=fields.text("listen_protocol", usual.listen_protocol),
            idle_timeout_ns=fields.duration_ns("idle_timeout", usual.idle_timeout_ns),
            label_structured_data=_flag(fields, "label_structured_data"),
            use_incoming_timestamp=_flag(fields, "use_incoming_timestamp"),
            use_rfc5424_message=_flag(fields, "use_rfc5424_message"),
            max_message_length=fields.whole("max_message_length", usual.max_message_length),
            tls=_tls(fields, "tls_config", "ca_file"),
            labels=plain(fields.texts("labels")),
        )

    def _push(self, scrape: Fields, place: str) -> Push:
        fields = scrape.section("loki_push_api", ("server", "labels", "use_incoming_timestamp"))
        server = fields.section("server", _SERVER)
        port = server.text("http_listen_port")
        if not port.isdigit():
            server.wrong("http_listen_port", f"{place}.loki_push_api.server needs an http_listen_port")
        return Push(
            listen_address=f"{server.text('http_listen_address') or _EVERYWHERE}:{port}",
            use_incoming_timestamp=_flag(fields, "use_incoming_timestamp"),
            tls=_tls(server, "http_tls_config", "client_ca_file"),
            labels=plain(fields.texts("labels")),
        )

    def _relabelling(self, fields: Fields, place: str) -> tuple[object, ...]:
        nodes = fields.items("relabel_configs")
        rules = [plain_values(self._document, node) for node in nodes]
        for n, rule in enumerate(rules):
            try:
                Relabel([rule])
            except PipelineError as error:
                where = error.place.removeprefix("relabel_configs[0]")
                self._document.wrong(nodes[n], f"{place}.relabel_configs[{n}]{where}: {error.message}")
        return tuple(rules)

    def _stages(self, fields: Fields, place: str, job: str) -> tuple[object, ...]:
        nodes = fields.items("pipeline_stages")
        stages = [plain_values(self._document, node) for node in nodes]
        for n, stage in enumerate(stages):
            try:
                Pipeline([stage], job=job, now_ns=lambda: 0, monotonic_s=lambda: 0.0, random=lambda: 0.0)
            except PipelineError as error:
                where = error.place.removeprefix("pipeline_stages[0]")
                self._document.wrong(nodes[n], f"{place}.pipeline_stages[{n}]{where}: {error.message}")
        return tuple(stages)


def _flag(fields: Fields, name: str) -> bool:
    """With YAML 1.1's words for booleans."""
    if not fields.has(name):
        return False
    found = scalar(fields.text(name))
    if not isinstance(found, bool):
        fields.wrong(name, f"{name} must be true or false")
    return found is True


def _tls(fields: Fields, name: str, authorities: str) -> Tls:
    known = ("cert_file", "key_file", authorities, "ca_file", "server_name", "insecure_skip_verify", "min_version",
             "client_auth_type")  # fmt: skip
    tls = fields.section(name, tuple(dict.fromkeys(known)))
    return Tls(tls.text("cert_file"), tls.text("key_file"), tls.text(authorities))
