"""How commands speak: one line for an error, with the exit status that design.md §8 gives it; JSON where asked.

Exit status: 0 good, 1 something is wrong (check, rules test, a part of the server failed), 2 bad use or configuration,
3 the server cannot be reached.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from whodid.errors import WhodidError

WRONG = 1
BAD_USE = 2
UNREACHABLE = 3


class Unreachable(WhodidError):
    """The server does not answer."""


class MissingServerExtra(WhodidError):
    """This command needs the server's packages."""


def complain(text: str) -> None:
    """An error, on stderr. It may hold words of a server or a file."""
    lines = "\n".join(printable(line) for line in text.split("\n"))
    typer.echo(f"whodid: {lines}", err=True)


def printable(text: str) -> str:
    """A text safe to print: newlines indented, other control characters, which strangers may log, shown as escapes."""
    return "".join(
        c if c.isprintable() else "\n    " if c == "\n" else "\t" if c == "\t" else repr(c)[1:-1] for c in text
    )


@contextmanager
def explained() -> Iterator[None]:
    """Turns every WhodidError into its sentence and an exit status; anything else is a bug and keeps its traceback."""
    try:
        yield
    except Unreachable as e:
        complain(str(e))
        raise typer.Exit(UNREACHABLE) from None
    except WhodidError as e:
        complain(str(e))
        raise typer.Exit(BAD_USE) from None
    except BrokenPipeError:
        # `whodid query | head`: the reader has enough. What is still buffered must not be tried again at exit.
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise typer.Exit(0) from None


def need_server_packages() -> None:
    """Raises MissingServerExtra where whodid was installed without `[server]`."""
    try:
        import chdb  # noqa: F401  (half a second; only commands that serve come here)
    except ImportError as e:
        if e.name not in ("chdb", "chdb.session"):
            raise
        raise MissingServerExtra("this command needs the server's packages: pip install 'whodid[server]'") from None
