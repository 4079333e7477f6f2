"""`whodid agent --dry-run` and `--explain`, as somebody types them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from whodid.agent.health import Health
from whodid.agent.status import take_status, write_status
from whodid.cli.main import app

AUTH = "Nov 23 06:30:12 shop-main sudo:   deploy : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/id\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "auth.log").write_text(AUTH + "nonsense\n")
    (tmp_path / "whodid.yml").write_text(
        f"data_dir: {tmp_path}/data\n"
        f"agent: {{host: shop, sources: [{{job: auth, format: auth, paths: [{tmp_path}/auth.log]}}]}}\n"
    )
    return tmp_path / "whodid.yml"


def run(config: Path, *words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["agent", "-c", str(config), *words], input=stdin)


def test_dry_run_shows_the_line_and_what_was_read_out_of_it(config: Path) -> None:
    result = run(config, "--dry-run", str(config.parent / "auth.log"))
    assert result.exit_code == 0
    assert "  sudo  completed\n    Nov 23 06:30:12 shop-main sudo:" in result.output
    assert "command=/usr/bin/id" in result.output
    assert result.output.count("{filename=") == 1
    assert "NOT UNDERSTOOD" in result.output
    assert "2 entries, 1 not understood" in result.output


def test_dry_run_says_when_the_format_fits_nothing(config: Path) -> None:
    (config.parent / "auth.log").write_text("odd\nodder\n")
    result = run(config, "--dry-run", str(config.parent / "auth.log"))
    assert "none of its records is understood as auth" in result.stderr


def test_dry_run_for_programs(config: Path) -> None:
    result = run(config, "--json", "--dry-run", str(config.parent / "auth.log"))
    first = json.loads(result.stdout.splitlines()[0])
    assert first["attributes"]["user"] == "deploy"
    assert first["understood"] is True
    assert first["labels"].startswith("{filename=")


def test_dry_run_of_a_copy_elsewhere_and_of_stdin(config: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/auth.log").write_text(AUTH)
    assert "  sudo  completed" in run(config, "--dry-run", str(tmp_path / "copy/auth.log")).output
    assert "  sudo  completed" in run(config, "--dry-run", "--job", "auth", "-", stdin=AUTH).output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--dry-run"], "needs files"),
        (["--dry-run", "/nowhere/auth.log"], "cannot read /nowhere/auth.log: No such file"),
        (["--dry-run", "/etc/hostname"], "no source follows /etc/hostname"),
        (["--dry-run", "--job", "web", "/etc/hostname"], "no source has the job 'web'; there are: auth"),
        (["follow"], "is no command"),
    ],
)
def test_bad_use_is_one_sentence(config: Path, words: list[str], says: str) -> None:
    result = run(config, *words)
    assert result.exit_code == 2
    assert says in result.output


def test_explain_before_anything_has_run(config: Path) -> None:
    result = run(config, "--explain")
    assert "no agent has run here yet" in result.output
    assert "bytes waiting" in result.output
    sources = json.loads(run(config, "--explain", "--json").stdout)["sources"]
    assert sources[0]["files"][0]["sent_bytes"] == 0


RUN = "import sys; from whodid.cli.main import app; app(standalone_mode=False)"


@pytest.mark.parametrize(("more", "loaded"), [("", "not in"), (", pipeline_stages: [{docker: {}}]", "in")])
def test_promtails_parts_are_loaded_only_by_who_has_a_pipeline(tmp_path: Path, more: str, loaded: str) -> None:
    (tmp_path / "a.log").write_text("hello\n")
    config = tmp_path / "whodid.yml"
    config.write_text(
        f"data_dir: {tmp_path}/data\nagent: {{sources: [{{job: a, paths: [{tmp_path}/a.log]{more}}}, "
        "{job: s, syslog: {}}, {job: j, journal: {}}]}\n"
    )
    for words in (["--dry-run", str(tmp_path / "a.log")], ["--explain"]):
        command = [
            sys.executable,
            "-c",
            f"{RUN}; assert 'whodid.promtail' {loaded} sys.modules",
            "agent",
            "-c",
            str(config),
            *words,
        ]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr


def test_explain_counts_what_a_pipeline_dropped(config: Path) -> None:
    log = config.parent / "auth.log"
    health = Health(dropped={str(log): {"noise": 2, "drop_stage": 1}}, unread_by_stage={str(log): {"json": 4}})
    state = config.parent / "data" / "agent"
    state.mkdir(parents=True)
    write_status(state, take_status(health, 0, 1))
    output = run(config, "--explain").output
    assert "3 lines dropped by its pipeline (drop_stage: 1, noise: 2)" in output
    assert "4 lines that its stages could not read (json: 4)" in output
