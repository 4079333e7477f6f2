"""`whodid demo`: plays the December story into a throw-away store and answers "who truncated User?".

Everything is real but the story: the logs are written to a directory, a real agent follows them, a real server stores
them, and the answer is what `whodid who` says. Nothing is left behind.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from whodid.cli.client import get_text
from whodid.cli.december import Story, write_story
from whodid.cli.output import Unreachable, explained, need_server_packages
from whodid.cli.serve import run_children
from whodid.errors import WhodidError
from whodid.model.clock import SystemClock

FINDINGS = "/whodid/api/v1/findings"
PATIENCE_S = 60.0
QUIET_S = 1.0


class DemoFailed(WhodidError):
    """The demo's own server or agent did not come up."""


def demo(
    stay: Annotated[
        bool | None, typer.Option("--stay/--no-stay", help="Keep serving until Ctrl-C; default: on a terminal.")
    ] = None,
) -> None:
    """Play the December incident and say who did it. Needs no PostgreSQL, no configuration and no root.

    Example: whodid demo
    """
    with explained(), tempfile.TemporaryDirectory(prefix="whodid-demo-") as name:
        need_server_packages()
        directory = Path(name)
        story = write_story(directory / "logs", SystemClock().now_ns())
        config = _write_config(directory, story)
        typer.echo("whodid: playing the December story: a shared database login, a dropped trigger, a TRUNCATE …\n")
        with run_children(config.file, config.server, _environment()) as children:
            _wait_for_story(config.server, children)
            typer.echo(get_text(config.server, FINDINGS, {"since": "24h", "format": "text"}), nl=False)
            _invite(config.dashboard, config.server)
            if sys.stdout.isatty() if stay is None else stay:
                typer.echo("Ctrl-C ends the demo and removes everything it made.")
                try:
                    signal.pause()
                except KeyboardInterrupt:
                    typer.echo("")


class _Config:
    """The demo's configuration file and the addresses in it."""

    def __init__(self, file: Path, server: str, dashboard: str) -> None:
        self.file, self.server, self.dashboard = file, server, dashboard


def _write_config(directory: Path, story: Story) -> _Config:
    api, pages = _free_port(3100), _free_port(7778)
    sources = [
        {
            "job": log.job,
            "format": log.format,
            "paths": [str(log.path)],
            **({"line_prefix": story.line_prefix} if log.format == "postgres" else {}),
        }
        for log in story.files
    ]
    people = {
        p.id: {
            "name": p.name,
            "emails": list(p.emails),
            "github": list(p.github),
            "db_roles": list(p.db_roles),
            "unix": list(p.unix),
            "ssh_keys": list(p.ssh_keys),
            "addresses": list(p.addresses),
        }
        for p in story.people
    }
    values: dict[str, Any] = {
        "data_dir": str(directory / "data"),
        "server": {"listen": f"127.0.0.1:{api}"},
        "dashboard": {"listen": f"127.0.0.1:{pages}"},
        "people": people,
        "agent": {"server": f"http://127.0.0.1:{api}", "host": "demo", "sources": sources},
    }
    file = directory / "whodid.yml"
    file.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False))
    return _Config(file, f"http://127.0.0.1:{api}", f"http://127.0.0.1:{pages}")


def _environment() -> dict[str, str]:
    """Only errors are shown; and no WHODID_DATA_DIR or the like may lead the story into a real store."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("WHODID_")}
    return {**others, "WHODID_LOG_LEVEL": "ERROR"}


def _free_port(wanted: int) -> int:
    """The usual port if nobody has it, else any: the demo must run beside a real whodid."""
    for port in (wanted, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(sock.getsockname()[1])
    raise DemoFailed("no free port on this machine")


def _wait_for_story(server: str, children: list[subprocess.Popen[bytes]]) -> None:
    """Until the agent has shipped the story to its end: there are findings, and a second brings no further line."""
    deadline, seen, since = time.monotonic() + PATIENCE_S, -1.0, 0.0
    while time.monotonic() < deadline:
        if any(child.poll() is not None for child in children):
            raise DemoFailed("the demo's server or agent ended early; its messages stand above")
        now = _lines_stored(server)
        if now != seen:
            seen, since = now, time.monotonic()
        elif now > 0 and time.monotonic() - since > QUIET_S:
            return
        time.sleep(0.1)
    raise DemoFailed(f"the story did not arrive within {PATIENCE_S:.0f} s")


def _lines_stored(server: str) -> float:
    """The server's own count; 0 while it is starting."""
    try:
        metrics = get_text(server, "/metrics", {})
    except Unreachable:
        return 0.0
    found = re.search(r"^whodid_ingested_lines_total (\S+)", metrics, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _invite(dashboard: str, server: str) -> None:
    typer.echo(f"\nDashboard  {dashboard}/logs/")
    typer.echo(f"Ask        whodid who --since 24h{'' if server.endswith(':3100') else f' --server {server}'}")
