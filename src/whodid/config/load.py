"""Reads whodid.yml and the environment into a Config, or says every mistake with file and line.

What the environment says is put into the file's tree by environment.py before. Called by the commands only; no room
below ever reads a file or the environment for its settings.
"""

import ipaddress
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from whodid.agent.settings import RedactRule, RedactSettings
from whodid.api.hooks import DeployHook, GithubHook, Hooks
from whodid.config.environment import KEYS, empty_mapping, override
from whodid.config.settings import AgentSection, Config, Limits, Listen, Retention
from whodid.config.sources import read_source
from whodid.document import Document, Fields, Mistake, compose
from whodid.errors import WhodidError
from whodid.formats.redact_custom import RuleError, user_rule
from whodid.formats.redact_rules import KINDS
from whodid.model.clock import SECOND, format_duration
from whodid.model.person import Person
from whodid.notify.settings import WebhookSettings

REDACT_KEYS = ("rules", "key_file", "disabled")
REDACT_RULE_KEYS = ("kind", "pattern")
PERSON_KEYS = ("name", "emails", "github", "db_roles", "unix", "ssh_keys", "addresses")
NOTIFY_KEYS = ("url", "name", "secret_file", "timeout", "send_resolved")
DEFAULT_FILES = (Path("whodid.yml"), Path("/etc/whodid/whodid.yml"))


class ConfigError(WhodidError):
    """The configuration has mistakes; the text lists each with file, line and column."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))  # a key that is read twice is wrong twice
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def find_file(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file to read: the one given, WHODID_CONFIG, ./whodid.yml, /etc/whodid/whodid.yml; None if there is none."""
    if given is not None:
        return given
    if environment.get("WHODID_CONFIG"):
        return Path(environment["WHODID_CONFIG"])
    return next((path for path in DEFAULT_FILES if path.is_file()), None)


def default_data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """/var/lib/whodid for root, ~/.local/share/whodid for anybody else."""
    if os.geteuid() == 0:
        return Path("/var/lib/whodid")
    base = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "whodid"


def load_config(path: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of a file (None: defaults) under the environment's overrides. Raises ConfigError."""
    text = ""
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as e:
            reason = e.strerror if isinstance(e, OSError) else "it is not UTF-8 text"
            raise ConfigError([Mistake(str(path), 1, 1, f"cannot read the configuration: {reason}")]) from None
    document = compose(text, str(path or "whodid.yml"))
    root = document.root
    if root is None or root.tag == "tag:yaml.org,2002:null":
        root = empty_mapping()
    if isinstance(root, yaml.MappingNode):
        override(document, root, environment)
    config = _read(document, root, environment)
    if document.mistakes:
        raise ConfigError(document.mistakes)
    return config


def _read(document: Document, root: yaml.Node, environment: Mapping[str, str]) -> Config:
    top = Fields(document, root, "the configuration", KEYS[""])
    store = top.section("store", KEYS["store"])
    if store.text("url", "chdb") != "chdb":
        store.wrong("url", f"store.url {store.text('url')!r} is not available in this version; use chdb")
    auth = top.section("auth", KEYS["auth"])
    if auth.has("tokens_file"):
        auth.wrong(
            "tokens_file", "sign-in is not available in this version: remove auth.tokens_file and listen on 127.0.0.1"
        )
    retention = top.section("retention", KEYS["retention"])
    server = _listen(top.section("server", KEYS["server"]), "server", Listen("127.0.0.1", 3100))
    dashboard = _listen(top.section("dashboard", KEYS["dashboard"]), "dashboard", Listen("127.0.0.1", 7778))
    if server == dashboard and server.port:
        top.wrong(
            "dashboard", f"server.listen and dashboard.listen are both {server.host}:{server.port}; give two ports"
        )
    return Config(
        data_dir=_path(top, "data_dir") or default_data_dir(environment),
        server=server,
        dashboard=dashboard,
        store_memory_bytes=store.whole("memory_bytes", 2 << 30),
        retention=_retention(retention),
        limits=_limits(top.section("limits", KEYS["limits"])),
        rules=tuple(top.strings("rules")) if top.has("rules") else ("builtin",),
        notify=_webhooks(document, top),
        people=tuple(_person(document, key, node) for key, node in top.members("people")),
        webhooks=_hooks(top.section("webhooks", KEYS["webhooks"])),
        agent=_agent(document, top.section("agent", KEYS["agent"]), server, environment),
    )


def _listen(section: Fields, name: str, default: Listen) -> Listen:
    text = section.text("listen", f"{default.host}:{default.port}")
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        section.wrong(
            "listen", f"{name}.listen must be address:port, such as {default.host}:{default.port}, not {text!r}"
        )
        return default
    if not is_loopback(host):
        section.wrong(
            "listen",
            f"{name}.listen {text} would serve the trail to the network without a sign-in; listen on 127.0.0.1 and "
            "reach it through an SSH tunnel or a reverse proxy that signs people in",
        )
    return Listen(host, int(port))


def _path(fields: Fields, name: str) -> Path | None:
    """A path, with `~` for the home directory."""
    text = fields.text(name)
    try:
        return Path(text).expanduser() if text else None
    except RuntimeError:
        fields.wrong(name, f"{name}: {text!r}: there is no such home directory")
        return None


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _retention(section: Fields) -> Retention:
    default = Retention()
    period_ns = section.duration_ns("period", default.period_ns)
    if period_ns < 3600 * SECOND:
        section.wrong("period", f"retention.period must be at least 1h, not {format_duration(period_ns)}")
    percent = section.whole("max_disk_percent", default.max_disk_percent)
    if not 1 <= percent <= 99:
        section.wrong("max_disk_percent", "retention.max_disk_percent must be between 1 and 99")
    return Retention(period_ns, section.whole("max_bytes") if section.has("max_bytes") else None, percent)


def _limits(section: Fields) -> Limits:
    default = Limits()
    counts = {}
    for name in ("max_entries_limit_per_query", "max_query_series", "max_streams_matchers_per_query",
                 "query_memory_bytes", "volume_max_series"):  # fmt: skip
        counts[name] = section.whole(name, getattr(default, name))
        if not counts[name]:
            section.wrong(name, f"limits.{name} must be at least 1")
    timeout_ns = section.duration_ns("query_timeout", default.query_timeout_ns)
    if not timeout_ns:
        section.wrong("query_timeout", "limits.query_timeout must be more than nothing")
    length_ns = section.duration_ns("max_query_length", default.max_query_length_ns)
    return Limits(max_query_length_ns=length_ns, query_timeout_ns=timeout_ns, **counts)


def _hooks(section: Fields) -> Hooks:
    github = section.section("github", KEYS["webhooks.github"])
    deploy = section.section("deploy", KEYS["webhooks.deploy"])
    words = GithubHook().deploy_workflows
    if github.has("deploy_workflows"):
        words = tuple(github.strings("deploy_workflows"))
        if not all(words):
            github.wrong("deploy_workflows", "webhooks.github.deploy_workflows: an empty word is in every name")
    return Hooks(GithubHook(_path(github, "secret_file"), words), DeployHook(_path(deploy, "secret_file")))


def _webhooks(document: Document, top: Fields) -> tuple[WebhookSettings, ...]:
    webhooks = tuple(_webhook(document, node, i) for i, node in enumerate(top.items("notify")))
    names = [webhook.name for webhook in webhooks]
    for name in sorted({name for name in names if names.count(name) > 1}):
        top.wrong("notify", f"two receivers are named {name!r}; the outbox needs to tell them apart")
    return webhooks


def _webhook(document: Document, node: yaml.Node, number: int) -> WebhookSettings:
    fields = Fields(document, node, f"notify[{number}]", NOTIFY_KEYS)
    url = fields.text("url")
    if not url.startswith(("http://", "https://")):
        fields.wrong("url", f"notify[{number}].url must be an http:// or https:// address")
    timeout_ns = fields.duration_ns("timeout", 10 * SECOND)
    if not timeout_ns:
        fields.wrong("timeout", f"notify[{number}].timeout must be more than nothing")
    return WebhookSettings(
        url=url,
        name=fields.text("name", f"webhook-{number + 1}"),
        secret_file=_path(fields, "secret_file"),
        timeout_s=timeout_ns / SECOND,
        send_resolved=fields.flag("send_resolved") is not False,
    )


def _person(document: Document, key: str, node: yaml.Node) -> Person:
    fields = Fields(document, node, f"people.{key}", PERSON_KEYS)
    for address in fields.strings("addresses"):
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            fields.wrong("addresses", f"people.{key}.addresses: {address!r} is no IP address or CIDR range")
    for fingerprint in fields.strings("ssh_keys"):
        if not fingerprint.startswith(("SHA256:", "MD5:")):
            fields.wrong(
                "ssh_keys", f"people.{key}.ssh_keys: {fingerprint!r} is no fingerprint; see `ssh-keygen -lf key.pub`"
            )
    lists = {name: tuple(fields.strings(name)) for name in PERSON_KEYS if name != "name"}
    return Person(id=key, name=fields.text("name", key), **lists)


def _agent(document: Document, section: Fields, own: Listen, environment: Mapping[str, str]) -> AgentSection:
    server = section.text("server", own.url)
    if not server.startswith(("http://", "https://")):
        section.wrong("server", f"agent.server must be an http:// or https:// address, not {server!r}")
    redact = _redact(document, section.section("redact", REDACT_KEYS))
    sources = tuple(
        read_source(document, node, f"agent.sources[{i}]") for i, node in enumerate(section.items("sources"))
    )
    agent = AgentSection(
        server=server.rstrip("/"),
        host=section.text("host") or socket.gethostname(),
        token_file=_path(section, "token_file"),
        sources=sources,
        redact=redact,
        tenant=section.text("tenant"),
        promtail_config=_path(section, "promtail_config"),
        promtail_expand_env=bool(section.flag("promtail_expand_env")),
        promtail_positions=_path(section, "promtail_positions"),
    )
    if agent.promtail_config is None:
        return agent
    from whodid.config.promtail import with_promtail  # takes memory: only for who has one

    return with_promtail(agent, section, environment)


def _redact(document: Document, section: Fields) -> RedactSettings:
    rules = tuple(_redact_rule(document, node, i) for i, node in enumerate(section.items("rules")))
    for kind in section.strings("disabled"):
        if kind not in KINDS:
            section.wrong("disabled", f"agent.redact.disabled: there is no kind {kind!r}; known: {', '.join(KINDS)}")
    return RedactSettings(rules, _path(section, "key_file"), tuple(section.strings("disabled")))


def _redact_rule(document: Document, node: yaml.Node, number: int) -> RedactRule:
    fields = Fields(document, node, f"agent.redact.rules[{number}]", REDACT_RULE_KEYS)
    rule = RedactRule(fields.text("kind"), fields.text("pattern"))
    try:
        user_rule(rule.kind, rule.pattern)
    except RuleError as error:
        fields.wrong("kind" if error.of_kind else "pattern", f"agent.redact.rules[{number}]: {error}")
    return rule
