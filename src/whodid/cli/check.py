"""`whodid check`: is this installation sound? Reads the configuration, looks at what it names, changes nothing."""

import glob
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from whodid.cli.output import explained
from whodid.cli.serve import ConfigFile, sources_of
from whodid.config.load import find_file, load_config
from whodid.config.settings import Config, Listen


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
    raise typer.Exit(1 if wrong else 0)


def _findings(config: Config, path: Path | None) -> list[tuple[bool, str]]:
    found = [(True, f"configuration {path or '(none, defaults)'}"), _data_dir(config.data_dir)]
    found += [_port("server.listen", config.server), _port("dashboard.listen", config.dashboard)]
    sources = sources_of(config)
    found.append((bool(sources), f"{len(sources)} sources to follow"))
    for source in sources:
        files = [file for pattern in source.paths for file in glob.glob(pattern, recursive=True)]
        readable = [file for file in files if os.access(file, os.R_OK)]
        name = f"{source.job}: {', '.join(source.paths)}"
        if len(readable) < len(files):
            blocked = next(file for file in files if file not in readable)
            found.append((False, f"{name}: no permission to read {blocked}; add this user to the group that may (adm)"))
        elif files:
            found.append((True, f"{name}: {len(files)} files"))
        else:
            found.append((False, f"{name}: no such file yet; it will be followed when it appears"))
    return found


def _data_dir(path: Path) -> tuple[bool, str]:
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    writable = os.access(nearest, os.W_OK)
    return writable, f"data_dir {path}" + ("" if writable else f": not writable for this user (at {nearest})")


def _port(key: str, listen: Listen) -> tuple[bool, str]:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((listen.host, listen.port))
        except OSError as e:
            return False, f"{key} {listen.host}:{listen.port}: {e.strerror} (is whodid already running?)"
    return True, f"{key} {listen.host}:{listen.port} is free"
