"""The December story with real daemons: PostgreSQL, sshd under rsyslogd and nginx write, whodid says who it was.

Somebody logs in with her own key from an address in nobody's list, then empties a table with the login that all share.
Around it happens what must not mislead: a mention, a rollback, a failure, a colleague at work from his own address.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kit.daemons import ROLE, Island, Postgres, SshServer, WebServer, raise_island, why_not
from kit.processes import PREFIX, Installation, free_port, wait_until

NOWHERE, COLLEAGUES, APPLICATION = "10.20.0.77", "10.20.0.14", "10.20.0.8"
SET_UP = (
    'CREATE TABLE "User" (id int PRIMARY KEY, name text)',
    """INSERT INTO "User" SELECT n, 'user ' || n FROM generate_series(1, 8) AS n""",
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'",
    'CREATE TRIGGER keep_users BEFORE TRUNCATE ON "User" EXECUTE FUNCTION refuse()',
)


@dataclass(frozen=True)
class Aftermath:
    """The server after the story, and whose key it was."""

    whodid: Installation
    postgres: Postgres
    key: str

    def who(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return who("--server", self.whodid.url, *arguments)

    def findings(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.who("--json", "--since", "1h", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return list(json.loads(done.stdout)["findings"])


def who(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """`whodid who` as a person calls it, an ordinary process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WHODID_")}
    command = [sys.executable, "-m", "whodid", "who", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def island() -> Iterator[Island]:
    if reason := why_not():
        pytest.skip(reason)
    with raise_island() as island:
        yield island


@pytest.fixture(scope="module")
def after(island: Island, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """The story told once, and every line of it stored."""
    ssh = SshServer(island)
    keys = {owner: ssh.new_key(owner) for owner in ("noa", "daniel")}
    whodid = _installation(tmp_path_factory.mktemp("whodid"), island.directory, keys)
    server, _ = whodid.start("server", wait=False), whodid.start("agent")
    try:
        postgres, web = Postgres(island), WebServer(island)
        _tell(postgres, ssh, web)
        wait_until(lambda: whodid.is_ready(server), "the server is ready")
        _wait_for(whodid, '{job="database"} |= "the end of the story" |= "statement:"')
        _wait_for(whodid, '{job="auth"} |= "session closed"', 3)
        _wait_for(whodid, '{job="nginx"} |= "/basket/"')
        yield Aftermath(whodid, postgres, keys["noa"])
    finally:
        whodid.stop()


def _installation(directory: Path, logs: Path, keys: dict[str, str]) -> Installation:
    people = {
        "noa": {"name": "Noa Adler", "ssh_keys": [keys["noa"]], "addresses": ["10.20.0.21"]},
        "daniel": {"name": "Daniel Weiss", "ssh_keys": [keys["daniel"]], "addresses": [COLLEAGUES]},
    }
    sources = [
        {"job": "database", "format": "postgres", "paths": [str(logs / "postgresql.log")], "line_prefix": PREFIX},
        {"job": "auth", "format": "auth", "paths": [str(logs / "auth.log")]},
        {"job": "nginx", "format": "nginx_access", "paths": [str(logs / "access.log")]},
    ]
    return Installation(directory, people=people, agent={"sources": sources})


def _tell(postgres: Postgres, ssh: SshServer, web: WebServer) -> None:
    postgres.psql(APPLICATION, *SET_UP)
    ssh.login("daniel", COLLEAGUES)
    postgres.psql(COLLEAGUES, 'SELECT count(*) FROM "User"')
    web.get("/basket/7", "10.20.0.200")
    _mention(postgres)

    ssh.login("noa", NOWHERE)
    told = postgres.psql(
        NOWHERE, 'DROP TRIGGER keep_users ON "User"', 'DELETE FROM "User" WHERE id = 7', 'TRUNCATE "User" CASCADE'
    )
    assert told.splitlines() == ["DROP TRIGGER", "DELETE 1", "TRUNCATE TABLE"]
    told = postgres.psql(NOWHERE, "BEGIN", 'TRUNCATE "User"', "ROLLBACK", 'TRUNCATE "Customer"')
    assert told.splitlines() == ["BEGIN", "TRUNCATE TABLE", "ROLLBACK", 'ERROR:  relation "Customer" does not exist']

    ssh.login("daniel", COLLEAGUES)
    postgres.psql(COLLEAGUES, "SELECT 'the end of the story'")


def _mention(postgres: Postgres) -> None:
    """Harmless statements of a program that speak of harmful ones: in strings, comments, parameters, its name."""
    with postgres.from_address(APPLICATION) as environment:
        address = {name.removeprefix("PG").lower(): value for name, value in environment.items()}
        address["dbname"] = address.pop("database")
        name = 'x LOG:  statement: TRUNCATE "User"; --'
        with psycopg.connect(**address, application_name=name, autocommit=True) as connection:
            connection.execute("""SELECT 'TRUNCATE "User"' AS never -- nor DROP TABLE "User";""")
            connection.execute("SELECT %s::text", ('TRUNCATE "User"; DROP TABLE "User"',))
            connection.execute("""/* TRUNCATE "User"; */ SELECT $$DELETE FROM "User"$$""")


def _wait_for(whodid: Installation, query: str, lines: int = 1) -> None:
    wait_until(lambda: whodid.total(query) >= lines, f"{lines} lines of {query}", look_every_s=0.1)


@pytest.fixture(scope="module")
def findings(after: Aftermath) -> list[dict[str, Any]]:
    """Everything that `whodid who` finds."""
    return after.findings()


def test_each_statement_has_its_outcome_and_nothing_else_is_found(findings: list[dict[str, Any]]) -> None:
    assert [(it["operation"], it["object"], it["outcome"]) for it in findings] == [
        ("DROP TRIGGER", "keep_users, User", "completed"),
        ("DELETE", "User", "completed"),
        ("TRUNCATE", "User", "completed"),
        ("TRUNCATE", "User", "rolled_back"),
        ("TRUNCATE", "Customer", "failed"),
    ]


def test_the_key_from_the_same_address_names_the_person(after: Aftermath, findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        person = finding["person"]
        assert (person["id"], person["name"], person["verdict"]) == ("noa", "Noa Adler", "strong"), finding
        assert [evidence["kind"] for evidence in person["because"]] == ["ssh_key_same_address"]
        assert f"from {NOWHERE} port" in person["because"][0]["line"]
        assert person["because"][0]["line"].endswith(f"ED25519 {after.key}")
        assert person["alternatives"] == []
        assert (finding["account"], finding["client"], finding["app"]) == (ROLE, NOWHERE, "psql")
        assert (finding["trust"], finding["database"]) == ("ok", "postgres")


def test_the_statements_are_told_as_they_were_typed_in_their_sessions(findings: list[dict[str, Any]]) -> None:
    assert [it["statement"] for it in findings] == [
        'DROP TRIGGER keep_users ON "User"',
        'DELETE FROM "User" WHERE id = 7',
        'TRUNCATE "User" CASCADE',
        'TRUNCATE "User"',
        'TRUNCATE "Customer"',
    ]
    first, second = findings[0]["session"], findings[3]["session"]
    assert first != second
    assert [it["session"] for it in findings] == [first, first, first, second, second]


def test_a_person_reads_the_answer_in_the_first_line(after: Aftermath) -> None:
    done = after.who("truncate", "user", "--since", "1h")
    assert done.returncode == 0
    first = done.stdout.splitlines()[0]
    assert first.startswith('TRUNCATE "User" took effect at ')
    assert "by Noa Adler (strong)" in first
    assert f"Accepted publickey for deploy from {NOWHERE} port " in first


def test_words_narrow_the_answer(after: Aftermath) -> None:
    assert [it["statement"] for it in after.findings("truncate", "cascade")] == ['TRUNCATE "User" CASCADE']
    assert after.findings("drop", "table") == []  # nobody did, though some spoke of it


def test_the_other_daemons_lines_carry_their_attributes(after: Aftermath) -> None:
    assert after.whodid.total('{job="nginx"} | client="10.20.0.200" | operation="GET" | status="200"') == 1
    assert after.whodid.total(f'{{job="auth"}} | operation="login" | user="deploy" | client="{NOWHERE}"') == 1
    assert after.whodid.total('{job="database"} | operation="TRUNCATE" | table="User" | severity!="ERROR"') == 2


def test_a_new_statement_is_found_within_a_second_or_two(after: Aftermath) -> None:
    after.postgres.psql(NOWHERE, 'CREATE TABLE "Late" ()', 'DROP TABLE "Late"')
    wait_until(lambda: len(after.whodid.findings()) == 6, "the sixth finding", patience_s=5)
    (late,) = after.findings("late")
    assert (late["operation"], late["outcome"], late["person"]["id"]) == ("DROP TABLE", "completed", "noa")


def test_exit_status_3_when_the_server_is_down() -> None:
    port = free_port()
    done = who("--json", "--server", f"http://127.0.0.1:{port}")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"whodid: cannot reach the server at http://127.0.0.1:{port}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "--since 'yesterday': give a span such as 1h or 48h, or an instant"),
        (["--until", "25:00"], "--until '25:00': give a span"),
        (["--jsno"], "No such option: --jsno"),
        (["--server", "here"], "here"),
    ],
)
def test_exit_status_2_on_bad_use(arguments: list[str], said: str) -> None:
    done = who(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
