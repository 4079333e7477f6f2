"""How commands speak: errors as one sentence with their exit status, and nothing that commands the terminal."""

import subprocess
import sys

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st

from kit.stub_server import stub_server
from whodid.cli.output import MissingServerExtra, Unreachable, complain, explained, need_server_packages, printable
from whodid.errors import WhodidError


@given(st.text())
@example("\x1b]0;title\x07\x1b[2J\x9b31m\r\x08\x00\x7f\u202e\u2028\u200f\ud800")
def test_no_text_commands_the_terminal(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t" for char in printable(text))


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_newlines_are_indented_and_the_rest_is_shown() -> None:
    assert printable("a\nb\tc\x1b[1m\u202e") == "a\n    b\tc\\x1b[1m\\u202e"


@pytest.mark.parametrize(
    ("error", "status"), [(WhodidError("so"), 2), (MissingServerExtra("so"), 2), (Unreachable("so"), 3)]
)
def test_errors_become_a_sentence_and_a_status(
    capsys: pytest.CaptureFixture[str], error: WhodidError, status: int
) -> None:
    with pytest.raises(typer.Exit) as left, explained():
        raise error
    assert left.value.exit_code == status
    assert capsys.readouterr() == ("", "whodid: so\n")


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), explained():
        _ = 1 // 0


def test_an_exit_is_none_of_our_errors() -> None:
    with pytest.raises(typer.Exit), explained():
        raise typer.Exit(7)


def test_a_complaint_is_safe_to_print(capsys: pytest.CaptureFixture[str]) -> None:
    complain("a server said \x1b[2J\nand more")
    assert capsys.readouterr().err == "whodid: a server said \\x1b[2J\nand more\n"


def test_a_host_without_the_server_s_packages_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chdb", None)
    with pytest.raises(MissingServerExtra, match=r"pip install 'whodid\[server\]'"):
        need_server_packages()


def test_a_reader_that_has_enough_is_no_error() -> None:
    """`whodid labels job | head -1`: status 0, nothing on stderr."""
    with stub_server() as stub:
        stub.give("/loki/api/v1/label/job/values", {"status": "success", "data": [f"job-{n:090}" for n in range(5000)]})
        command = [sys.executable, "-m", "whodid", "labels", "job", "--server", stub.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == f"job-{0:090}\n"
            process.stdout.close()
            assert process.stderr.read() == ""
            assert process.wait(timeout=30) == 0
