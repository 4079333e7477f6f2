"""`whodid up`, `server` and `agent`: what they follow, and how they end when they cannot begin."""

import logging
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from kit.processes import Installation, free_port, wait_until
from whodid.agent.settings import SourceSettings
from whodid.cli import serve
from whodid.cli.main import app
from whodid.config.load import load_config


def test_what_is_configured_is_followed(tmp_path: Path) -> None:
    file = tmp_path / "whodid.yml"
    file.write_text(f"data_dir: {tmp_path}\nagent: {{host: h, token_file: /t, sources: [{{job: a, paths: [/a]}}]}}\n")
    settings = serve.agent_settings(load_config(file, {}))
    assert settings.sources == (SourceSettings("a", "plain", ("/a",)),)
    assert (settings.host, settings.state_dir, settings.token_file) == ("h", tmp_path / "agent", Path("/t"))


def test_without_sources_the_usual_logs_but_never_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SourceSettings("app", "plain", ("/var/**/*.log",), exclude=("*.old",))
    monkeypatch.setattr(serve, "discover", lambda: (found,))
    (source,) = serve.sources_of(load_config(None, {"WHODID_DATA_DIR": "/var/lib/whodid"}))
    assert source.exclude == ("*.old", "/var/lib/whodid/**")
    assert source.paths == found.paths


@pytest.mark.parametrize("command", ["up", "check"])
def test_a_machine_without_an_auth_log_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(serve, "run_pair", lambda path, server: 0)
    file = tmp_path / "whodid.yml"
    ports = f"server: {{listen: '127.0.0.1:{free_port()}'}}\ndashboard: {{listen: '127.0.0.1:{free_port()}'}}\n"
    file.write_text(f"data_dir: {tmp_path}\n{ports}")
    told = "not found  auth  /var/log/auth.log – without it no SSH key can be evidence; on Debian 12: apt "
    told += "install rsyslog"

    def said() -> list[str]:
        output = CliRunner().invoke(app, [command, "--config", str(file)], catch_exceptions=False).stdout
        return [line.strip() for line in output.splitlines() if "not found" in line]

    web = SourceSettings("web", "nginx_access", (str(tmp_path / "a"),))
    monkeypatch.setattr(serve, "discover", lambda: (web,))
    assert said() == [told]
    monkeypatch.setattr(serve, "discover", lambda: (web, SourceSettings("auth", "auth", ("/a",))))
    assert said() == []
    file.write_text(f"{file.read_text()}agent: {{sources: [{{job: app, paths: [/a]}}]}}\n")
    assert said() == [], "who lists sources has decided"


@pytest.mark.parametrize("command", ["up", "server", "agent"])
def test_a_bad_configuration_is_status_2(tmp_path: Path, command: str) -> None:
    file = tmp_path / "whodid.yml"
    file.write_text("sever: {}\n")
    said = CliRunner().invoke(app, [command, "--config", str(file)])
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr == f"whodid: {file}:1:1: unknown key 'sever' in the configuration; did you mean 'server'?\n"


@pytest.mark.parametrize("command", ["up", "server"])
def test_a_host_without_the_server_s_packages(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setitem(sys.modules, "chdb", None)
    said = CliRunner().invoke(app, [command])
    assert said.exit_code == 2
    assert said.stderr == "whodid: this command needs the server's packages: pip install 'whodid[server]'\n"


@pytest.mark.parametrize(
    ("ending", "told", "said"),
    [
        ("exit 7", 7, ""),
        ("exit 0", 1, ""),
        (
            "kill -9 $$",
            1,
            "whodid: the server was killed (signal 9; often memory: journalctl -k); start it again\n",
        ),
        ("kill -11 $$", 1, "whodid: the server was killed (signal 11); start it again\n"),
    ],
)
def test_a_server_that_does_not_come_up_is_a_failure_and_no_agent_is_started(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    ending: str,
    told: int,
    said: str,
) -> None:
    program, log = tmp_path / "python", tmp_path / "log"
    program.write_text(f'#!/bin/sh\necho "$@" >>{log}\n{ending}\n')
    program.chmod(0o755)
    monkeypatch.setattr(serve, "sys", SimpleNamespace(executable=str(program)))
    monkeypatch.setattr(signal, "signal", lambda *handler: None)  # this process is pytest's
    assert serve.run_pair(tmp_path / "whodid.yml", f"http://127.0.0.1:{free_port()}") == told
    assert log.read_text() == f"-m whodid server --config {tmp_path / 'whodid.yml'}\n"
    assert capfd.readouterr().err == said


@pytest.mark.slow
def test_up_serves_follows_and_ends_both_halves_on_sigterm(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("a first line\n")
    whodid = Installation(tmp_path, agent={"sources": [{"job": "app", "format": "plain", "paths": [str(log)]}]})
    command = [sys.executable, "-m", "whodid", "up", "--config", str(whodid.file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(
                lambda: process.poll() is not None or _lines(whodid) == 1, "the line is stored", look_every_s=0.1
            )
            halves = _children(process.pid)
            process.send_signal(signal.SIGTERM)
            said, complained = process.communicate(timeout=40)
        finally:
            process.kill()
    assert process.returncode == 0, complained
    assert len(halves) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in halves)
    assert f"whodid: configuration {whodid.file}; data in {tmp_path / 'data'}" in said
    assert f"following app        {log}" in said
    assert f"dashboard  {whodid.pages_url}/logs/" in said
    assert complained.endswith("whodid: stopped\n")
    assert "Traceback" not in complained


def _lines(whodid: Installation) -> int:
    try:
        return whodid.total('{job="app"}')
    except OSError:
        return 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_level_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = []
    monkeypatch.setattr(logging, "basicConfig", lambda **options: levels.append(options["level"]))
    for text in ("debug", "ERROR", "loud", ""):
        monkeypatch.setenv("WHODID_LOG_LEVEL", text)
        serve.log_to_stderr()
    assert levels == ["DEBUG", "ERROR", "INFO", "INFO"]
