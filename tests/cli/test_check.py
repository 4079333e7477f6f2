"""`whodid check`: one line for everything that the configuration names, status 1 if any of it is wrong."""

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from kit.processes import free_port
from kit.stub_server import stub_server
from whodid.cli.check import BUILD_INFO
from whodid.cli.main import app


class Installation:
    """A sound installation, to be spoilt by a test."""

    def __init__(self, directory: Path) -> None:
        self.file, self.log = directory / "whodid.yml", directory / "app.log"
        self.log.touch()
        self.values: dict[str, Any] = {
            "data_dir": str(directory / "data" / "trail"),
            "server": {"listen": f"127.0.0.1:{free_port()}"},
            "dashboard": {"listen": f"127.0.0.1:{free_port()}"},
            "agent": {"sources": [{"job": "app", "paths": [str(self.log)]}]},
        }

    def check(self, *arguments: str) -> Result:
        self.file.write_text(yaml.safe_dump(self.values))
        return CliRunner().invoke(app, ["check", "--config", str(self.file), *arguments], catch_exceptions=False)

    def wrong(self) -> str:
        """The one line that is wrong."""
        said = self.check("--quiet")
        assert said.exit_code == 1
        assert said.stdout.startswith("WRONG ")
        assert said.stdout.count("WRONG") == 1
        return said.stdout.removeprefix("WRONG ").rstrip("\n")


@pytest.fixture
def sound(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_all_is_well(sound: Installation) -> None:
    said = sound.check()
    assert said.exit_code == 0
    assert said.stdout.splitlines() == [
        f"ok    configuration {sound.file}",
        f"ok    data_dir {sound.values['data_dir']}",
        f"ok    server.listen {sound.values['server']['listen']} is free",
        f"ok    dashboard.listen {sound.values['dashboard']['listen']} is free",
        "ok    rules builtin",
        "ok    1 sources to follow",
        f"ok    app: {sound.log}: 1 file",
    ]
    assert sound.check("-q").stdout == ""
    assert not Path(sound.values["data_dir"]).exists(), "it changes nothing"


def test_mistakes_of_the_file_are_status_2(sound: Installation) -> None:
    sound.values["sever"] = {}
    said = sound.check()
    assert (said.exit_code, said.stdout) == (2, "")
    assert "unknown key 'sever'" in said.stderr


def test_a_port_that_another_program_has(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whodid.cli.check.PATIENCE_S", 0.1)  # it takes the connection and says nothing
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        sound.values["server"]["listen"] = address
        assert sound.wrong() == (
            f"server.listen {address}: Address already in use; stop what uses it or set another server.listen"
        )


def test_a_running_whodid_is_no_fault_but_a_loki_is(sound: Installation) -> None:
    with stub_server() as stub:
        sound.values["server"]["listen"] = stub.url.removeprefix("http://")
        stub.give(BUILD_INFO, {"version": "3.7.6", "revision": "whodid-0.1.0"})
        assert f"ok    server.listen {stub.url[7:]} is served by a running whodid" in sound.check().stdout
        stub.give(BUILD_INFO, {"version": "3.7.6", "revision": "3ee3a2e"})
        assert "Address already in use" in sound.wrong()


def test_a_data_directory_that_cannot_be(sound: Installation) -> None:
    sound.values["data_dir"] = str(sound.log / "below" / "a file")
    assert sound.wrong() == f"data_dir {sound.log}/below/a file: not writable for this user (at {sound.log})"
    sound.values["data_dir"] = str(sound.log)
    assert sound.wrong().endswith(f": not writable for this user (at {sound.log})")


def test_a_directory_that_this_user_may_not_enter(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, whom nothing stops: so the refusal is the kernel's words, not its deed."""
    ask = Path.stat

    def stat(path: Path, **how: Any) -> os.stat_result:
        if "data" in path.parts:
            raise PermissionError(13, "Permission denied")
        return ask(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.R_OK and may(path, mode))
    assert sound.wrong().endswith(f"not writable for this user (at {sound.file.parent})")


def test_logs_that_are_missing_or_closed_to_this_user(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    source = sound.values["agent"]["sources"][0]
    source["paths"] = [str(sound.file.parent / "none" / "*.log")]
    assert sound.wrong() == f"app: {source['paths'][0]}: no such file yet; it will be followed when it appears"
    source["paths"] = [str(sound.file.parent / "*.log")]
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("app.log") and may(path, mode))
    assert sound.wrong() == (
        f"app: {source['paths'][0]}: no permission to read {sound.log}; add this user to the group that may (adm)"
    )


def test_a_format_that_cannot_read_its_lines(sound: Installation) -> None:
    sound.values["agent"]["sources"][0] |= {"format": "postgres", "line_prefix": "no"}
    assert "log_line_prefix 'no' names no value" in sound.wrong()


SESSION = '2026-11-23 06:32:35.186 UTC [10317]: [3-1] noa@shop LOG:  statement: truncate "Order";\n'


def test_a_prefix_that_no_line_begins_with(sound: Installation) -> None:
    source = sound.values["agent"]["sources"][0]
    source |= {"job": "database", "format": "postgres", "paths": [str(sound.file.parent / "*.log")]}
    old = sound.file.parent / "old.log"
    old.write_text(SESSION.replace(": [3-1]", "") * 9)
    os.utime(old, (1, 1))
    sound.log.write_text("a line of another time\n" + SESSION * 6 + "and a piece")
    told = f'database: {sound.log}: none of its last 7 lines begins with line_prefix "%m [%p] %q%u@%d "; '
    assert sound.wrong() == told + "set it to what SHOW log_line_prefix prints"
    source["line_prefix"] = "%m [%p]: [%l-1] %u@%d "
    assert sound.check().exit_code == 0
    source["line_prefix"] = "%t [%p] %u "
    assert 'line_prefix "%t [%p] %u "' in sound.wrong()
    source["exclude"] = [sound.log.name]
    source["line_prefix"] = ""
    assert sound.check().exit_code == 0, "what is not followed does not count"


def test_a_format_that_no_line_has(sound: Installation) -> None:
    sound.values["agent"]["sources"][0]["format"] = "nginx_access"
    sound.log.write_text(SESSION * 4)
    assert sound.check().exit_code == 0, "too few to judge"
    sound.log.write_text(SESSION * 5)
    assert sound.wrong() == f"app: {sound.log}: none of its last 5 lines is understood as nginx_access"


def test_rules_with_mistakes(sound: Installation, tmp_path: Path) -> None:
    bad = tmp_path / "rules.yml"
    bad.write_text("groups:\n  - name: g\n    rules:\n      - {alert: A, expr: '{job='}\n")
    sound.values["rules"] = ["builtin", str(bad)]
    name, *mistakes = sound.wrong().splitlines()
    assert name == f"rules builtin, {bad}"
    assert [mistake.strip().startswith(f"{bad}:4:26: expr: ") for mistake in mistakes] == [True]


def test_a_secret_that_cannot_be_read(sound: Installation, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    sound.values["notify"] = [{"url": "http://127.0.0.1:1", "name": "pager", "secret_file": str(secret)}]
    assert sound.wrong() == f"notify pager: secret_file {secret}: cannot be read by this user"
    secret.write_text("s")
    assert f"ok    notify pager: secret_file {secret}\n" in sound.check().stdout


@pytest.mark.parametrize("hook", ["github", "deploy"])
def test_a_secret_of_a_webhook_that_cannot_be_used(sound: Installation, tmp_path: Path, hook: str) -> None:
    secret = tmp_path / "secret"
    key = f"webhooks.{hook}.secret_file {secret}"
    sound.values["webhooks"] = {hook: {"secret_file": str(secret)}}
    assert sound.wrong() == f"{key} cannot be read by this user: No such file or directory"
    secret.write_text(" \n")
    assert sound.wrong() == f"{key} is empty"
    secret.write_text("s")
    assert f"ok    {key}\n" in sound.check().stdout


def test_a_host_with_only_the_agent(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chdb", None)
    said = sound.check()
    assert said.exit_code == 0
    assert "rules builtin: not looked at, for this host has no server" in said.stdout


def test_lists_of_targets(sound: Installation, tmp_path: Path) -> None:
    targets = tmp_path / "targets.yml"
    sound.values["agent"]["sources"] = [{"job": "app", "file_sd": {"files": [str(targets)]}}]
    told = f"app: what is listed in {targets}"
    assert sound.wrong() == f"{told}: no such list yet"
    targets.write_text("targets: [a]")
    assert sound.wrong().startswith(
        f"{told}: {targets} cannot be read as a list of targets: {targets}:1:1: must be a list"
    )
    targets.write_text("[{targets: [a, b], labels: {__path__: /x}}]")
    assert f"ok    {told}: 2 targets\n" in sound.check().stdout


def test_positions_of_promtail(sound: Installation, tmp_path: Path) -> None:
    positions = tmp_path / "positions.yaml"
    sound.values["agent"]["promtail_positions"] = str(positions)
    assert "promtail_positions" not in sound.check().stdout  # there are none: everything is read from its beginning
    positions.write_text("positions: {/a: 7}")
    assert f"ok    agent.promtail_positions {positions}: 1 files\n" in sound.check().stdout
    positions.write_text("positions: [")
    assert sound.wrong().startswith(f"agent.promtail_positions {positions} cannot be read: {positions}:1:")
