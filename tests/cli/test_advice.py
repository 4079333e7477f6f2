"""The advice about PostgreSQL's logs: for text logs only, by the server's version, with settings the server accepts."""

from pathlib import Path

import pytest

from whodid.agent.settings import SourceSettings
from whodid.cli.advice import log_advice


def debian(root: Path, version: int, settings: str = "") -> SourceSettings:
    config = root / f"etc/postgresql/{version}/main/postgresql.conf"
    config.parent.mkdir(parents=True)
    config.write_text(settings)
    return SourceSettings("database", "postgres", (f"{root}/var/log/postgresql/postgresql-{version}-main.log",))


@pytest.mark.parametrize(("version", "kind"), [(13, "csvlog"), (14, "csvlog"), (15, "jsonlog"), (18, "jsonlog")])
def test_the_settings_fit_the_version(tmp_path: Path, version: int, kind: str) -> None:
    (advice,) = log_advice([debian(tmp_path, version)], tmp_path)
    settings = [line.strip().partition("  #")[0] for line in advice.splitlines()[1:]]
    assert settings == [
        "logging_collector = on",
        f"log_destination = '{kind}'",
        "log_connections = on",
        "log_disconnections = on",
        "log_statement = 'mod'",
        "log_min_duration_statement = 0",
        "log_line_prefix = '%m [%p] session=%c line=%l user=%u db=%d client=%h app=%a '",
    ]


def test_an_unknown_version_gets_both(tmp_path: Path) -> None:
    (advice,) = log_advice([SourceSettings("database", "postgres", ("/srv/pg.log",))], tmp_path)
    assert "log_destination = 'jsonlog'  # before version 15: 'csvlog'" in advice


def test_where_a_better_log_is_written_it_is_named(tmp_path: Path) -> None:
    settings = "logging_collector = on\nlog_destination = 'stderr,jsonlog'\nlog_directory = '/var/log/postgresql'\n"
    source = debian(tmp_path, 15, settings)
    (advice,) = log_advice([source], tmp_path)
    assert "follow that instead" in advice and "logging_collector" not in advice


def test_other_logs_need_none(tmp_path: Path) -> None:
    sources = [SourceSettings("database", "postgres_json", ("/a",)), SourceSettings("auth", "auth", ("/b",))]
    assert list(log_advice(sources, tmp_path)) == []
