"""`whodid server` and `whodid up`: the programs that run until they are told to stop. `whodid agent` is agent.py."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from whodid.agent.discover import discover
from whodid.agent.explain import describe
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.cli.output import WRONG, complain, explained, need_server_packages
from whodid.config.load import find_file, load_config
from whodid.config.settings import Config
from whodid.model.clock import SECOND, SystemClock

ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="whodid.yml; found by itself if not given.")]

STOP_PATIENCE_S = 30.0
HALVES = ("server", "agent")


def server(config: ConfigFile = None) -> None:
    """Take in lines, answer queries, judge rules, serve the dashboard.

    Example: whodid server --config /etc/whodid/whodid.yml
    """
    with explained():
        settings = load_config(find_file(config))
        need_server_packages()
        # Imported here, since a host that only runs the agent has no database engine and no web server.
        from whodid.server import HalfRunning, run_server

        log_to_stderr()
        clock = SystemClock()
        try:
            run_until_told(lambda stop: run_server(settings, clock, stop, lambda: _say_ready(settings)))
        except HalfRunning as e:
            complain(str(e))
            raise typer.Exit(WRONG) from None


def up(config: ConfigFile = None) -> None:
    """Server and agent on this machine, as two processes. Ctrl-C stops both.

    Example: whodid up
    """
    with explained():
        path = find_file(config)
        settings = load_config(path)
        need_server_packages()
        _introduce(settings, path)
        raise typer.Exit(run_pair(path, settings.server.url))


def agent_settings(config: Config) -> AgentSettings:
    """The agent's settings; without sources in the configuration, what this machine has."""
    section = config.agent
    return AgentSettings(
        server=section.server,
        host=section.host,
        state_dir=agent_dir(config),
        sources=sources_of(config),
        token_file=section.token_file,
        redact=section.redact,
        tenant=section.tenant,
        promtail_positions=section.promtail_positions,
        # An hour less than the server keeps: what is nearly too old here would be too old when it arrives.
        max_age_ns=max(config.retention.period_ns - 3600 * SECOND, 1),
    )


def agent_dir(config: Config) -> Path:
    """Where the agent keeps what it must know after a restart."""
    return config.data_dir / "agent"


def sources_of(config: Config) -> tuple[SourceSettings, ...]:
    """What the agent follows."""
    if _is_configured(config):
        return config.agent.sources
    # whodid's own output must not be followed into itself.
    own = (f"{config.data_dir}/**",)
    return tuple(replace(source, exclude=(*source.exclude, *own)) for source in discover())


def _is_configured(config: Config) -> bool:
    """Whether somebody has said what to follow. Promtail, too, looks for nothing by itself."""
    return bool(config.agent.sources or config.agent.promtail_config)


def missing_evidence(config: Config) -> str | None:
    """What to say when whodid looked for logs by itself and found no auth log: `who` then knows sessions, no people."""
    if _is_configured(config) or any(source.format == "auth" for source in sources_of(config)):
        return None
    return (
        "not found  auth  /var/log/auth.log – without it no SSH key can be evidence; on Debian 12: apt install rsyslog"
    )


def run_pair(path: Path | None, server: str) -> int:
    """Runs server and agent as children until one ends or this process is told to stop; returns the exit status."""
    try:
        with run_children(path, server) as children:
            return _first_to_end(children)
    except KeyboardInterrupt:
        typer.echo("whodid: stopped", err=True)
        return 0


@contextmanager
def run_children(
    path: Path | None, server: str, environment: Mapping[str, str] = os.environ
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Server and agent as child processes, both ended on the way out."""
    arguments = ["--config", str(path)] if path else []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    children: list[subprocess.Popen[bytes]] = []
    try:
        for half in HALVES:
            command = [sys.executable, "-m", "whodid", half, *arguments]
            # A session of its own: Ctrl-C reaches this process alone, which then ends both in order.
            children.append(subprocess.Popen(command, env=environment, start_new_session=True))
            if half == "server" and not _comes_up(children[0], server):
                break  # the agent would only repeat that nobody answers
        yield children
    finally:
        for child in children:
            child.terminate()
        for child in children:
            _end(child)


def _comes_up(process: subprocess.Popen[bytes], server: str) -> bool:
    """Waits until the server answers or has ended."""
    while process.poll() is None:
        try:
            if httpx2.get(f"{server}/ready", timeout=5.0, trust_env=False).status_code == 200:
                return True
        except httpx2.HTTPError:
            pass  # not yet listening
        time.sleep(0.1)
    return False


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(timeout=STOP_PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _first_to_end(children: list[subprocess.Popen[bytes]]) -> int:
    """Blocks until any child ends; its exit status, made a failure even if it was 0."""
    while True:
        for half, child in zip(HALVES, children, strict=False):  # the agent is missing if the server did not come up
            try:
                status = child.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
            if status < 0:  # it could say nothing itself
                why = "; often memory: journalctl -k" if -status == signal.SIGKILL else ""
                complain(f"the {half} was killed (signal {-status}{why}); start it again")
            return status if status > 0 else WRONG


def _introduce(config: Config, path: Path | None) -> None:
    typer.echo(f"whodid: configuration {path or 'none, using defaults'}; data in {config.data_dir}")
    sources = sources_of(config)
    for source in sources:
        typer.echo(f"  following {source.job:<10} {describe(source)}")
    if not sources:
        typer.echo("  no log files found on this machine yet; name them under agent.sources in whodid.yml")
    if missing := missing_evidence(config):
        typer.echo(f"  {missing}")
    typer.echo(f"  dashboard  {config.dashboard.url}/logs/")
    typer.echo(f"  Loki API   {config.server.url}")


def _say_ready(config: Config) -> None:
    logging.getLogger("whodid.server").info("ready: dashboard at %s/logs/", config.dashboard.url)


def log_to_stderr() -> None:
    level = os.environ.get("WHODID_LOG_LEVEL", "INFO").upper()
    logging.basicConfig(
        level=level if level in logging.getLevelNamesMapping() else "INFO",
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for chatty in ("httpx2", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def run_until_told(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Runs until done or SIGTERM or SIGINT, which ask for a graceful stop."""

    async def guarded() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    asyncio.run(guarded())
