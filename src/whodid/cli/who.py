"""`whodid who`: the dangerous statements, whether they took effect, and the person behind each."""

import json
from typing import Annotated

import typer

from whodid.cli.client import DEFAULT_SERVER, get, get_text, read_time
from whodid.cli.output import explained
from whodid.model.clock import SystemClock

FINDINGS = "/whodid/api/v1/findings"


def who(
    words: Annotated[list[str] | None, typer.Argument(help="Only findings that hold all these words.")] = None,
    since: Annotated[str, typer.Option(help="From when: a span (48h) or an instant (2026-11-23 13:03, UTC).")] = "24h",
    until: Annotated[str, typer.Option(help="To when; now if not given.")] = "",
    server: Annotated[str, typer.Option(envvar="WHODID_SERVER", help="The server's address.")] = DEFAULT_SERVER,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Who dropped, truncated, deleted or altered what: with outcome, person and evidence.

    Example: whodid who truncate User --since 48h
    """
    with explained():
        clock = SystemClock()
        bounds = {"start": str(read_time(since, clock, "--since"))}
        if until:
            bounds["end"] = str(read_time(until, clock, "--until"))
        asked = {**bounds, "word": words or []}
        if as_json:
            typer.echo(json.dumps(get(server, FINDINGS, asked), ensure_ascii=False, indent=2))
        else:
            typer.echo(get_text(server, FINDINGS, {**asked, "format": "text"}), nl=False)
