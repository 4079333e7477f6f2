"""`whodid event` against a server that says what the test wants; with a real one: tests/acceptance/test_webhooks.py."""

import getpass
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from kit.processes import free_port
from kit.stub_server import StubServer, stub_server
from whodid.agent.redaction import make_redactor
from whodid.agent.settings import RedactSettings
from whodid.cli.main import app

PUSH = "/loki/api/v1/push"
DEPLOY = ("deploy", "--service", "shop", "--version", "1.4.2", "--environment", "prod", "--outcome", "success")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["event", *arguments], catch_exceptions=False)


def pushed(stub: StubServer) -> tuple[dict[str, str], int, str, dict[str, str]]:
    """Labels, instant, line and attributes of the one event of the last push."""
    path, headers, body = stub.posted[-1]
    assert path == PUSH
    assert headers["content-type"] == "application/json"
    (stream,) = json.loads(body)["streams"]
    ((ns, line, attributes),) = stream["values"]
    return stream["stream"], int(ns), line, attributes


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for name in ("SUDO_USER", "WHODID_AGENT_TOKEN", "WHODID_SERVER", "WHODID_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "noa")


def test_a_deployment_is_pushed_with_its_attributes() -> None:
    with stub_server() as stub:
        stub.give(PUSH, "", 204)
        said = run(*DEPLOY, "--message", 'hot fix "7"\nfor carts', "ticket=SHOP-12", "--server", stub.url)
        labels, ns, line, attributes = pushed(stub)
    assert said.exit_code == 0, said.stderr
    assert labels == {"job": "deployments", "host": socket.gethostname()}
    assert abs(ns - time.time_ns()) < 60 * 10**9
    assert attributes == {
        "operation": "deploy",
        "user": "noa",
        "service": "shop",
        "version": "1.4.2",
        "environment": "prod",
        "outcome": "completed",
        "message": 'hot fix "7"\nfor carts',
        "ticket": "SHOP-12",
    }
    assert json.loads(line) == attributes
    assert said.stdout.startswith("stored: ") and said.stdout.count("\n") == 1
    assert line in said.stdout


def test_an_event_of_ones_own_is_of_the_job_audit() -> None:
    with stub_server() as stub:
        stub.give(PUSH, "", 204)
        said = run(
            "backup_restored",
            "db=shop",
            "rows=",
            "user=omri",
            "--host",
            "db-1",
            "--at",
            "2026-11-23 13:03",
            "--server",
            stub.url,
        )
        labels, ns, _, attributes = pushed(stub)
    assert said.exit_code == 0, said.stderr
    assert labels == {"job": "audit", "host": "db-1"}
    assert ns == 1_795_438_980 * 10**9
    assert attributes == {"operation": "backup_restored", "user": "omri", "db": "shop"}


def test_a_secret_is_masked_with_the_agent_s_rules_and_key(tmp_path: Path) -> None:
    """Before it is sent or printed; the mark is the one that the agent writes for the same secret."""
    config = tmp_path / "whodid.yml"
    config.write_text(f"data_dir: {tmp_path}\nagent: {{redact: {{rules: [{{kind: seat, pattern: 'seat [0-9]+'}}]}}}}\n")
    agent = make_redactor(RedactSettings(), tmp_path / "agent")
    with stub_server() as stub:
        stub.give(PUSH, "", 204)
        said = run("x", "db_password=h0rse", "note=took seat 12", "--config", str(config), "--server", stub.url)
        line, attributes = pushed(stub)[2:]
    assert attributes["db_password"] == agent.whole("password", "h0rse")
    assert attributes["note"].startswith("took <redacted:seat:")
    assert json.loads(line) == attributes
    assert "h0rse" not in said.stdout and "seat 12" not in said.stdout


def test_an_account_that_may_not_read_the_configuration_is_told_what_that_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "whodid.yml"
    config.write_text("no: such\n")
    monkeypatch.setenv("WHODID_CONFIG", str(config))
    monkeypatch.setattr(os, "access", lambda path, mode: path != config)
    with stub_server() as stub:
        stub.give(PUSH, "", 204)
        said = run("x", "db_password=h0rse", "--server", stub.url)
        attributes = pushed(stub)[3]
    assert (said.exit_code, said.stderr.count("\n")) == (0, 1)
    assert f"you may not read {config}" in said.stderr
    assert attributes["db_password"] == "<redacted:password>"


def test_json_for_programs() -> None:
    with stub_server() as stub:
        stub.give(PUSH, "", 204)
        said = run(*DEPLOY, "--at", "2026-11-23T13:03:00Z", "--json", "--server", stub.url)
        labels, _, line, attributes = pushed(stub)
    expected: dict[str, Any] = {"at": "2026-11-23T13:03:00Z", "labels": labels, "line": line, "attributes": attributes}
    assert json.loads(said.stdout) == expected


def test_the_user_is_the_one_behind_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub_server() as stub:
        stub.give(PUSH, "", 204)
        users = []
        for options in ([], ["--user", "dani"]):
            for sudo in ("", "omri"):
                monkeypatch.setenv("SUDO_USER", sudo)
                assert run("x", *options, "--server", stub.url).exit_code == 0
                users.append(pushed(stub)[3]["user"])
    assert users == ["noa", "omri", "dani", "dani"]


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    with stub_server() as stub:
        stub.give(PUSH, "", 204)
        assert run("x", "--server", stub.url).exit_code == 0
        assert pushed(stub)[3]["user"].isdecimal()


def test_a_token_is_sent_where_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    with stub_server() as stub:
        stub.give(PUSH, "", 204)
        run("x", "--server", stub.url)
        monkeypatch.setenv("WHODID_AGENT_TOKEN", "from-environment")
        run("x", "--server", stub.url)
        run("x", "--token-file", str(tmp_path / "token"), "--server", stub.url)
        sent = [headers.get("authorization") for _, headers, _ in stub.posted]
        missing = run("x", "--token-file", str(tmp_path / "no"), "--server", stub.url)
    assert sent == [None, "Bearer from-environment", "Bearer from-file"]
    assert (missing.exit_code, "cannot be read: No such file" in missing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["deploy"], "give --service"),
        (["deploy", "--service", "x", "--outcome", "so-so"], "say completed, failed or rolled_back"),
        (["two words"], "'two words' is no name of an event"),
        (["x", "nothing"], "'nothing' is no NAME=VALUE"),
        (["x", "=5"], "'' is no name of an attribute"),
        (["x", "a-b=5"], "'a-b' is no name of an attribute"),
        (["x", "a=1", "a=2"], "'a' is given twice"),
        (["x", "version=1", "--version", "2"], "'version' is given twice"),
        (["x", "--at", "soon"], "--at 'soon': give a span such as 1h"),
        (["x", f"a={'y' * 5000}"], "a has 5000 characters"),
    ],
)
def test_bad_use_is_status_2_and_nothing_is_sent(arguments: list[str], words: str) -> None:
    with stub_server() as stub:
        said = run(*arguments, "--server", stub.url)
        assert stub.posted == []
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (2, "", 1)
    assert words in said.stderr


def test_no_server_is_status_3_and_says_that_nothing_is_stored() -> None:
    said = run("x", "--server", f"http://127.0.0.1:{free_port()}")
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (3, "", 1)
    assert "nothing is stored; is `whodid up` running there?" in said.stderr


def test_a_lost_answer_is_asked_for_again_with_the_same_key() -> None:
    with stub_server() as stub:
        stub.give(PUSH, "", 204)
        stub.silent = 1
        assert run("x", "--server", stub.url).exit_code == 0
        (first, second) = ({**headers, "body": body} for _, headers, body in stub.posted)
    assert first["x-whodid-idempotency-key"] == second["x-whodid-idempotency-key"]
    assert (first["x-whodid-attempt"], second["x-whodid-attempt"]) == ("1", "2")
    assert first["body"] == second["body"]


def test_a_server_that_never_answers_is_status_3_and_says_what_is_not_known() -> None:
    with stub_server() as stub:
        stub.silent = 2
        said = run("x", "--server", stub.url)
    assert (said.exit_code, said.stderr.count("\n")) == (3, 1)
    assert "it may or may not have stored the event" in said.stderr


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_the_server_s_refusal_is_status_2(status: int) -> None:
    with stub_server() as stub:
        stub.give(PUSH, "entry has timestamp too old\x1b[2J\n", status)
        said = run("x", "--server", stub.url)
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr == f"whodid: {stub.url} answered {status}: entry has timestamp too old\\x1b[2J\n"


def test_no_address_is_status_2() -> None:
    said = run("x", "--server", "127.0.0.1:3100")
    assert (said.exit_code, said.stderr.count("\n")) == (2, 1)
    assert "is no address" in said.stderr
