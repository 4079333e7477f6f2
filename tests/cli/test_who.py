"""`whodid who`: what it asks the server and what it prints; its JSON is a contract with programs."""

import json
import time

import pytest
from typer.testing import CliRunner, Result

from kit.processes import free_port
from kit.stub_server import StubServer, stub_server
from whodid.cli.main import app
from whodid.cli.who import FINDINGS

FINDING = {
    "at": "2026-11-23T03:53:07Z",
    "operation": "TRUNCATE",
    "object": "User",
    "statement": 'TRUNCATE "User"; -- שלום',
    "outcome": "completed",
    "person": {"id": None, "name": "", "verdict": "unknown", "because": [], "alternatives": []},
}


def who(stub: StubServer, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["who", "--server", stub.url, *arguments], catch_exceptions=False)


def test_json_is_what_the_server_found() -> None:
    with stub_server() as stub:
        stub.give(FINDINGS, {"findings": [FINDING]})
        said = who(stub, "truncate", "user", "--json", "--since", "48h")
        ((path, asked),) = stub.asked
    assert (said.exit_code, said.stderr) == (0, "")
    assert json.loads(said.stdout) == {"findings": [FINDING]}
    assert "שלום" in said.stdout
    assert (path, asked["word"], set(asked)) == (FINDINGS, ["truncate", "user"], {"word", "start"})
    assert abs(int(asked["start"][0]) - (time.time_ns() - 48 * 3600 * 10**9)) < 60 * 10**9


def test_text_is_the_server_s_report() -> None:
    with stub_server() as stub:
        stub.give(FINDINGS, "No dangerous statement was found in this time.\n")
        said = who(stub, "--since", "2026-11-23T00:00:00Z", "--until", "2026-11-24T00:00:00Z")
        ((_, asked),) = stub.asked
    assert said.stdout == "No dangerous statement was found in this time.\n"
    assert asked == {"format": ["text"], "start": ["1795392000000000000"], "end": ["1795478400000000000"]}


def test_the_server_of_the_environment() -> None:
    with stub_server() as stub:
        stub.give(FINDINGS, {"findings": []})
        said = CliRunner().invoke(app, ["who", "--json"], env={"WHODID_SERVER": stub.url})
    assert json.loads(said.stdout) == {"findings": []}


def test_nothing_found_is_status_0_and_a_refusal_2() -> None:
    with stub_server() as stub:
        stub.give(FINDINGS, {"findings": []})
        assert who(stub, "--json").exit_code == 0
        stub.give(FINDINGS, "more than 200000 lines bear on this question\n", 400)
        said = who(stub, "--json")
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr == f"whodid: {stub.url} answered 400: more than 200000 lines bear on this question\n"


@pytest.mark.parametrize("arguments", [["--json"], [], ["--until", "1h"]])
def test_no_server_is_status_3(arguments: list[str]) -> None:
    stub = StubServer(f"http://127.0.0.1:{free_port()}")
    said = who(stub, *arguments)
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (3, "", 1)
    assert said.stderr.startswith(f"whodid: cannot reach the server at {stub.url}: ")


def test_a_bad_time_is_status_2_and_asks_nobody() -> None:
    with stub_server() as stub:
        said = who(stub, "--since", "yesterday")
        assert (said.exit_code, stub.asked) == (2, [])
    assert said.stderr.startswith("whodid: --since 'yesterday': give a span such as 1h or 48h")
