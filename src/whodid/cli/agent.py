"""`whodid agent`: follows and ships. Or shows what lines would become, or where every source stands, or converts
Promtail's configuration. The work is done in agent/ and promtail/; what is printed is decided here.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer

from whodid.agent.dry_run import DryRun, Shown
from whodid.agent.explain import FileStand, SourceStand, describe, explain
from whodid.agent.misread import explain_misread
from whodid.agent.run import run_agent
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.agent.status import Status, is_running, read_status
from whodid.cli.output import explained, printable
from whodid.cli.serve import ConfigFile, agent_settings, log_to_stderr, run_until_told
from whodid.cli.shown import shown_text
from whodid.config.load import find_file, load_config
from whodid.errors import WhodidError
from whodid.formats import make_format
from whodid.model.clock import SECOND, SystemClock, format_duration, format_rfc3339

STDIN = "-"


class BadWords(WhodidError):
    """The command was called in a way that means nothing."""


def agent(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE…|convert FILE]", help="With --dry-run: the files to read, - for stdin."),
    ] = None,
    config: ConfigFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what each line of the files would become; send nothing.")
    ] = False,
    explain_: Annotated[
        bool,
        typer.Option("--explain", help="Print the sources, where each stands, its lag, lines not understood."),
    ] = False,
    job: Annotated[str, typer.Option(help="With --dry-run: the source whose settings count, by its job.")] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    expand_env: Annotated[
        bool, typer.Option("--expand-env", help="With convert: put ${VAR} in first, as Promtail's -config.expand-env.")
    ] = False,
) -> None:
    """Follow this machine's logs and send them to the server.

    Example: WHODID_AGENT_SERVER=http://10.0.0.5:3100 whodid agent

    Example: whodid agent --dry-run /var/log/auth.log

    Example: whodid agent --explain

    Example: whodid agent convert /etc/promtail/promtail-config.yml
    """
    words = words or []
    with explained():
        if words[:1] == ["convert"] and not (dry_run or explain_):
            _convert(words[1:], expand_env=expand_env)
            return
        settings = agent_settings(load_config(find_file(config)))
        if explain_:
            _explain(settings, as_json=json)
        elif dry_run:
            _dry_run(settings, words, job, as_json=json)
        elif words:
            raise BadWords(f"`whodid agent {words[0]}` is no command; --dry-run takes files, and `convert` a file")
        else:
            log_to_stderr()
            for source in settings.sources:
                logging.getLogger("whodid.agent").info("following %s as job %s", describe(source), source.job)
            run_until_told(lambda stop: run_agent(settings, SystemClock(), stop, make_format))


def _convert(words: list[str], *, expand_env: bool) -> None:
    """Prints whodid.yml for a Promtail configuration."""
    if len(words) != 1:
        raise BadWords("`whodid agent convert` takes one file: whodid agent convert /etc/promtail/promtail-config.yml")
    from whodid.config.promtail import convert_file, why_unreadable
    from whodid.promtail.yaml_text import whodid_yml

    try:
        converted = convert_file(Path(words[0]), os.environ, expand=expand_env)
    except (OSError, UnicodeDecodeError) as e:
        raise BadWords(f"cannot read {words[0]}: {why_unreadable(e)}") from None
    typer.echo(whodid_yml(converted, words[0]).rstrip())


def _dry_run(settings: AgentSettings, files: list[str], job: str, *, as_json: bool) -> None:
    """Each file as its source would read it. Nothing is too old here: nothing is sent."""
    if not files:
        raise BadWords("--dry-run needs files: whodid agent --dry-run /var/log/auth.log, or - for stdin")
    settings = replace(settings, max_age_ns=0)
    for path in files:
        source = _source_for(settings.sources, path, job)
        if not as_json:
            typer.echo(f"{path}: job {source.job}, format {source.format}", err=True)
        count = unread = nothing = 0
        labels = ""
        with _opened(path) as file:
            for shown in DryRun(settings, source, path, make_format, SystemClock()).read(file):
                count += 1
                unread += not shown.understood
                nothing += not shown.understood and not shown.attributes
                typer.echo(msgspec.json.encode(_as_json(shown)).decode() if as_json else shown_text(shown, labels))
                labels = shown.labels
        if not as_json:
            typer.echo(f"{path}: {count} entries, {unread} not understood", err=True)
        if count and nothing == count:
            typer.echo(f"{path}: {explain_misread(source, 'its records')}", err=True)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with Path(path).open("rb") as file:
            yield file
    except OSError as e:
        raise BadWords(f"cannot read {path}: {e.strerror}") from None


def _source_for(sources: tuple[SourceSettings, ...], path: str, job: str) -> SourceSettings:
    """The source with that job; else the one that would follow the file; else one that follows a file of that name."""
    if job:
        for source in sources:
            if source.job == job:
                return source
        raise BadWords(f"no source has the job {job!r}; there are: {', '.join(sorted({s.job for s in sources}))}")
    absolute, name = str(Path(path).absolute()), Path(path).name
    for source in sources:
        if any(fnmatch(absolute, pattern) for pattern in source.paths):
            return source
    for source in sources:
        if any(fnmatch(name, Path(pattern).name) for pattern in source.paths):
            return source
    raise BadWords(f"no source follows {path}; say which one to read it as with --job, or list it under agent.sources")


def _as_json(shown: Shown) -> dict[str, object]:
    return {
        "timestamp": format_rfc3339(shown.ns),
        "labels": shown.labels,
        "line": shown.line,
        "attributes": shown.attributes,
        "understood": shown.understood,
    }


def _explain(settings: AgentSettings, *, as_json: bool) -> None:
    status = read_status(settings.state_dir)
    now_ns = SystemClock().now_ns()
    sources = explain(settings, status, SystemClock())
    if as_json:
        typer.echo(msgspec.json.encode({"agent": status, "sources": sources}).decode())
        return
    typer.echo(_agent_line(status, now_ns))
    for source in sources:
        typer.echo(f"\n{source.job}  ({source.format or 'as it comes'})  {source.where}")
        for line in _file_lines(source, now_ns):
            typer.echo(f"  {line}")
    if not sources:
        typer.echo("no sources: list them under agent.sources in whodid.yml")


def _agent_line(status: Status | None, now_ns: int) -> str:
    if status is None:
        return "no agent has run here yet"
    age = format_duration(max(0, now_ns - status.at_ns) // SECOND * SECOND)
    if not is_running(status):
        return f"the agent is not running (last seen {age} ago)"
    parts = [f"agent {status.pid} is running", f"{status.entries_sent} entries sent"]
    for count, what in (
        (status.entries_refused, "refused by the server"),
        (status.entries_too_old, "too old, left out"),
        (status.attempts_failed, "attempts failed"),
    ):
        if count:
            parts.append(f"{count} {what}")
    return ", ".join(parts)


def _file_lines(source: SourceStand, now_ns: int) -> Iterator[str]:
    if not source.files:
        yield "nothing there yet"
    for file in source.files:
        name = f"{file.container}  {file.path}" if file.container else file.path
        yield f"{printable(name)}: {_stand(file, now_ns)}"


def _stand(file: FileStand, now_ns: int) -> str:
    if file.problem:
        return file.problem
    if file.sent_bytes == 0 and file.size_bytes and not file.dropped:
        return f"nothing sent yet, {file.size_bytes} bytes waiting"
    parts = [f"all {file.size_bytes} bytes sent" if not file.lag_bytes else f"{file.lag_bytes} bytes behind"]
    if file.last_ns:
        parts.append(f"last line {format_duration(max(0, now_ns - file.last_ns) // SECOND * SECOND)} ago")
    if file.not_understood:
        parts.append(f"{file.not_understood} lines not understood since the agent's start")
    for counts, what in (
        (file.dropped, "lines dropped by its pipeline"),
        (file.unread_by_stage, "lines that its stages could not read"),
    ):
        if counts:
            told = ", ".join(f"{printable(name)}: {count}" for name, count in sorted(counts.items()))
            parts.append(f"{sum(counts.values())} {what} ({told})")
    return ", ".join(parts)
