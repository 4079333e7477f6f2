"""Which of PostgreSQL's logs are followed, on machines made of temporary directories."""

from pathlib import Path

import pytest

from whodid.agent.discover_postgres import clusters, discover_postgres
from whodid.formats.postgres import DEFAULT_PREFIX


def put(root: Path, name: str, content: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def found(root: Path) -> list[tuple[str, str, str]]:
    """Format, paths below the root and prefix of each source."""
    return [
        (source.format, " ".join(source.paths).replace(f"{root}/", ""), source.line_prefix)
        for source in discover_postgres(root)
    ]


COLLECTOR = "logging_collector = on\n"
DEBIAN = "etc/postgresql/15/main/postgresql.conf"


@pytest.mark.parametrize(
    ("destination", "format", "suffix"),
    [
        ("stderr", "postgres", "log"),
        ("stderr, csvlog", "postgres_csv", "csv"),
        ("stderr,csvlog,jsonlog", "postgres_json", "json"),
    ],
)
def test_red_hat_and_the_best_destination(tmp_path: Path, destination: str, format: str, suffix: str) -> None:
    put(tmp_path, "var/lib/pgsql/16/data/PG_VERSION", "16\n")
    put(
        tmp_path,
        "var/lib/pgsql/16/data/postgresql.conf",
        f"{COLLECTOR}log_filename = 'postgresql-%a.log'\nlog_destination = '{destination}'\nlog_line_prefix = '%m %u '",
    )
    for kind in ("log", "csv", "json"):
        put(tmp_path, f"var/lib/pgsql/16/data/log/postgresql-Mon.{kind}")
    prefix = "%m %u " if format == "postgres" else ""
    path = f"var/lib/pgsql/16/data/log/postgresql-*.{suffix}"
    assert found(tmp_path)[0] == (format, path, prefix)
    assert [cluster.version for cluster in clusters(tmp_path)] == [16]


def test_debian_with_a_collector_of_its_own(tmp_path: Path) -> None:
    put(
        tmp_path,
        DEBIAN,
        f"data_directory = '/srv/pg'\n{COLLECTOR}log_destination = jsonlog\nlog_directory = '/var/log/pg'\n",
    )
    put(tmp_path, "var/log/pg/postgresql-2026-11-23_000000.json")
    put(tmp_path, "var/log/postgresql/postgresql-15-main.log")
    put(tmp_path, "var/log/postgresql/other.log")
    assert found(tmp_path) == [
        ("postgres_json", "var/log/pg/postgresql-*.json", ""),
        ("postgres", "var/log/postgresql/*.log", DEFAULT_PREFIX),
    ]
    # What the server said before its collector was there.
    assert str(tmp_path / "var/log/postgresql/postgresql-15-main.log") in discover_postgres(tmp_path)[1].exclude


def test_a_log_directory_inside_of_the_data_directory(tmp_path: Path) -> None:
    put(tmp_path, DEBIAN, f"data_directory = '/srv/pg'\n{COLLECTOR}log_destination = 'csvlog'\n")
    put(tmp_path, "srv/pg/log/postgresql-2026-11-23_000000.csv")
    assert found(tmp_path) == [("postgres_csv", "srv/pg/log/postgresql-*.csv", "")]


def test_alter_system_and_included_files_win(tmp_path: Path) -> None:
    put(
        tmp_path,
        DEBIAN,
        "data_directory = '/srv/pg'\nlog_line_prefix = 'a%p '\ninclude_dir = 'conf.d'\ninclude 'x.conf'\n",
    )
    put(tmp_path, "etc/postgresql/15/main/conf.d/1.conf", "log_line_prefix = 'b%p '\n")
    put(tmp_path, "etc/postgresql/15/main/x.conf", "include = 'x.conf'\nlog_line_prefix = 'c%p '\n")
    put(tmp_path, "var/log/postgresql/postgresql-15-main.log")
    assert found(tmp_path)[0][2] == "c%p "
    put(tmp_path, "srv/pg/postgresql.auto.conf", "log_line_prefix = 'd%p '\n")
    assert found(tmp_path)[0][2] == "d%p "


def test_what_is_configured_but_not_written_is_not_waited_for(tmp_path: Path) -> None:
    """The setting was changed, the server not restarted."""
    put(tmp_path, DEBIAN, f"{COLLECTOR}log_destination = 'stderr,jsonlog'\nlog_directory = '/var/log/pg'\n")
    put(tmp_path, "var/log/pg/postgresql-2026-11-23_000000.log")
    assert found(tmp_path)[0][0] == "postgres"


def test_files_without_a_configuration(tmp_path: Path) -> None:
    for name in ("postgresql-2026-11-23.log", "postgresql-2026-11-23.json", "a.csv", "a.log", "b.log"):
        put(tmp_path, f"var/log/postgresql/{name}")
    sources = {source.format: source for source in discover_postgres(tmp_path)}
    directory = tmp_path / "var/log/postgresql"
    assert {format: source.paths for format, source in sources.items()} == {
        "postgres_json": (f"{directory}/*.json",),
        "postgres_csv": (f"{directory}/*.csv",),
        "postgres": (f"{directory}/*.log",),
    }
    excluded = {Path(path).name for path in sources["postgres"].exclude}
    assert excluded >= {"postgresql-*.log", "a.log"} and "b.log" not in excluded


def test_one_server_with_json_beside_text_is_followed_once(tmp_path: Path) -> None:
    for kind in ("log", "json"):
        put(tmp_path, f"var/log/postgresql/postgresql-2026-11-23.{kind}")
    assert found(tmp_path) == [("postgres_json", "var/log/postgresql/*.json", "")]
