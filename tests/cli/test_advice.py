"""The advice about logs: for text logs of PostgreSQL, by its version, with settings it accepts; for nginx's escape."""

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


@pytest.mark.parametrize(
    ("options", "advised"),
    [
        ({}, False),
        ({"log_format": "$remote_addr $status", "escape": "none"}, True),
        ({"log_format": "log_format a escape=none '$remote_addr $status';"}, True),
        ({"log_format": 'escape=json \'{"a":"$remote_addr"}\''}, False),
        ({"log_format": "log_format a;"}, False),
    ],
)
def test_a_log_of_nginx_that_escapes_nothing(tmp_path: Path, options: dict[str, str], advised: bool) -> None:
    source = SourceSettings("nginx-access", "nginx_access", ("/var/log/nginx/a.log",), options=options)
    advice = list(log_advice([source], tmp_path))
    assert [text.partition(" has a log_format with escape=none")[0] for text in advice] == (
        ["advice nginx-access: /var/log/nginx/a.log"] if advised else []
    )
