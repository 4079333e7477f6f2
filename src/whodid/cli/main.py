"""The command `whodid`: lists the commands, nothing else."""

from typing import Annotated

import typer

from whodid import __version__
from whodid.cli import agent, check, demo, event, query, serve, who
from whodid.cli.output import explained, need_server_packages

app = typer.Typer(
    name="whodid",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Who did what, from where, and when.",
)
rules_app = typer.Typer(no_args_is_help=True, help="Alert rules: check and test rule files.")


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"whodid {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Who did what, from where, and when."""


app.command()(serve.up)
app.command()(serve.server)
app.command()(agent.agent)
app.command()(demo.demo)
app.command()(who.who)
app.command()(query.query)
app.command()(query.tail)
app.command()(query.labels)
app.command()(event.event)
app.command()(check.check)


RuleFiles = Annotated[list[str] | None, typer.Argument(help="Rule files or globs; `builtin` is the shipped pack.")]


@rules_app.command("check")
def _rules_check(files: RuleFiles = None) -> None:
    """Every mistake of rule files, with line and column.

    Example: whodid rules check rules/*.yml
    """
    with explained():
        need_server_packages()
        from whodid.cli import rules  # the query engine, which a host with only the agent does not have

        mistakes = rules.check(files or ["builtin"])
    raise typer.Exit(1 if mistakes else 0)


@rules_app.command("test")
def _rules_test(files: RuleFiles = None) -> None:
    """Run the tests written inside rule files, on the real engine in a throw-away store.

    Example: whodid rules test builtin
    """
    with explained():
        need_server_packages()
        from whodid.cli import rules  # see above

        failed = rules.test(files or ["builtin"])
    raise typer.Exit(1 if failed else 0)


app.add_typer(rules_app, name="rules")


def main() -> None:
    """Entry point of the console script."""
    app()
