"""`whodid rules check` and `rules test`: mistakes with their places, and the shipped rules on the real engine."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from kit.chdb_store import shared_store
from whodid.cli.main import app
from whodid.logql.parser import parse
from whodid.rules.load import load_rules

BAD = """\
groups:
  - name: g
    rules:
      - alert: A
        exprr: '{job="x"}'
      - {alert: B, expr: '{job="x"} |= ', for: soon}
"""
TESTED = """\
groups:
  - name: g
    rules:
      - alert: Lines
        expr: '{job="x"} |= "panic" | logfmt | n > 1'
        tests:
          - {name: fires, lines: [{labels: {job: x}, line: panic n=2}], fires: [{value: 1}]}
          - {name: expects too much, lines: [{labels: {job: x}, line: panic n=1}], fires: [{}]}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rules", *arguments], catch_exceptions=False)


def test_mistakes_have_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "bad.yml"
    file.write_text(BAD)
    said = run("check", str(file))
    assert (said.exit_code, said.stderr) == (1, "")
    found = said.stdout.splitlines()
    assert len(found) == 4
    assert [line.split(": ")[0] for line in found] == [f"{file}:{place}" for place in ("4:9", "5:9", "6:26", "6:48")]
    assert "a rule needs 'expr'" in found[0]
    assert found[1].endswith("unknown key 'exprr' in a rule; did you mean 'expr'?")
    assert "expr: parse error at line 1, col " in found[2]
    assert "not a valid duration string: 'soon'" in found[3]


def test_good_files_are_counted() -> None:
    loaded = load_rules(["builtin"], parse)
    said = run("check")
    assert said.exit_code == 0
    rules = sum(len(group.rules) for group in loaded.groups)
    assert said.stdout == f"good: {rules} rules in {len(loaded.groups)} groups, {len(loaded.tests)} tests\n"


def test_no_such_file(tmp_path: Path) -> None:
    said = run("check", str(tmp_path / "*.yml"))
    assert said.exit_code == 1
    assert said.stdout.endswith("no rule file matches; write a path, a glob or 'builtin'\n")


def test_a_file_with_mistakes_is_not_tested(tmp_path: Path) -> None:
    file = tmp_path / "bad.yml"
    file.write_text(BAD)
    said = run("test", str(file))
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr.startswith(f"whodid: {file}:4:9: ")


def test_the_shipped_rules_pass_on_the_real_engine_and_a_wrong_test_fails(tmp_path: Path) -> None:
    """In a process of its own: the engine takes one store per process, and this process has the tests' shared one."""
    file, inside = tmp_path / "tested.yml", tmp_path / "tmp"
    file.write_text(TESTED)
    inside.mkdir()
    command = [sys.executable, "-m", "whodid", "rules", "test", "builtin", str(file)]
    environment = {**os.environ, "TMPDIR": str(inside)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    shipped = load_rules(["builtin"], parse).tests
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        *(f"pass  {test.name}" for test in shipped),
        "pass  fires",
        "FAIL  expects too much",
        "      did not fire: an alert",
        f"{len(shipped) + 1} passed, 1 failed",
    ]
    assert list(inside.iterdir()) == [], "the store was thrown away"


def test_a_line_that_no_server_would_take_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shared:
        """The tests' store in place of a new one, which this process could not open."""

        @staticmethod
        def open(settings: object) -> object:
            return SimpleNamespace(
                **{name: getattr(shared_store(), name) for name in ("select", "write", "appending")}, close=int
            )

    monkeypatch.setattr("whodid.cli.rules.ChdbStore", Shared)
    file = tmp_path / "tested.yml"
    file.write_text(TESTED.replace("labels: {job: x}", "labels: {job-name: x}"))
    said = run("test", str(file))
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr.startswith("whodid: a test has a line that no server would take: ")
    assert said.stderr.count("\n") == 1


def test_on_a_terminal_the_engine_says_nothing(tmp_path: Path) -> None:
    """Told to be silent, it still wrote its debugging to a terminal: thousands of lines before the answer."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "whodid", "rules", "test"], stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # Linux: the other side is closed
            break
        if not part:
            break
        said += part
    os.close(ours)
    assert process.wait(60) == 0
    assert b"<Debug>" not in said
    assert b"<Trace>" not in said
    assert len(said.splitlines()) < 60, said[:2000]
