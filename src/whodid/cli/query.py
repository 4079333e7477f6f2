"""`whodid query`, `tail` and `labels`: LogQL from the terminal."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer
import websockets

from whodid.cli.client import DEFAULT_SERVER, PERHAPS_THE_DASHBOARD, Refused, get, read_time, uses_proxy
from whodid.cli.export import Output, export
from whodid.cli.output import Unreachable, complain, explained, printable
from whodid.errors import WhodidError
from whodid.model.clock import SystemClock, format_rfc3339, parse_duration

Server = Annotated[str, typer.Option(envvar="WHODID_SERVER", help="The server's address.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_BAD_REQUEST = 1008
"""The code with which the server closes a tail that was asked wrongly."""


_NO_TAIL_THERE = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
"""How a WebSocket is refused where there is none: whodid's dashboard says the first."""


class Misused(WhodidError):
    """Options that do not go together."""


def query(
    logql: Annotated[str, typer.Argument(help="A LogQL query.")],
    since: Annotated[str, typer.Option(help="From when: a span (1h) or an instant (2026-11-23 13:03, UTC).")] = "1h",
    until: Annotated[str, typer.Option(help="To when; now if not given.")] = "",
    limit: Annotated[int, typer.Option(help="Most lines.")] = 100,
    step: Annotated[str, typer.Option(help="Step of a metric query (1m); chosen by the server if not given.")] = "",
    all_lines: Annotated[bool, typer.Option("--all", help="All lines, however many, oldest first.")] = False,
    output: Annotated[Output | None, typer.Option(help="With --all: the format; ndjson if not given.")] = None,
    to: Annotated[Path | None, typer.Option(help="With --all: the file to write; else standard output.")] = None,
    server: Server = DEFAULT_SERVER,
    as_json: AsJson = False,
) -> None:
    """Ask the log with LogQL.

    Example: whodid query '{job="database"} | operation="TRUNCATE"' --since 48h
    """
    with explained():
        clock = SystemClock()
        asked = {"query": logql, "start": str(read_time(since, clock, "--since"))}
        if until:
            asked["end"] = str(read_time(until, clock, "--until"))
        if all_lines:
            export(server, asked, output or Output.NDJSON, to)
            return
        if output is not None or to is not None:
            raise Misused("--output and --to go with --all")
        asked |= {"limit": str(limit), "direction": "backward"}
        if step:
            asked["step"] = step
        answer = get(server, "/loki/api/v1/query_range", asked)
        if as_json:
            typer.echo(json.dumps(answer, ensure_ascii=False))
        else:
            _print_result(answer["data"])
            if not answer["data"]["result"]:
                what = "lines" if answer["data"]["resultType"] == "streams" else "numbers"
                complain(f"no {what} {_in_time(since, until)}")


def labels(
    name: Annotated[str, typer.Argument(help="A label; without it the names of all labels.")] = "",
    since: Annotated[str, typer.Option(help="From when.")] = "24h",
    server: Server = DEFAULT_SERVER,
    as_json: AsJson = False,
) -> None:
    """Names of labels, or the values of one.

    Example: whodid labels job
    """
    with explained():
        path = f"/loki/api/v1/label/{quote(name, safe='')}/values" if name else "/loki/api/v1/labels"
        answer = get(server, path, {"start": str(read_time(since, SystemClock(), "--since"))})
        if as_json:
            typer.echo(json.dumps(answer, ensure_ascii=False))
        else:
            for found in answer.get("data") or []:
                typer.echo(printable(found))
            if not answer.get("data"):
                complain(f"no lines {f'with the label {name} ' if name else ''}{_in_time(since)}")


def _in_time(since: str, until: str = "") -> str:
    """Where nothing was found, and what to do: silence would leave open whether the question was wrong."""
    try:
        parse_duration(since)
    except ValueError:
        until = until or "now"
    return (
        "in this time; --since and --until choose another" if until else f"in the last {since}; --since asks for more"
    )


def tail(
    logql: Annotated[str, typer.Argument(help="A LogQL log query.")] = '{job=~".+"}',
    limit: Annotated[int, typer.Option(help="How many lines of history first.")] = 10,
    server: Server = DEFAULT_SERVER,
    as_json: AsJson = False,
) -> None:
    """Follow the log live; Ctrl-C ends.

    Example: whodid tail '{job="database"}'
    """
    with explained():
        try:
            asyncio.run(_follow(server, logql, limit, as_json))
        except KeyboardInterrupt:
            raise typer.Exit(0) from None


async def _follow(server: str, logql: str, limit: int, as_json: bool) -> None:
    """Reconnects where it left off, by the sequence number of the last frame."""
    clock, resume, lost = SystemClock(), "", False

    def connected() -> None:
        nonlocal lost
        if lost:
            complain("connected again; the lines go on where they stopped")
        lost = False

    while True:
        asked = {"query": logql, "limit": str(limit), **({"resume": resume} if resume else {})}
        async with aclosing(_frames(server, asked, connected)) as frames:
            async for text in frames:
                frame = json.loads(text)
                resume = frame.get("seq", resume)
                if missed := frame.get("dropped_entries"):
                    complain(f"{len(missed)} lines or more are left out here: they came faster than they were read")
                if as_json:
                    typer.echo(text)
                else:
                    _print_streams(frame["streams"])
        if not lost:
            complain(f"the connection to {server} is lost: nothing is shown until it is back; Ctrl-C ends")
        lost = True
        await clock.sleep(1.0)


async def _frames(server: str, asked: Mapping[str, str], connected: Callable[[], None]) -> AsyncGenerator[str, None]:
    """The frames of one connection, until it is lost. Only a first connection must succeed."""
    url = server.rstrip("/").replace("http", "ws", 1) + "/loki/api/v1/tail?" + urlencode(asked)
    try:
        # proxy: True is what the environment says, None is no proxy.
        async with websockets.connect(url, max_size=None, proxy=True if uses_proxy(url) else None) as socket:
            connected()
            async for text in socket:
                yield str(text)
    except websockets.InvalidURI as e:
        raise Refused(f"--server {server!r} is no address: {e}") from None
    except websockets.ConnectionClosedError as e:
        if e.rcvd is not None and e.rcvd.code == _BAD_REQUEST:
            raise Refused(e.rcvd.reason) from None
    except (OSError, websockets.WebSocketException) as e:
        if isinstance(e, websockets.InvalidStatus) and e.response.status_code == HTTPStatus.BAD_REQUEST:
            raise Refused((e.response.body or b"").decode("utf-8", "replace").strip()) from None
        if isinstance(e, websockets.InvalidStatus) and e.response.status_code in _NO_TAIL_THERE:
            raise Refused(f"{server} answered {e.response.status_code} to a tail; {PERHAPS_THE_DASHBOARD}") from None
        if "resume" not in asked:
            raise Unreachable(f"cannot reach the server at {server}: {e}; is `whodid up` running there?") from None


def _print_result(data: Mapping[str, Any]) -> None:
    if data["resultType"] == "streams":
        _print_streams(data["result"])
        return
    for series in data["result"]:
        name = ", ".join(f'{k}="{v}"' for k, v in sorted(series["metric"].items()))
        points = series.get("values") or [series["value"]]
        for at, value in points:
            typer.echo(f"{format_rfc3339(int(at) * 10**9)}  {{{printable(name)}}}  {value}")


def _print_streams(streams: list[dict[str, Any]]) -> None:
    """Time, job, line, oldest first; control characters of a hostile line must not reach the terminal."""
    rows = sorted((int(v[0]), s["stream"].get("job", ""), v[1]) for s in streams for v in s["values"])
    for ns, job, line in rows:
        typer.echo(f"{format_rfc3339(ns)}  {printable(job):<10} {printable(line)}")
