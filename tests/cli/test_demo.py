"""`whodid demo` as anybody would call it: the answer, status 0, and nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.processes import free_port
from whodid.cli.demo import _environment, _free_port


def test_the_demo_names_the_culprit_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whatever the environment says: no proxy and no variable of a real installation may get in between."""
    inside, elsewhere, home = tmp_path / "tmp", tmp_path / "elsewhere", tmp_path / "home"
    for directory in (inside, home):
        directory.mkdir()
    environment = {
        **os.environ,
        "TMPDIR": str(inside),
        "HOME": str(home),
        "HTTP_PROXY": f"http://127.0.0.1:{free_port()}",
        "WHODID_DATA_DIR": str(elsewhere),
        "WHODID_AGENT_SOURCES": "[]",
    }
    command = [sys.executable, "-m", "whodid", "demo", "--no-stay"]
    with subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said, complained = process.communicate(timeout=90)
        finally:
            process.kill()
    assert (process.returncode, complained) == (0, "")
    answer = said.splitlines()[2]
    assert answer.startswith('TRUNCATE "User" took effect at ')
    assert "by Noa Adler (strong): their SSH key was used from the same address" in answer
    assert said.count("  took effect  ") == 3
    assert "Dashboard  http://127.0.0.1:" in said
    assert "whodid who --since 24h" in said
    assert list(inside.iterdir()) == []
    assert list(home.iterdir()) == []
    assert not elsewhere.exists(), "the story is no part of a real trail"


def test_the_usual_port_unless_somebody_has_it() -> None:
    import socket

    wanted = free_port()
    assert _free_port(wanted) == wanted
    with socket.socket() as other:
        other.bind(("127.0.0.1", wanted))
        other.listen()
        assert _free_port(wanted) not in (0, wanted)


def test_only_errors_are_shown_and_nothing_of_a_real_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHODID_SERVER_LISTEN", "127.0.0.1:1")
    monkeypatch.setenv("WHODID_LOG_LEVEL", "DEBUG")
    ours = {name: value for name, value in _environment().items() if name.startswith("WHODID_")}
    assert ours == {"WHODID_LOG_LEVEL": "ERROR"}
    assert _environment()["PATH"] == os.environ["PATH"]
