"""Which logs of a machine are found, on machines made of temporary directories."""

from pathlib import Path

from whodid.agent.discover import discover
from whodid.formats.postgres import DEFAULT_PREFIX


def put(root: Path, name: str, content: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_nothing_there(tmp_path: Path) -> None:
    assert discover(tmp_path) == ()


def test_debian_with_its_defaults(tmp_path: Path) -> None:
    for name in ("var/log/postgresql/postgresql-15-main.log", "var/log/nginx/access.log", "var/log/auth.log"):
        put(tmp_path, name)
    sources = discover(tmp_path)
    assert [(s.job, s.format) for s in sources] == [
        ("database", "postgres"),
        ("nginx-access", "nginx_access"),
        ("auth", "auth"),
    ]
    assert sources[0].line_prefix == DEFAULT_PREFIX
    assert sources[0].paths == (str(tmp_path / "var/log/postgresql/*.log"),)


def test_prefix_is_read_from_each_cluster_and_conf_d_wins(tmp_path: Path) -> None:
    put(tmp_path, "var/log/postgresql/postgresql-15-main.log")
    put(tmp_path, "var/log/postgresql/postgresql-16-two.log")
    put(tmp_path, "var/log/postgresql/other.log")
    put(
        tmp_path,
        "etc/postgresql/15/main/postgresql.conf",
        "#log_line_prefix = 'not this'\nlog_line_prefix = '%t [%p]: '  # why\nlog_timezone = 'Asia/Jerusalem'\n",
    )
    put(tmp_path, "etc/postgresql/15/main/conf.d/10-log.conf", "log_line_prefix '%m it''s %u '\n")
    put(tmp_path, "etc/postgresql/16/two/postgresql.conf", "log_timezone = '<+03>-03'\n")
    one, two, rest = discover(tmp_path)
    assert (one.line_prefix, one.timezone) == ("%m it's %u ", "Asia/Jerusalem")
    assert one.paths == (str(tmp_path / "var/log/postgresql/postgresql-15-main.log"),)
    assert (two.line_prefix, two.timezone) == (DEFAULT_PREFIX, None)
    assert set(rest.exclude) == set(one.paths + two.paths)


def test_json_log_and_syslog(tmp_path: Path) -> None:
    put(tmp_path, "var/log/postgresql/postgresql.json")
    put(tmp_path, "var/log/syslog")
    assert ("database", "postgres_json") in [(s.job, s.format) for s in discover(tmp_path)]
    assert ("syslog", "syslog") in [(s.job, s.format) for s in discover(tmp_path)]


def test_the_firewall_s_own_file(tmp_path: Path) -> None:
    """openSUSE writes its packets there, and nowhere else."""
    put(tmp_path, "var/log/firewall")
    (source,) = discover(tmp_path)
    assert (source.job, source.format, source.paths) == ("kernel", "kernel", (str(tmp_path / "var/log/firewall"),))


def test_every_job_that_files_tell(tmp_path: Path) -> None:
    for name in (
        "syslog", "auth.log", "kern.log", "ufw.log", "fail2ban.log", "cron.log", "backup-db.log",
        "gunicorn/error.log", "nginx/access.log", "nginx/error.log",
    ):  # fmt: skip
        put(tmp_path, f"var/log/{name}")
    assert {(s.job, s.format) for s in discover(tmp_path)} == {
        ("syslog", "syslog"),
        ("auth", "auth"),
        ("kernel", "kernel"),
        ("ufw", "kernel"),
        ("fail2ban", "fail2ban"),
        ("cron", "cron"),
        ("backups", "backup"),
        ("backend", "backend"),
        ("nginx-access", "nginx_access"),
        ("nginx-error", "nginx_error"),
    }


def test_the_journal_only_where_no_daemon_writes_it_into_files(tmp_path: Path) -> None:
    (tmp_path / "run/log/journal").mkdir(parents=True)
    (source,) = discover(tmp_path)
    assert (source.job, source.paths) == ("journal", ())
    assert source.journal is not None
    put(tmp_path, "var/log/auth.log")
    assert [s.job for s in discover(tmp_path)] == ["auth"]


def test_containers_where_the_agent_may_know_of_them(tmp_path: Path) -> None:
    (tmp_path / "var/lib/docker/containers").mkdir(parents=True)
    (source,) = discover(tmp_path)
    assert (source.job, source.paths) == ("docker", ())
    assert source.docker is not None
