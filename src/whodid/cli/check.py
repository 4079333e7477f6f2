"""`whodid check`: is this installation sound? Reads the configuration, looks at what it names, changes nothing."""

import errno
import os
import socket
from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from whodid.agent.explain import describe
from whodid.agent.misread import misread_tail
from whodid.agent.receivers import Begins, receivers_of
from whodid.agent.settings import SourceSettings
from whodid.cli.advice import log_advice
from whodid.cli.output import MissingServerExtra, explained, need_server_packages
from whodid.cli.serve import ConfigFile, missing_evidence, sources_of
from whodid.config.load import find_file, load_config
from whodid.config.settings import Config, Listen
from whodid.errors import WhodidError
from whodid.formats import Format, FormatSettings, make_format
from whodid.model.clock import SystemClock
from whodid.sources.file_sd import ListUnreadable, read_targets
from whodid.sources.patterns import named_files

BUILD_INFO = "/loki/api/v1/status/buildinfo"
PATIENCE_S = 3.0
"""How long a program that has our port may take to say whether it is whodid."""
Finding = tuple[bool, str]
"""Whether something is as it should be, and the sentence about it."""


def check(
    config: ConfigFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what is wrong.")] = False,
) -> None:
    """Is the configuration right, can the files be read, are the ports free?

    Example: whodid check --config whodid.yml
    """
    with explained():
        path = find_file(config)
        settings = load_config(path)
        wrong = 0
        for good, text in _findings(settings, path):
            wrong += not good
            if not good or not quiet:
                typer.echo(f"{'ok   ' if good else 'WRONG'} {text}")
        if (missing := missing_evidence(settings)) and not quiet:
            typer.echo(missing)
        for advice in () if quiet else log_advice(sources_of(settings)):
            typer.echo(advice)
    raise typer.Exit(1 if wrong else 0)


def _findings(config: Config, path: Path | None) -> Iterator[Finding]:
    yield True, f"configuration {path or '(none, defaults)'}"
    yield _data_dir(config.data_dir)
    yield _port("server.listen", config.server, BUILD_INFO)
    yield _port("dashboard.listen", config.dashboard, f"/logs{BUILD_INFO}")
    yield _rules(config.rules)
    for webhook in config.notify:
        if webhook.secret_file is not None:
            readable = os.access(webhook.secret_file, os.R_OK)
            problem = "" if readable else ": cannot be read by this user"
            yield readable, f"notify {webhook.name}: secret_file {webhook.secret_file}{problem}"
    hooks = config.webhooks
    for name, file in (("github", hooks.github.secret_file), ("deploy", hooks.deploy.secret_file)):
        if file is not None:
            yield _secret(f"webhooks.{name}.secret_file", file)
    sources = sources_of(config)
    yield bool(sources), f"{len(sources)} sources to follow"
    for source in sources:
        yield _source(source)
    yield from _positions(config.agent.promtail_positions)


def _secret(key: str, file: Path) -> Finding:
    """A secret that a webhook needs: without it nothing is taken there."""
    try:
        problem = "" if file.read_bytes().strip() else " is empty"
    except OSError as e:
        problem = f" cannot be read by this user: {e.strerror}"
    return not problem, f"{key} {file}{problem}"


def _source(source: SourceSettings) -> Finding:
    name = f"{source.job}: {describe(source)}"
    if source.file_sd is not None:
        return _lists(source.file_sd.files, name)
    if not source.paths:
        return _receiver(source, name)
    try:
        format = make_format(
            source.format, FormatSettings(line_prefix=source.line_prefix, options=dict(source.options))
        )
    except WhodidError as e:
        return False, f"{name}: {e}"
    files = [file for pattern in source.paths for file in glob(pattern, recursive=True)]  # noqa: PTH207 – paths are text
    blocked = [file for file in files if not os.access(file, os.R_OK)]
    if blocked:
        return False, f"{name}: no permission to read {blocked[0]}; add this user to the group that may (adm)"
    if not files:
        return False, f"{name}: no such file yet; it will be followed when it appears"
    if misread := _misread(source, format):
        return False, f"{source.job}: {misread}"
    return True, f"{name}: {len(files)} file{'s' if len(files) > 1 else ''}"


def _lists(patterns: Sequence[str], name: str) -> Finding:
    """Lists of targets: whether they are there and can be read."""
    files = [Path(file) for pattern in patterns for file in sorted(glob(pattern))]  # noqa: PTH207 – paths are text
    count = 0
    for file in files:
        try:
            count += len(list(read_targets(file)))
        except (OSError, UnicodeDecodeError, ListUnreadable) as e:
            return False, f"{name}: {file} cannot be read as a list of targets: {e}"
    return bool(files), f"{name}: {f'{count} targets' if files else 'no such list yet'}"


def _positions(file: Path | None) -> Iterator[Finding]:
    """Promtail's positions: with a file that cannot be read the agent does not start."""
    if file is not None and file.exists():
        from whodid.promtail.load import PromtailConfigError
        from whodid.promtail.positions import read_positions

        try:
            offsets = read_positions(file.read_text("utf-8"), str(file)).offsets
            yield True, f"agent.promtail_positions {file}: {len(offsets)} files"
        except (OSError, UnicodeDecodeError, PromtailConfigError) as e:
            yield False, f"agent.promtail_positions {file} cannot be read: {e}"


def _receiver(source: SourceSettings, name: str) -> Finding:
    """A source that is no file: whether it can be set up at all."""
    try:
        for _ in receivers_of(source, SystemClock(), Begins()):
            pass
    except WhodidError as e:
        return False, f"{name}: {e}"
    return True, name


def _misread(source: SourceSettings, format: Format) -> str | None:
    """What is wrong with the newest file of a source, by its last lines."""
    files = [found for pattern in source.paths for found in named_files(pattern, source.exclude)]
    if not files:
        return None
    newest, _ = max(files, key=lambda found: found[1].st_mtime_ns)
    try:
        told = misread_tail(source, Path(newest), format)
    except OSError as e:
        told = f"{e.strerror}; it was there a moment ago"
    return f"{newest}: {told}" if told else None


def _data_dir(path: Path) -> Finding:
    nearest = next(parent for parent in (path, *path.absolute().parents) if _exists(parent))
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return writable, f"data_dir {path}" + ("" if writable else f": not writable for this user (at {nearest})")


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False  # missing, or behind a directory that this user may not enter
    return True


def _port(key: str, listen: Listen, build_info: str) -> Finding:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((listen.host, listen.port))
        except OSError as e:
            if e.errno == errno.EADDRINUSE and _is_whodid(listen.url + build_info):
                return True, f"{key} {listen.host}:{listen.port} is served by a running whodid"
            return False, f"{key} {listen.host}:{listen.port}: {e.strerror}; stop what uses it or set another {key}"
    return True, f"{key} {listen.host}:{listen.port} is free"


def _is_whodid(url: str) -> bool:
    try:
        return "whodid-" in httpx2.get(url, timeout=PATIENCE_S, trust_env=False).text
    except httpx2.HTTPError:
        return False


def _rules(patterns: tuple[str, ...]) -> Finding:
    name = f"rules {', '.join(patterns) or '(none)'}"
    try:
        need_server_packages()
    except MissingServerExtra:
        return True, f"{name}: not looked at, for this host has no server"
    # The language needs the server's packages, which a host with only the agent does not have.
    from whodid.logql.parser import parse
    from whodid.rules.load import load_rules

    mistakes = load_rules(patterns, parse).mistakes
    return not mistakes, "\n      ".join([name, *map(str, mistakes)])
