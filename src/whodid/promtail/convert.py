"""A promtail.yml as whodid's own configuration: as data, which the agent runs, and as text with comments, for people.

Each target becomes a source of format `raw` without automatic labels: what its lines become is then up to the pipeline
alone, as in Promtail. Labels of static targets are worked out here, for their relabelling sees nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from whodid.model.clock import format_duration
from whodid.model.labels import LABEL_NAME
from whodid.promtail.braces import alternatives
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
from whodid.promtail.relabel import Relabel, public

Source = dict[str, Any]
_PUSH: Final = ("/loki/api/v1/push", "/api/prom/push")
_UNMET: Final = {
    "bearer_token": "write the token into a file and name that as agent.token_file",
    "basic_auth": "put a proxy with the password in front, or use a token: agent.token_file",
    "tls_config": "https is checked against the system's authorities",
}


@dataclass(frozen=True, slots=True)
class Converted:
    """What a promtail.yml means."""

    server: str
    tenant: str
    token_file: str
    positions_file: str
    sources: tuple[Source, ...]
    """Members of `agent.sources`, as the configuration's reader takes them."""
    comments: tuple[tuple[str, ...], ...]
    """What is to be said of each source."""
    notes: tuple[str, ...]
    """What has no equivalent."""

    def data(self) -> dict[str, Any]:
        """The configuration as plain data."""
        told = {
            "server": self.server,
            "token_file": self.token_file,
            "tenant": self.tenant,
            "promtail_positions": self.positions_file,
        }
        return {"agent": {**_without_usual(told), "sources": list(self.sources)}}


def convert(config: PromtailConfig, hostname: str) -> Converted:
    """The sources of a configuration. `hostname` decides which targets with a `__host__` are this machine's."""
    client, notes = config.clients[0], list(config.notes)
    if len(config.clients) > 1:
        others = ", ".join(one.url for one in config.clients[1:])
        notes.append(f"clients: lines are sent to one server, the first; not to {others}")
    notes += [f"clients[0].{name}: {_UNMET.get(name, 'has no equivalent')}" for name in client.unmet]
    server, told = _server(client)
    making = _Making(client.external_labels, hostname)
    for scrape in config.scrape_configs:
        making.add(scrape)
    return Converted(
        server=server,
        tenant=client.tenant_id,
        token_file=client.bearer_token_file,
        positions_file=config.positions_file,
        sources=tuple(source for source, _ in making.made),
        comments=tuple(tuple(comments) for _, comments in making.made),
        notes=(*notes, *told, *making.notes),
    )


def _server(client: Client) -> tuple[str, list[str]]:
    """The address without a path, and what is lost of it."""
    url, notes = urlsplit(client.url), []
    host = url.netloc.rpartition("@")[2]
    if "@" in url.netloc:
        notes.append("clients[0].url: a password in it is not sent; use agent.token_file")
    path = next((url.path.removesuffix(end) for end in _PUSH if url.path.endswith(end)), url.path)
    if path.rstrip("/"):
        notes.append(f"clients[0].url: the path {path} is left out; give agent.server an address that has none")
    return f"{url.scheme}://{host}", notes


class _Making:
    """The sources made so far."""

    def __init__(self, external_labels: Mapping[str, str], hostname: str) -> None:
        self._external, self._hostname = external_labels, hostname
        self.made: list[tuple[Source, list[str]]] = []
        self.notes: list[str] = []

    def add(self, scrape: ScrapeConfig) -> None:
        for static in scrape.static:
            self._static(scrape, static)
        for file_sd in scrape.file_sd:
            self._put(scrape, {"file_sd": _file_sd(file_sd)}, {}, [])
        for docker_sd in scrape.docker_sd:
            self._put(scrape, {"docker": _docker(docker_sd)}, {}, [])
        if scrape.journal is not None:
            self._put(scrape, {"journal": _journal(scrape.journal)}, scrape.journal.labels, [])
        if scrape.syslog is not None:
            self._put(scrape, {"syslog": _syslog(scrape.syslog)}, scrape.syslog.labels, [])
        if scrape.push is not None:
            self._put(scrape, {"push": _push(scrape.push)}, scrape.push.labels, [])

    def _static(self, scrape: ScrapeConfig, static: Static) -> None:
        """Relabelled now: what a static target's rules see is in the file."""
        labels = Relabel(scrape.relabel_configs).apply(static.labels)
        place = f"scrape_configs {scrape.job_name!r}"
        if labels is None:
            self.notes.append(f"{place}: relabel_configs drop the target {static.labels.get('__path__', '')}")
            return
        if labels.get("__host__", self._hostname) != self._hostname:
            self.notes.append(f"{place}: a target is for the host {labels['__host__']}, not for this one")
            return
        path, excluded = labels.get("__path__", ""), labels.get("__path_exclude__", "")
        if not path:
            self.notes.append(f"{place}: a target has no __path__, and follows nothing")
            return
        files: Source = {"paths": alternatives(path)}
        if excluded:
            files["exclude"] = alternatives(excluded)
        comments = ["relabel_configs are worked out in the labels"] if scrape.relabel_configs else []
        if scrape.decompression:
            comments.append("decompression: a rotated file that is compressed is read to its end, others are not")
        self._put(scrape, files, public(labels), comments, relabelled=True)

    def _put(
        self, scrape: ScrapeConfig, where: Source, labels: Mapping[str, str], comments: list[str], *,
        relabelled: bool = False,
    ) -> None:  # fmt: skip
        for name in sorted(name for name in labels if not LABEL_NAME.fullmatch(name)):
            comments.append(f"the label {name} is left out: no server takes such a name")
        kept = {name: value for name, value in labels.items() if LABEL_NAME.fullmatch(name)}
        stages = [*scrape.pipeline_stages, *_where_absent(self._external)]
        source: Source = {"job": scrape.job_name, "format": "raw", "automatic_labels": False, **where}
        if scrape.encoding and ("paths" in where or "file_sd" in where):
            source["encoding"] = scrape.encoding
        if kept:
            source["labels"] = kept
        if scrape.relabel_configs and not relabelled:
            source["relabel_configs"] = list(scrape.relabel_configs)
        if stages:
            source["pipeline_stages"] = stages
        self.made.append((source, comments))


def _where_absent(labels: Mapping[str, str]) -> list[object]:
    """Stages that give entries the client's external labels, which never override."""
    return [
        {"match": {"selector": f'{{{name}=""}}', "stages": [{"static_labels": {name: value}}]}}
        for name, value in labels.items()
        if LABEL_NAME.fullmatch(name) and value
    ]


def _file_sd(given: FileSd) -> Source:
    return {"files": list(given.files), "refresh_interval": format_duration(given.refresh_interval_ns)}


def _docker(given: DockerSd) -> Source:
    out: Source = {"host": given.host, "refresh_interval": format_duration(given.refresh_interval_ns), "events": False}
    if given.filters:
        out["filters"] = [{"name": name, "values": list(values)} for name, values in given.filters]
    return out


def _journal(given: Journal) -> Source:
    return _without_usual(
        {"path": given.path, "max_age": format_duration(given.max_age_ns), "json": given.json, "matches": given.matches}
    )


def _syslog(given: Syslog) -> Source:
    return {
        "listen_address": given.listen_address,
        "listen_protocol": given.listen_protocol,
        "idle_timeout": format_duration(given.idle_timeout_ns),
        "use_rfc5424_message": given.use_rfc5424_message,
        "max_message_length": given.max_message_length,
        **_without_usual(
            {
                "label_structured_data": given.label_structured_data,
                "use_incoming_timestamp": given.use_incoming_timestamp,
                "tls_config": _tls(given.tls),
            }
        ),
    }


def _push(given: Push) -> Source:
    return {
        "listen_address": given.listen_address,
        **_without_usual({"use_incoming_timestamp": given.use_incoming_timestamp, "tls_config": _tls(given.tls)}),
    }


def _tls(given: Tls) -> Source:
    return _without_usual({"cert_file": given.cert_file, "key_file": given.key_file, "ca_file": given.ca_file})


def _without_usual(values: Source) -> Source:
    """Without what is empty or false."""
    return {name: value for name, value in values.items() if value}
