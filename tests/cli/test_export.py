"""`whodid query --all` against a server that says what the test wants."""

import io
import socket
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kit.processes import free_port
from kit.stub_server import stub_server
from whodid.cli import export
from whodid.cli.main import app

PATH = "/whodid/api/v1/export"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["query", '{job="db"}', "--all", *arguments], catch_exceptions=False)


def test_to_standard_output_as_it_comes() -> None:
    body = b'{"line":"\xd7\xa9"}\n' * 100_000
    with stub_server() as stub:
        stub.give(PATH, body)
        said = run("--server", stub.url, "--since", "2h", "--until", "1h")
        ((path, asked),) = stub.asked
    assert (said.exit_code, said.stdout_bytes) == (0, body)
    assert path == PATH
    assert (asked["format"], asked["query"], "limit" in asked) == (["ndjson"], ['{job="db"}'], False)
    assert int(asked["start"][0]) < int(asked["end"][0])


def test_into_a_file(tmp_path: Path) -> None:
    file = tmp_path / "lines.parquet"
    with stub_server() as stub:
        stub.give(PATH, b"PAR1")
        said = run("--server", stub.url, "--output", "parquet", "--to", str(file))
        assert stub.asked[0][1]["format"] == ["parquet"]
    assert (said.exit_code, said.stdout, file.read_bytes()) == (0, "", b"PAR1")
    assert list(tmp_path.iterdir()) == [file]


def test_a_refusal_leaves_no_file(tmp_path: Path) -> None:
    with stub_server() as stub:
        stub.give(PATH, "parse error\n", 400)
        said = run("--server", stub.url, "--to", str(tmp_path / "x"))
    assert (said.exit_code, said.stderr) == (2, f"whodid: {stub.url} answered 400: parse error\n")
    assert list(tmp_path.iterdir()) == []


def test_half_an_export_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def half() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                connection.sendall(head + b"5\r\nhalf\n\r\n")

        thread = threading.Thread(target=half)
        thread.start()
        said = run("--server", f"http://127.0.0.1:{server.getsockname()[1]}", "--to", str(tmp_path / "x"))
        thread.join()
    assert said.exit_code == 3
    assert "the export broke off after 5 bytes" in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    said = run("--server", "http://127.0.0.1:1", "--to", str(tmp_path / "nowhere" / "x"))
    assert (said.exit_code, "No such file or directory; give another --to" in said.stderr) == (2, True)


def test_no_server_and_no_address() -> None:
    assert run("--server", f"http://127.0.0.1:{free_port()}").exit_code == 3
    assert run("--server", "127.0.0.1:3100").exit_code == 2


def test_a_terminal_gets_no_parquet_and_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Screen()
    monkeypatch.setattr("sys.stdout", screen)
    with pytest.raises(export.NotForATerminal, match="give --to FILE"):
        export.export("http://127.0.0.1:1", {}, export.Output.PARQUET, None)
    with stub_server() as stub:
        stub.give(PATH, b"timestamp,line\r\nt,\x1b[2J\xc2\x9b\r\n")
        export.export(stub.url, {}, export.Output.CSV, None)
    assert screen.getvalue() == "timestamp,line\nt,\\x1b[2J\\x9b\n"


class _Screen(io.StringIO):
    buffer = io.BytesIO()

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("more", [("--output", "csv"), ("--to", "x")])
def test_options_that_go_with_all_alone(more: tuple[str, str]) -> None:
    said = CliRunner().invoke(app, ["query", "{}", *more], catch_exceptions=False)
    assert (said.exit_code, said.stderr) == (2, "whodid: --output and --to go with --all\n")
