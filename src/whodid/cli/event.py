"""`whodid event`: a deployment, or an event of your own, told from a terminal or a script.

Stored by the server through its push API, with a key, so that an answer that was lost is asked for again and the event
is stored once. Without a server nothing is kept here: the exit status says so. Secrets are masked here, before anything
is sent or printed: with the agent's rules, and its key where this account may read it.
"""

import getpass
import json
import os
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from whodid.agent.redaction import borrow_redactor
from whodid.cli.client import DEFAULT_SERVER, push, read_time
from whodid.cli.output import complain, explained, printable
from whodid.cli.query import Misused
from whodid.cli.serve import ConfigFile, agent_dir
from whodid.config.load import find_file, load_config
from whodid.formats.deployment import JOB, OPERATION, checked, event_line
from whodid.formats.redact import Redactor
from whodid.model.clock import SystemClock, format_rfc3339

AUDIT_JOB = "audit"
"""Job of every event that is no deployment; the application's own audit events are there, too."""


def event(
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="What was done: deploy, or a word of your own.")],
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="What else is to be known of it.")
    ] = None,
    service: Annotated[str, typer.Option(help="What was deployed.")] = "",
    version: Annotated[str, typer.Option(help="Which version of it.")] = "",
    environment: Annotated[str, typer.Option(help="Where to: prod, staging …")] = "",
    outcome: Annotated[str, typer.Option(help="completed, failed or rolled_back.")] = "",
    message: Annotated[str, typer.Option(help="A sentence about it.")] = "",
    url: Annotated[str, typer.Option(help="Where more of it is to be seen.")] = "",
    user: Annotated[str, typer.Option(help="Who did it; you, if not given, also behind sudo.")] = "",
    at: Annotated[str, typer.Option(help="When: a span ago (5m) or an instant (2026-11-23 13:03, UTC); or now.")] = "",
    host: Annotated[str, typer.Option(help="Label host; this machine's name if not given.")] = "",
    token_file: Annotated[
        Path | None, typer.Option(help="File with the bearer token to send, where a proxy asks for one.")
    ] = None,
    server: Annotated[str, typer.Option(envvar="WHODID_SERVER", help="The server's address.")] = DEFAULT_SERVER,
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was stored as JSON.")] = False,
) -> None:
    """Tell of a deployment, or of anything else that was done.

    Example: whodid event deploy --service shop --version 1.4.2 --environment prod --outcome completed
    """
    with explained():
        clock = SystemClock()
        named = {"user": user, "service": service, "version": version, "environment": environment}
        named |= {"outcome": outcome, "message": message, "url": url}
        told = {"user": _account(), **{name: text for name, text in named.items() if text}}
        attributes = checked(kind, told | _read_pairs(pairs or [], named), _redactor(config))
        if kind == OPERATION and "service" not in attributes:
            raise Misused("a deployment says what was deployed: give --service")
        ns = read_time(at, clock, "--at") if at else clock.now_ns()
        labels = {"job": JOB if kind == OPERATION else AUDIT_JOB, "host": host or socket.gethostname()}
        line = event_line(attributes)
        push(server, {"stream": labels, "values": [[str(ns), line, attributes]]}, uuid.uuid4().hex, _token(token_file))
        if as_json:
            stored = {"at": format_rfc3339(ns), "labels": labels, "line": line, "attributes": attributes}
            typer.echo(json.dumps(stored, ensure_ascii=False))
        else:
            typer.echo(f"stored: {format_rfc3339(ns)}  {labels['job']}  {printable(line)}")


def _read_pairs(pairs: list[str], named: Mapping[str, str]) -> dict[str, str]:
    """The NAME=VALUE arguments. Raises Misused."""
    told: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Misused(f"{pair!r:.80} is no NAME=VALUE")
        if name in told or named.get(name):
            raise Misused(f"{name!r:.80} is given twice")
        told[name] = value
    return told


def _redactor(config: Path | None) -> Redactor:
    """The agent's, as far as this account may know it: telling of a deployment needs no right to read the secrets'
    key. Raises ConfigError."""
    path = find_file(config)
    if path is not None and config is None and not os.access(path, os.R_OK):
        complain(f"you may not read {path}: only the built-in rules mask secrets in this event")
        path = None
    settings = load_config(path)
    return borrow_redactor(settings.agent.redact, agent_dir(settings))


def _account() -> str:
    """Who calls: behind sudo the account that called it."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return str(os.getuid())


def _token(file: Path | None) -> str:
    """The token to send; empty: none. Raises Misused."""
    if file is None:
        return os.environ.get("WHODID_AGENT_TOKEN", "").strip()
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "it is not UTF-8 text"
        raise Misused(f"--token-file {file} cannot be read: {reason}") from None
