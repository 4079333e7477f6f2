"""`whodid query`, `tail` and `labels` against a server that says what the test wants."""

import contextlib
import json
import subprocess
import sys
import threading
from typing import Any

import pytest
from typer.testing import CliRunner, Result
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from kit.processes import free_port
from kit.stub_server import stub_server, stub_tail
from whodid.cli.main import app

RANGE = "/loki/api/v1/query_range"
AT = 1_767_225_600


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def streams(*values: tuple[int, str], **labels: str) -> dict[str, Any]:
    return {"stream": labels, "values": [[str(AT * 10**9 + ns), line] for ns, line in values]}


def success(kind: str, result: list[Any]) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def test_lines_oldest_first_and_safe_to_print() -> None:
    hostile = streams((5, "a\x1b[2J\nb"), job="we\x1b[1mb")
    with stub_server() as stub:
        stub.give(RANGE, success("streams", [streams((9, "third"), (1, "first"), job="db"), hostile]))
        said = run("query", '{job=~".+"}', "--server", stub.url)
        ((_, asked),) = stub.asked
    assert said.exit_code == 0
    assert said.stdout.splitlines() == [
        "2026-01-01T00:00:00.000000001Z  db         first",
        "2026-01-01T00:00:00.000000005Z  we\\x1b[1mb a\\x1b[2J",
        "    b",
        "2026-01-01T00:00:00.000000009Z  db         third",
    ]
    assert asked.pop("start")[0].isdecimal()
    assert asked == {"query": ['{job=~".+"}'], "limit": ["100"], "direction": ["backward"]}


def test_numbers_with_their_labels() -> None:
    series = {"metric": {"user": "x\x1b[2J", "job": "db"}, "values": [[AT, "1"], [AT + 60, "NaN"]]}
    with stub_server() as stub:
        stub.give(RANGE, success("matrix", [series, {"metric": {}, "values": [[AT, "5"]]}]))
        said = run(
            "query", "sum(x)", "--server", stub.url, "--step", "1m", "--until", "5m", "--since", "1h", "--limit", "7"
        )
        ((_, asked),) = stub.asked
    assert said.stdout.splitlines() == [
        '2026-01-01T00:00:00Z  {job="db", user="x\\x1b[2J"}  1',
        '2026-01-01T00:01:00Z  {job="db", user="x\\x1b[2J"}  NaN',
        "2026-01-01T00:00:00Z  {}  5",
    ]
    assert int(asked["end"][0]) - int(asked["start"][0]) == pytest.approx(55 * 60 * 10**9, rel=0.01)
    assert (asked["step"], asked["limit"]) == (["1m"], ["7"])


def test_json_for_programs() -> None:
    answer = success("streams", [streams((1, "שלום\x1b"), job="db")])
    with stub_server() as stub:
        stub.give(RANGE, answer)
        said = run("query", "{}", "--json", "--server", stub.url)
    assert json.loads(said.stdout) == answer
    assert "\x1b" not in said.stdout


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("streams", [], "no lines in the last 1h; --since asks for more"),
        ("streams", ["--since", "2d"], "no lines in the last 2d; --since asks for more"),
        ("matrix", [], "no numbers in the last 1h; --since asks for more"),
        ("streams", ["--since", "2026-01-01"], "no lines in this time; --since and --until choose another"),
        ("streams", ["--until", "5m"], "no lines in this time; --since and --until choose another"),
    ],
)
def test_nothing_found_is_told_apart_from_the_answer(kind: str, options: list[str], told: str) -> None:
    with stub_server() as stub:
        stub.give(RANGE, success(kind, []))
        said = run("query", "{}", *options, "--server", stub.url)
    assert (said.exit_code, said.stdout, said.stderr) == (0, "", f"whodid: {told}\n")


def test_nothing_found_is_no_note_for_programs() -> None:
    with stub_server() as stub:
        stub.give(RANGE, success("streams", []))
        assert run("query", "{}", "--json", "--server", stub.url).stderr == ""


def test_labels_and_values() -> None:
    with stub_server() as stub:
        stub.give("/loki/api/v1/labels", {"status": "success", "data": ["host", "job"]})
        stub.give("/loki/api/v1/label/job/values", {"status": "success", "data": ["db", "\x1b]0;x\x07"]})
        assert run("labels", "--server", stub.url).stdout == "host\njob\n"
        assert run("labels", "job", "--server", stub.url).stdout == "db\n\\x1b]0;x\\x07\n"
        assert json.loads(run("labels", "job", "--json", "--server", stub.url).stdout)["data"][0] == "db"
        stub.give("/loki/api/v1/label/none/values", {"status": "success", "data": None})
        none = run("labels", "none", "--server", stub.url)
        assert (none.exit_code, none.stdout) == (0, "")
        assert none.stderr == "whodid: no lines with the label none in the last 24h; --since asks for more\n"
        stub.give("/loki/api/v1/labels", {"status": "success", "data": []})
        assert run("labels", "--server", stub.url).stderr == "whodid: no lines in the last 24h; --since asks for more\n"


def test_a_label_s_name_is_one_part_of_the_address() -> None:
    with stub_server() as stub:
        run("labels", "../query?x=1", "--server", stub.url)
        ((path, _),) = stub.asked
    assert path == "/loki/api/v1/label/..%2Fquery%3Fx%3D1/values"


@pytest.mark.parametrize("command", [["query", "{}"], ["labels"], ["tail"]])
def test_no_server_is_status_3(command: list[str]) -> None:
    said = run(*command, "--server", f"http://127.0.0.1:{free_port()}")
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (3, "", 1)
    assert "is `whodid up` running there?" in said.stderr


@pytest.mark.parametrize("command", [["query", "{}"], ["labels"], ["tail"]])
def test_no_address_is_status_2(command: list[str]) -> None:
    said = run(*command, "--server", "127.0.0.1:3100")
    assert (said.exit_code, said.stderr.count("\n")) == (2, 1)
    assert "--server '127.0.0.1:3100' is no address" in said.stderr


def test_the_server_s_refusal_is_status_2() -> None:
    with stub_server() as stub:
        stub.give(RANGE, "parse error at line 1, col 2: \x1b[2Jsyntax error\n", 400)
        said = run("query", "{", "--server", stub.url)
    assert said.exit_code == 2
    assert said.stderr == f"whodid: {stub.url} answered 400: parse error at line 1, col 2: \\x1b[2Jsyntax error\n"


# -- tail -----------------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects without a pause."""

    class Hasty:
        async def sleep(self, seconds: float) -> None:
            assert seconds > 0

    monkeypatch.setattr("whodid.cli.query.SystemClock", Hasty)


def frame(seq: str | None, *lines: str) -> str:
    found = [streams(*((n, line) for n, line in enumerate(lines)), job="db")]
    return json.dumps({"streams": found, **({"seq": seq} if seq else {})})


@pytest.mark.usefixtures("hasty")
def test_a_tail_goes_on_where_it_left_off() -> None:
    """After a lost connection, and after one that ended between two frames of one commit."""
    asked: list[dict[str, list[str]]] = []

    def act(number: int, parameters: dict[str, list[str]], connection: ServerConnection) -> None:
        asked.append(parameters)
        if number == 1:
            connection.send(frame("5", "one\x1b[2J"))
            connection.socket.close()
        elif number == 2:
            connection.send(frame(None, "two"))
            connection.close(1012)
        else:
            connection.send(frame("9", "three"))
            connection.close(1008, "enough: the end of this test")

    with stub_tail(act) as url:
        said = run("tail", '{job="db"}', "--limit", "3", "--server", url)
    assert [line.split("  ")[-1].split()[-1] for line in said.stdout.splitlines()] == ["one\\x1b[2J", "two", "three"]
    first = {"query": ['{job="db"}'], "limit": ["3"]}
    assert asked == [first, {**first, "resume": ["5"]}, {**first, "resume": ["5"]}]
    assert (said.exit_code, said.stderr.splitlines()) == (
        2,
        [
            *[
                f"whodid: the connection to {url} is lost: nothing is shown until it is back; Ctrl-C ends",
                "whodid: connected again; the lines go on where they stopped",
            ]
            * 2,
            "whodid: enough: the end of this test",
        ],
    )


def test_what_a_tail_leaves_out_is_told() -> None:
    def act(number: int, parameters: dict[str, list[str]], connection: ServerConnection) -> None:
        missed = [{"timestamp": "1", "labels": {"job": "db"}}] * 3
        connection.send(json.dumps({**json.loads(frame("5", "one")), "dropped_entries": missed}))
        connection.close(1008, "enough")

    with stub_tail(act) as url:
        said = run("tail", "--server", url)
    assert said.stderr.splitlines()[0].startswith("whodid: 3 lines or more are left out here")
    assert said.stdout.endswith("one\n")


def test_a_tail_s_frames_as_json() -> None:
    def act(number: int, parameters: dict[str, list[str]], connection: ServerConnection) -> None:
        connection.send(frame("5", "one"))
        connection.close(1008, "enough")

    with stub_tail(act) as url:
        said = run("tail", "--json", "--server", url)
    assert json.loads(said.stdout) == json.loads(frame("5", "one"))


def test_a_tail_whose_reader_has_gone_ends() -> None:
    """`whodid tail | head -1`: it must not take the broken pipe for a broken connection and try for ever."""
    connections, gone = [], threading.Event()

    def act(number: int, parameters: dict[str, list[str]], connection: ServerConnection) -> None:
        connections.append(number)
        connection.send(frame("5", "one"))
        gone.wait(30)
        connection.send(frame("6", "two"))
        with contextlib.suppress(ConnectionClosed):
            connection.recv(30)

    with stub_tail(act) as url:
        command = [sys.executable, "-m", "whodid", "tail", "--server", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline().endswith("db         one\n")
            process.stdout.close()
            gone.set()
            assert process.stderr.read() == ""
            assert process.wait(timeout=30) == 0
    assert connections == [1]


def test_a_server_without_tails_is_told() -> None:
    with stub_server() as stub:
        said = run("tail", "--server", stub.url)
    assert said.exit_code == 2
    assert said.stderr == (
        f"whodid: {stub.url} answered 404 to a tail; is this the API's address (port 3100), and not the dashboard's?\n"
    )


def test_the_proxy_of_the_environment_is_not_used_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")

    def act(number: int, parameters: dict[str, list[str]], connection: ServerConnection) -> None:
        connection.close(1008, "reached")

    with stub_tail(act) as url:
        assert run("tail", "--server", url).stderr == "whodid: reached\n"
