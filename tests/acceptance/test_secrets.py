"""No secret leaves the host: planted in the logs of five formats, none is found in any file of the store, nor in what
the API answers, nor in what the agent keeps of pushes under way and of lines that were refused.

The store's files are compressed, so the engine's own tables are also read out whole.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from kit.planted import made_up
from kit.processes import PREFIX, Installation, wait_until

DUMP = """
import sys, chdb
connection = chdb.connect("file:" + sys.argv[1])
tables = connection.query(
    "SELECT database || '.' || name FROM system.tables WHERE engine LIKE '%MergeTree'", "TSV"
).bytes().decode().split()
for table in tables:
    sys.stdout.buffer.write(connection.query(f"SELECT * FROM {table}", "TSVRaw").bytes() or b"")
connection.close()
"""
HEAD = "{stamp} [77]: [{number}-1] user=app,db=shop,app={app},client=192.0.2.7 LOG:  "


def planted() -> dict[str, str]:
    """The secrets, by name: one of every shape, and values that only their surroundings betray."""
    secrets = {name: text for name, text in made_up(11).items() if name not in ("PK", "PEM_LINE")}
    secrets["KEY_FILE"] = made_up(12)["PEM"]
    words = ("SQL", "ENV", "URL", "QUERY", "JSON", "BASIC", "BEARER", "COOKIE", "SET", "SCRAM", "DOLLAR", "APP", "OWN")
    return secrets | {word: f"{word.title()}-8f3kQ1x7Wz-{number:03d}tP" for number, word in enumerate(words)}


def lines(secrets: dict[str, str]) -> list[str]:
    """Texts that hold them, as they stand in a log."""
    said = {name: text.replace("\n", "\\n") for name, text in secrets.items()}
    return [
        f"ALTER ROLE reporting PASSWORD '{said['SQL']}'",
        f"CREATE ROLE a PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==${said['SCRAM']}:x'; TRUNCATE t",
        f"CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'b', password $q${said['DOLLAR']}$q$)",
        f"SELECT dblink('host=h password={said['ENV']} user=u')",
        f"COMMAND=/usr/bin/env PGPASSWORD={said['ENV']} psql postgresql://u:{said['URL']}@h/d",
        f"GET /a?access_token={said['QUERY']}&page=2",
        f"Authorization: Basic {said['BASIC']}",
        f"Authorization: Bearer {said['BEARER']}",
        f"Cookie: sid={said['COOKIE']}; theme={said['COOKIE']}",
        f"Set-Cookie: sid={said['SET']}; Path=/",
        f"AWS_SECRET_ACCESS_KEY={said['AWS_SECRET']} id {said['AWS_ID']}",
        f"POST https://hooks.slack.com/services/{said['SLACK_HOOK']}",
        f"own {said['OWN']}",
        *(
            f"saw {said[name]} here"
            for name in ("JWT", "GITHUB", "GITHUB_PAT", "SLACK", "STRIPE", "GOOGLE", "GITLAB", "NPM", "PEM")
        ),
    ]


def write_logs(directory: Path, secrets: dict[str, str]) -> int:
    """The same in every format; how many records that are."""
    now = datetime.now(UTC)
    stamp, web = now.strftime("%Y-%m-%d %H:%M:%S UTC"), now.strftime("%d/%b/%Y:%H:%M:%S +0000")
    texts = lines(secrets)
    out: dict[str, list[str]] = {
        "postgres": [
            HEAD.format(stamp=stamp, number=number, app="psql") + f"statement: {text}"
            for number, text in enumerate(texts, 1)
        ],
        "postgres_json": [
            json.dumps({"timestamp": stamp, "pid": 7, "session_id": "a.b", "error_severity": "LOG",
                        "message": f"statement: {text}", "application_name": f"password={secrets['APP']}"})
            for text in texts
        ],
        "nginx_access": [f'192.0.2.7 - - [{web}] "GET /{text.replace(chr(34), "")} HTTP/1.1" 200 5 "{text}" "{text}"'
                         for text in texts],
        "auth": [f"{now.isoformat()} web sudo[7]:   eve : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND={text}"
                 for text in texts],
        "plain": [*texts, json.dumps({"password": secrets["JSON"], "nested": json.dumps({"token": secrets["JSON"]})})],
    }  # fmt: skip
    out["postgres"] += [
        HEAD.format(stamp=stamp, number=98, app=f"password={secrets['APP']}") + "statement: SELECT 1",
        HEAD.format(stamp=stamp, number=99, app="psql") + "statement: INSERT INTO k VALUES ('"
        + secrets["PEM"].replace("\n", "\n\t") + "')",
    ]  # fmt: skip
    for name, records in out.items():
        (directory / f"{name}.log").write_text("\n".join(records) + "\n")
    with (directory / "plain.log").open("a") as plain:
        plain.write(f"{stamp} cat: {secrets['KEY_FILE']}\n{stamp} done\n")  # a line for each of the key's
    return sum(map(len, out.values())) + 2


def pieces(secrets: dict[str, str]) -> list[bytes]:
    """Every stretch of eight or more characters of every secret, one behind the other; not what is no secret in it."""
    found = []
    for name, text in secrets.items():
        for line in text.split("\n"):
            if line.startswith("-----"):
                continue
            step = max(8, len(line) // 4)
            found += (
                [line[at : at + step] for at in range(0, len(line) - 7, step)] if name != "JWT" else line.split(".")
            )
    return [piece.encode() for piece in found if len(piece) >= 8]


def files(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file())


def leaks(content: bytes, wanted: list[bytes]) -> list[bytes]:
    return [piece for piece in wanted if piece in content]


def test_no_byte_of_a_secret_is_stored(install: Callable[..., Installation], tmp_path: Path) -> None:
    secrets = planted()
    wanted = pieces(secrets)
    logs = tmp_path / "logs"
    logs.mkdir()
    count = write_logs(logs, secrets)
    assert all(any(piece in path.read_bytes() for path in files(logs)) for piece in wanted), "all are planted"
    sources = [
        {"job": path.stem, "format": path.stem, "paths": [str(path)], "line_prefix": PREFIX} for path in files(logs)
    ]
    refused = {"job": "refused", "paths": [str(logs / "plain.log")], "labels": {f"l{n}": "x" for n in range(20)}}
    redact = {"rules": [{"kind": "own", "pattern": f"own (?P<secret>{secrets['OWN'][:5]}\\S+)"}]}
    whodid = install(agent={"sources": [*sources, refused], "redact": redact})
    data = Path(whodid.values["data_dir"])

    agent = whodid.start("agent")  # nobody answers: pushes are kept in files
    wait_until(
        lambda: any("flight" in str(path) or path.suffix == ".snappy" for path in files(data / "agent")), "a push"
    )
    assert [(path, found) for path in files(data) if (found := leaks(path.read_bytes(), wanted))] == []
    server = whodid.start("server")
    wait_until(lambda: whodid.total('{job=~".+", job!="refused"}') >= count, f"{count} lines")
    wait_until(lambda: any((data / "agent" / "refused").glob("*.json")), "a refused push")
    since = str(time.time_ns() - 2 * 3600 * 10**9)
    exported = whodid.get("/whodid/api/v1/export", query='{job=~".+"}', start=since, format="csv")
    assert leaks(exported.encode(), wanted) == []
    check_marks(exported)
    for process in (agent, server):
        process.terminate()
        process.wait(timeout=30)

    assert [(path, found) for path in files(data) if (found := leaks(path.read_bytes(), wanted))] == []
    dump = subprocess.run(
        [sys.executable, "-c", DUMP, str(data / "store")], capture_output=True, check=True, timeout=120
    ).stdout
    assert dump.count(b"<redacted:password:") > 20, "the tables were read"
    assert leaks(dump, wanted) == []


def check_marks(exported: str) -> None:
    """Equal secrets have equal marks, in whatever format they stood; others have others."""
    marks = {}
    for before in ("PGPASSWORD=", "host=h password=", "reporting PASSWORD '", "theme="):
        found = {text.partition(">")[0].rpartition(":")[2] for text in exported.split(before)[1:]}
        assert len(found) == 1, (before, found)
        marks[before] = found.pop()
    assert marks["PGPASSWORD="] == marks["host=h password="]
    assert len(set(marks.values())) == 3
