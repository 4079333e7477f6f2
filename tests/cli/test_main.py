"""The commands as a person meets them: each explains itself with an example, and bad use ends with status 2."""

from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from whodid import __version__
from whodid.cli.main import app


def commands() -> dict[str, Any]:
    """Every command by its words."""
    root: Any = typer.main.get_command(app)
    found: dict[str, Any] = {}
    for name, command in root.commands.items():
        inner = getattr(command, "commands", {})
        found |= {f"{name} {word}": below for word, below in inner.items()} or {name: command}
    return found


COMMANDS = {"up", "server", "agent", "demo", "who", "query", "tail", "labels", "event", "check"} | {
    "rules check",
    "rules test",
}


def test_the_commands_are_those_of_the_design() -> None:
    assert set(commands()) == COMMANDS


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_each_command_explains_itself_with_an_example(words: str) -> None:
    said = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "120", "TERM": "dumb"})
    assert said.exit_code == 0
    assert said.stdout.startswith(f"Usage: whodid {words} ")
    example = next(line.strip() for line in said.stdout.splitlines() if line.strip().startswith("Example: "))
    assert f"whodid {words}" in example
    described = [parameter.name for parameter in commands()[words].params if getattr(parameter, "help", None)]
    missing = {parameter.name for parameter in commands()[words].params} - {*described, "help"}
    assert missing == set(), "each option says what it is for"


@pytest.mark.parametrize("arguments", [[], ["rules"]])
def test_without_a_command_the_commands_are_listed(arguments: list[str]) -> None:
    said = CliRunner().invoke(app, arguments)
    assert "Commands:" in said.output
    assert "check" in said.output


def test_the_version() -> None:
    said = CliRunner().invoke(app, ["--version"])
    assert (said.exit_code, said.stdout) == (0, f"whodid {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["whom"],
        ["who", "--sinse", "1h"],
        ["query"],
        ["query", "{}", "--limit", "many"],
        ["check", "extra"],
        ["rules", "x"],
    ],
)
def test_bad_use_is_status_2(arguments: list[str]) -> None:
    said = CliRunner().invoke(app, arguments)
    assert (said.exit_code, said.stdout) == (2, "")
    assert "Usage: whodid" in said.stderr
