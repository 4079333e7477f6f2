#!/usr/bin/env python3
"""Writes the generated parts of docs/reference from the code that they describe.

    python tools/reference.py           writes them
    python tools/reference.py --check   names the pages that are stale, exit status 1

A page marks such a part with `<!-- generated: NAME -->` and `<!-- end -->`; BLOCKS below lists every NAME. All else
on the pages is written by hand and checked by tests/house/test_reference.py, which also fails when a part is stale.
"""

import ast
import asyncio
import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple, cast

import typer.main
import yaml
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from whodid import server
from whodid.agent.settings import AgentSettings, RedactSettings, SourceSettings
from whodid.api import errors as api_errors
from whodid.api.app import SafeHeaders, api_app
from whodid.api.hooks import DeployHook, GithubHook
from whodid.api.metrics import of_store, register
from whodid.api.routes import export, tail
from whodid.api.services import Services
from whodid.cli.main import app as commands_app
from whodid.config import load
from whodid.config.environment import KEYS, is_section, variable
from whodid.config.settings import AgentSection, Config, Limits, Listen, Retention
from whodid.config.sources import SECTIONS, SOURCE_KEYS, section_keys
from whodid.formats import postgres_escapes
from whodid.formats.redact_rules import KINDS
from whodid.ingest import deletes
from whodid.ingest.body import Totals
from whodid.ingest.limits import Limits as PushLimits
from whodid.investigate import who
from whodid.logql import tokens
from whodid.logql.ast import SampleExpr
from whodid.logql.parser import parse
from whodid.model.clock import format_duration
from whodid.model.person import Person
from whodid.notify.settings import WebhookSettings
from whodid.query.budget import Budget
from whodid.query.grid import Grid
from whodid.query.limits import Limits as QueryLimits
from whodid.query.metric import Evaluation
from whodid.query.template_functions import FUNCTIONS
from whodid.rules import template
from whodid.rules.load import builtin_text
from whodid.store.state import EngineNumbers, StoreState
from whodid.templates.builtins import BUILTINS
from whodid.wire import otlp_values, params

PAGES = Path(__file__).resolve().parent.parent / "docs" / "reference"
_BLOCK = re.compile(r"<!-- generated: ([a-z-]+) -->\n.*?<!-- end -->", re.DOTALL)
_HELP_WIDTH = 100

# What the classes themselves leave unsaid, because their names say it to a programmer.
_SAID = {
    "Person.name": "Name as the answers show it.",
    "Person.emails": "E-mail addresses, as certificates and tickets may name them.",
    "Person.github": "GitHub names. Nothing reads them yet.",
    "Person.unix": "Unix accounts that only this person uses; never a shared one such as `deploy`.",
    "Person.addresses": "IP addresses and ranges (`10.1.0.14`, `10.1.0.0/24`) that they work from.",
    "WebhookSettings.url": "Where to post; `http://` or `https://`. Never shown in messages.",
    "WebhookSettings.timeout_s": "How long one delivery may take.",
    "PushLimits.max_label_names": "Labels of one stream.",
    "PushLimits.max_label_name_bytes": "Length of a label's name.",
    "PushLimits.max_label_value_bytes": "Length of a label's value.",
    "MAX_CANDIDATES": "Dangerous statements that one question of `whodid who` examines; beyond that it asks for a "
    "narrower one, since an answer that leaves some out could leave out the one that matters.",
    "SEND_TIMEOUT_S": "How long a tail waits for a client that does not read; then the connection is closed (1013).",
    "MAX_QUERY_BYTES": "Length of a query.",
}


class Row(NamedTuple):
    """One key of the configuration."""

    key: str
    default: str
    meaning: str
    environment: str = ""


# ---- reading the code ----


def sayings(what: type | ModuleType) -> dict[str, str]:
    """Name → the string that stands below its assignment, of a class or a module."""
    tree = ast.parse(inspect.getsource(what))
    body = tree.body if isinstance(what, ModuleType) else cast(ast.ClassDef, tree.body[0]).body
    said: dict[str, str] = {}
    for statement, following in pairwise(body):
        target = statement.target if isinstance(statement, ast.AnnAssign) else None
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]  # type: ignore[assignment]
        if isinstance(target, ast.Name) and isinstance(following, ast.Expr):
            value = following.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                said[target.id] = one_line(value.value)
    return said


def meaning(what: type | ModuleType, name: str, prefix: str = "") -> str:
    """What a field or a constant means. Raises KeyError for one that says nothing: then it must be said here."""
    said = sayings(what).get(name)
    # The docstrings speak Python, the reader writes YAML.
    return (said or _SAID[prefix + name]).replace("None:", "null:")


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def first_line(what: Any) -> str:
    """The first paragraph of a docstring; the status that some errors name has a column of its own."""
    return re.sub(r" \(HTTP \d+\)", "", one_line((inspect.getdoc(what) or "").split("\n\n")[0]))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *cells)]
    return "\n".join(lines)


def code(value: object) -> str:
    return f"`{value}`"


def shown(name: str, value: Any) -> str:
    """A value as one would write it in whodid.yml."""
    if value is None:
        return code("null")
    if isinstance(value, Listen):
        return code(f"{value.host}:{value.port}")
    if isinstance(value, bool):
        return code(str(value).lower())
    if name.endswith("_ns"):
        return code(format_duration(value))
    if name.endswith("_s"):
        return code(format_duration(round(value * 1e9)))
    if isinstance(value, tuple):
        return code(f"[{', '.join(map(str, value))}]")
    return code(value) if str(value) else code('""')


# ---- config.md ----

_FIELDS: dict[tuple[str, str], tuple[type, str]] = {
    ("", "data_dir"): (Config, "data_dir"),
    ("", "rules"): (Config, "rules"),
    ("", "notify"): (Config, "notify"),
    ("", "people"): (Config, "people"),
    ("server", "listen"): (Config, "server"),
    ("dashboard", "listen"): (Config, "dashboard"),
    ("store", "url"): (Config, "store_url"),
    ("store", "memory_bytes"): (Config, "store_memory_bytes"),
    ("retention", "period"): (Retention, "period_ns"),
    ("retention", "max_bytes"): (Retention, "max_bytes"),
    ("retention", "max_disk_percent"): (Retention, "max_disk_percent"),
    ("limits", "max_entries_limit_per_query"): (Limits, "max_entries_limit_per_query"),
    ("limits", "max_query_length"): (Limits, "max_query_length_ns"),
    ("limits", "max_query_series"): (Limits, "max_query_series"),
    ("limits", "max_streams_matchers_per_query"): (Limits, "max_streams_matchers_per_query"),
    ("limits", "query_timeout"): (Limits, "query_timeout_ns"),
    ("limits", "query_memory_bytes"): (Limits, "query_memory_bytes"),
    ("limits", "volume_max_series"): (Limits, "volume_max_series"),
    ("webhooks.github", "secret_file"): (GithubHook, "secret_file"),
    ("webhooks.github", "deploy_workflows"): (GithubHook, "deploy_workflows"),
    ("webhooks.deploy", "secret_file"): (DeployHook, "secret_file"),
    ("agent", "server"): (AgentSection, "server"),
    ("agent", "host"): (AgentSection, "host"),
    ("agent", "token_file"): (AgentSection, "token_file"),
    ("agent", "redact"): (AgentSection, "redact"),
    ("agent", "sources"): (AgentSection, "sources"),
    ("agent", "tenant"): (AgentSection, "tenant"),
    ("agent", "promtail_config"): (AgentSection, "promtail_config"),
    ("agent", "promtail_expand_env"): (AgentSection, "promtail_expand_env"),
    ("agent", "promtail_positions"): (AgentSection, "promtail_positions"),
}
_NOT_FIXED = {
    ("", "data_dir"): "`/var/lib/whodid` for root, `~/.local/share/whodid` for anybody else",
    ("", "people"): "`{}`",
    ("agent", "host"): "the host's name",
    ("agent", "redact"): "`{}`",
}
"""Defaults that depend on the machine, or that are written in another way than they are kept."""


def config_keys() -> str:
    parts = []
    for section, keys in KEYS.items():
        # Keys that are sections have a table of their own.
        rows = [_key(section, key) for key in keys if not is_section(section, key)]
        if not rows:
            continue
        cells = [(code(row.key), row.default, row.environment, row.meaning) for row in rows]
        title = f"### `{section}`\n\n" if section else ""
        parts.append(title + table(("key", "default", "environment", "meaning"), cells))
    return "\n\n".join(parts)


def _key(section: str, key: str) -> Row:
    path = f"{section}.{key}" if section else key
    name_of_variable = code(variable(section, key))
    if (section, key) not in _FIELDS:
        return Row(path, "–", _why_not(section, key), name_of_variable)
    owner, name = _FIELDS[section, key]
    defaults: Any = load.load_config(None, {})
    if owner is not Config:
        defaults = {
            Retention: defaults.retention,
            Limits: defaults.limits,
            GithubHook: defaults.webhooks.github,
            DeployHook: defaults.webhooks.deploy,
            AgentSection: defaults.agent,
        }[owner]
    default = _NOT_FIXED.get((section, key)) or shown(name, getattr(defaults, name))
    return Row(path, default, meaning(owner, name), name_of_variable)


def _why_not(section: str, key: str) -> str:
    """What the reader of the configuration says to a key that this version does not take."""
    document = yaml.safe_dump({section: {key: "x"}})
    try:
        load_text(document)
    except load.ConfigError as e:
        return f"Refused: {e.mistakes[0].message}."
    raise KeyError(f"{section}.{key} is taken, but tools/reference.py does not know what it sets")


def load_text(text: str) -> Config:
    """The configuration of a text."""
    node = yaml.safe_load(text)
    environment = {
        variable(section, key): yaml.safe_dump(value, default_flow_style=True)
        for section, keys in node.items()
        for key, value in keys.items()
    }
    return load.load_config(None, environment)


def source_keys() -> str:
    sample = load_text("agent: {sources: [{job: j, paths: [p]}]}").agent.sources[0]
    return _members(SOURCE_KEYS, SourceSettings, sample, {"job": "required", "paths": code("[]")})


def section_of_source(kind: type) -> Callable[[], str]:
    """The keys of one kind of source that is no file."""

    def keys() -> str:
        rows = []
        members = {member.name: member for member in dataclasses.fields(cast(Any, kind))}
        for key, name in section_keys(kind).items():
            default = members[name].default
            default = "required" if default is dataclasses.MISSING else shown(name, default)
            rows.append((code(key), default, meaning(kind, name, f"{kind.__name__}.")))
        return table(("key", "default", "meaning"), rows)

    return keys


def redact_keys() -> str:
    return _members(load.REDACT_KEYS, RedactSettings, RedactSettings(), {})


def person_keys() -> str:
    sample = load.load_config(None, {"WHODID_PEOPLE": "{noa: {}}"}).people[0]
    return _members(load.PERSON_KEYS, Person, sample, {"name": "the key under `people`"})


def notify_keys() -> str:
    sample = load.load_config(None, {"WHODID_NOTIFY": "[{url: 'http://127.0.0.1/'}]"}).notify[0]
    fixed = {"url": "required", "name": f"`{sample.name}` and so on"}
    return _members(load.NOTIFY_KEYS, WebhookSettings, sample, fixed)


def _members(keys: Sequence[str], owner: type, sample: object, fixed: dict[str, str]) -> str:
    names = {field.name for field in dataclasses.fields(cast(Any, owner))}
    rows = []
    for key in keys:
        name = key if key in names else f"{key}_s"
        default = fixed.get(key) or shown(name, getattr(sample, name))
        rows.append((code(key), default, meaning(owner, name, f"{owner.__name__}.")))
    return table(("key", "default", "meaning"), rows)


# ---- limits.md ----


def push_limits() -> str:
    return _limits(PushLimits, PushLimits(), "PushLimits.")


def query_limits() -> str:
    return _limits(QueryLimits, QueryLimits(), "QueryLimits.")


def other_limits() -> str:
    names = (
        (tail, "MAX_TAILS"),
        (tail, "SEND_TIMEOUT_S"),
        (tail, "BEHIND_LINES"),
        (export, "MAX_EXPORTS"),
        (otlp_values, "MAX_ATTRIBUTES"),
        (deletes, "CANCEL_PERIOD_NS"),
        (deletes, "CANCELLABLE_LINES"),
        (params, "MAX_QUERY_BYTES"),
        (server, "FINDINGS_ROWS"),
    )
    found = [(module, name, getattr(module, name)) for module, name in (*names, (who, "MAX_CANDIDATES"))]
    rows = [(code(name), amount(name.lower(), value), meaning(module, name)) for module, name, value in found]
    return table(("limit", "number", "meaning"), rows)


def agent_limits() -> str:
    fields = [field for field in dataclasses.fields(AgentSettings) if field.default is not dataclasses.MISSING]
    rows = [
        (code(field.name), amount(field.name, field.default), meaning(AgentSettings, field.name))
        for field in fields
        if isinstance(field.default, int | float)
    ]
    return table(("limit", "number", "meaning"), rows)


def _limits(owner: type, sample: object, prefix: str) -> str:
    rows = [
        (code(field.name), amount(field.name, getattr(sample, field.name)), meaning(owner, field.name, prefix))
        for field in dataclasses.fields(cast(Any, owner))
    ]
    return table(("limit", "number", "meaning"), rows)


def amount(name: str, value: Any) -> str:
    """A number with its unit, which the name ends in."""
    if name.endswith("_ns"):
        return format_duration(value)
    if name.endswith("_s"):
        return format_duration(round(value * 1e9))
    if name.endswith("_bytes"):
        for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
            if value >= size and value % size == 0:
                return f"{value // size} {unit}"
        return f"{value:,} bytes"
    return f"{value:,}"


# ---- api.md ----


def routes() -> list[tuple[str, str, str]]:
    """Method, path and meaning of each route of the API."""
    timed: Any = api_app(cast(Services, None), None)
    safe_headers: SafeHeaders = timed._app
    application = cast(Starlette, cast(Any, safe_headers)._app._app)
    return list(_routes(application.routes))


def _routes(found: Sequence[BaseRoute]) -> Iterator[tuple[str, str, str]]:
    for route in found:
        if isinstance(route, Mount):
            yield from _routes(route.routes)
        elif isinstance(route, WebSocketRoute):
            yield "WebSocket", route.path, first_line(route.endpoint)
        elif isinstance(route, Route):
            methods = " or ".join(sorted((route.methods or set()) - {"HEAD"}))
            yield methods, route.path, first_line(route.endpoint)


def api_routes() -> str:
    rows = [(code(path), method, said) for method, path, said in routes()]
    return table(("path", "method", "answer"), rows)


def api_error_statuses() -> str:
    rows = [(str(int(status)), code(kind.__name__), first_line(kind)) for kind, status in api_errors.STATUSES]
    rows += [(str(int(status)), code(name), text + ".") for name, (status, text) in api_errors.ENGINE_STATUSES.items()]
    return table(("status", "error", "meaning"), sorted(rows))


# ---- formats.md, commands.md, alerts.md, logql.md ----


def metrics() -> str:
    registry = CollectorRegistry()
    ingest = SimpleNamespace(totals=Totals(), journal_bytes=0, bus=SimpleNamespace(last_seq=0))
    index = SimpleNamespace(count=0)
    register(cast(Services, SimpleNamespace(registry=registry, ingest=ingest, index=index, tails=0, version="")))
    engine = EngineNumbers(**{field.name: 0 for field in dataclasses.fields(EngineNumbers)})
    found = [*registry.collect(), *of_store(StoreState({"read": 0}, engine)).collect()]
    rows = [
        (f"`{family.name}{'_total' if family.type == 'counter' else ''}`", family.type, family.documentation)
        for family in found
    ]
    return table(("name", "type", "what"), rows)


def prefix_escapes() -> str:
    kept = {"stamp": "the instant of the line", "epoch": "the instant of the line", "": "read, not kept"}
    rows = [(code(f"%{letter}"), kept.get(name, code(name))) for letter, (name, _) in postgres_escapes.ESCAPES.items()]
    rows.append((code("%q"), "processes without a session print nothing of what follows"))
    rows.append((code("%%"), "a percent sign"))
    return table(("escape", "gives"), rows)


def secret_kinds() -> str:
    return table(("kind", "what is masked"), [(code(kind), meaning) for kind, meaning in KINDS.items()])


def command_help() -> str:
    """`--help` of every command, as it is printed."""
    parts = []
    for name, command in _commands("whodid", typer.main.get_command(commands_app)):
        context = command.make_context(
            name, [], resilient_parsing=True, terminal_width=_HELP_WIDTH, max_content_width=_HELP_WIDTH
        )
        text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"### `{name}`\n\n```text\n{text}\n```")
    return "\n\n".join(parts)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    members = getattr(command, "commands", None)
    if members is None:
        yield name, command
        return
    for member, below in members.items():
        yield from _commands(f"{name} {member}", below)


def builtin_alerts() -> str:
    parts = []
    for group in yaml.safe_load(builtin_text())["groups"]:
        for rule in group["rules"]:
            metric = "[" in str(rule["expr"])
            when = f"every {group.get('interval', '1m')}" if metric else "at the commit of each line"
            notes = rule["annotations"]
            facts = (
                f"* severity: {rule['labels']['severity']}",
                f"* judged: {when}",
                f"* says: {_filled(notes['summary'])}",
                f"* what to do: {_filled(notes['runbook'])}",
            )
            parts.append(f"### {rule['alert']}\n\n```logql\n{rule['expr']}\n```\n\n" + "\n".join(facts))
    return "\n\n".join(parts)


def _filled(text: str) -> str:
    """A template with ‹name› in the place of each label."""
    labels = {name: f"‹{name}›" for name in re.findall(r"\$labels\.(\w+)", text)}
    return one_line(template.expand(text, template.TemplateData(labels, 12.0, {}, "")))


def logql_functions() -> str:
    """Every function of the language, each really asked of the evaluator (of no stream, so no store is needed)."""
    rows = []
    for name in sorted(tokens.RANGE_FUNCTIONS):
        numbers = name in tokens.UNWRAP_RANGE_FUNCTIONS
        over = "numbers" if numbers else "lines or numbers" if name in tokens.EITHER_RANGE_FUNCTIONS else "lines"
        unwrapped = '{a="b"} | unwrap x [1m]' if numbers else '{a="b"}[1m]'
        rows.append((f"{name}({'0.9, ' if name == 'quantile_over_time' else ''}{unwrapped})", name, over))
    for name in sorted(tokens.VECTOR_FUNCTIONS):
        parameter = "3, " if name in tokens.RANKING_FUNCTIONS else ""
        rows.append((f'{name}({parameter}rate({{a="b"}}[1m]))', name, "series"))
    rows.append(('label_replace(rate({a="b"}[1m]), "x", "$1", "y", "(.*)")', "label_replace", "series"))
    rows.append(("vector(1)", "vector", "a number"))
    for query, _, _ in rows:
        _ask(query)
    return table(("function", "over"), [(code(name), over) for _, name, over in rows])


def _ask(query: str) -> None:
    nothing = cast(Budget, None)  # without streams no statement is made
    evaluation = Evaluation({}, Grid.instant(0), nothing, QueryLimits())
    asyncio.run(evaluation.value(cast(SampleExpr, parse(query))))


def template_functions() -> str:
    """The functions of templates with what they take, in Go's types."""
    known = {**BUILTINS, **FUNCTIONS}
    rows = []
    for name in sorted(known, key=str.lower):
        takes = [*known[name].takes, *([f"...{known[name].rest}"] if known[name].rest else [])]
        rows.append((code(name), ", ".join(takes).replace("interface {}", "any").replace("time.Time", "time")))
    return table(("function", "takes"), rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "config-keys": config_keys,
    "source-keys": source_keys,
    **{f"{key.replace('_', '-')}-keys": section_of_source(kind) for key, kind in SECTIONS.items()},
    "redact-keys": redact_keys,
    "person-keys": person_keys,
    "notify-keys": notify_keys,
    "push-limits": push_limits,
    "query-limits": query_limits,
    "other-limits": other_limits,
    "agent-limits": agent_limits,
    "routes": api_routes,
    "error-statuses": api_error_statuses,
    "metrics": metrics,
    "prefix-escapes": prefix_escapes,
    "secret-kinds": secret_kinds,
    "commands": command_help,
    "alerts": builtin_alerts,
    "template-functions": template_functions,
    "logql-functions": logql_functions,
}


def written(text: str) -> str:
    """A page with its generated parts as the code has them now."""

    def block(match: re.Match[str]) -> str:
        return f"<!-- generated: {match[1]} -->\n\n{BLOCKS[match[1]]()}\n\n<!-- end -->"

    return _BLOCK.sub(block, text)


def main(arguments: Sequence[str]) -> int:
    stale = 0
    for page in sorted(PAGES.glob("*.md")):
        text = page.read_text("utf-8")
        fresh = written(text)
        if fresh == text:
            continue
        stale += 1
        if "--check" in arguments:
            print(f"{page}: stale, run python tools/reference.py")
        else:
            page.write_text(fresh, "utf-8")
            print(f"{page}: written")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
