"""`whodid query --all`: the server's export, brought to standard output or into a file as it comes.

A file appears under its name only when it is whole. Formats and columns: docs/reference/api.md.
"""

import codecs
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import httpx2
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

from whodid.cli.client import TIMEOUT_S, Refused, refused, uses_proxy
from whodid.cli.output import Unreachable, printable
from whodid.errors import WhodidError

PATH = "/whodid/api/v1/export"


class Output(StrEnum):
    """How the lines are written."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


class NotForATerminal(WhodidError):
    """A binary format on the screen."""


class CannotWrite(WhodidError):
    """The file cannot be made."""


def export(server: str, asked: Mapping[str, str], output: Output, to: Path | None) -> None:
    """Writes all lines of a query. Raises Refused, Unreachable, NotForATerminal, CannotWrite."""
    asked = {**asked, "format": output.value}
    if to is not None:
        with _whole_file(to) as file, _progress(to) as advance:
            for piece in _pieces(server, asked):
                file.write(piece)
                advance(len(piece))
        return
    on_screen = sys.stdout.isatty()
    if on_screen and output is Output.PARQUET:
        raise NotForATerminal("parquet is not for a terminal; give --to FILE")
    if on_screen:
        _show(_pieces(server, asked))
        return
    for piece in _pieces(server, asked):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _show(pieces: Iterator[bytes]) -> None:
    """On a terminal, where the control characters of a hostile line must not arrive."""
    decode, rest = codecs.getincrementaldecoder("utf-8")("replace").decode, ""
    for piece in pieces:
        *lines, rest = (rest + decode(piece)).split("\n")
        sys.stdout.writelines(f"{printable(line.removesuffix(chr(13)))}\n" for line in lines)


def _pieces(server: str, asked: Mapping[str, str]) -> Iterator[bytes]:
    """The body of the answer as it comes."""
    url = server.rstrip("/") + PATH
    received = 0
    try:
        with httpx2.stream("GET", url, params=dict(asked), timeout=TIMEOUT_S, trust_env=uses_proxy(url)) as answer:
            if answer.status_code != 200:
                answer.read()
                raise refused(server, answer)
            for piece in answer.iter_bytes():
                received += len(piece)
                yield piece
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as e:
        raise Refused(f"--server {server!r} is no address: {e}") from None
    except httpx2.HTTPError as e:
        reason = str(e) or type(e).__name__
        if received:
            raise Unreachable(
                f"the export broke off after {received} bytes: {reason}; what has come is not all, ask again"
            ) from None
        raise Unreachable(f"cannot reach the server at {server}: {reason}; is `whodid up` running there?") from None


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that has its name only once it is complete and on disk."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as e:
        part.unlink(missing_ok=True)
        raise CannotWrite(f"cannot write {path}: {e.strerror or e}; give another --to") from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class _Advance:
    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._task = progress.add_task(printable(name), total=None)

    def __call__(self, size_bytes: int) -> None:
        self._progress.advance(self._task, size_bytes)


@contextmanager
def _progress(path: Path) -> Iterator[_Advance]:
    """What has come so far, on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield _Advance(progress, path.name)
