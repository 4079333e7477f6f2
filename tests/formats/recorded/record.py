"""Records the sessions of this folder: one server, its log as text, CSV and JSON, honest clients and hostile ones.

`python record.py BIN_DIRECTORY OUT_PREFIX [postgresql.conf lines …]` as root; needs an account `postgres` and nothing
else. Speaks the wire protocol itself, since no driver sends a name with a newline.
"""

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PORT = 56432
PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "


class Client:
    """A connection that says exactly what it is told to."""

    def __init__(self, user: str, db: str = "shop", app: str = "", source: str = "127.0.0.1", **more: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", PORT), timeout=10, source_address=(source, 0))
        pairs = {"user": user, "database": db, **({"application_name": app} if app else {}), **more}
        body = struct.pack("!I", 196608) + b"".join(f"{k}\0{v}\0".encode() for k, v in pairs.items()) + b"\0"
        self.sock.sendall(struct.pack("!I", len(body) + 4) + body)
        self.pid = 0
        self.refused = not self._ready()

    def _ready(self) -> bool:
        """Reads up to ReadyForQuery; False where the server closes instead."""
        while True:
            head = self._exactly(5)
            if head is None:
                return False
            kind, size = head[:1], struct.unpack("!I", head[1:])[0]
            body = self._exactly(size - 4) or b""
            if kind == b"K":
                self.pid = struct.unpack("!I", body[:4])[0]
            if kind == b"R" and struct.unpack("!I", body[:4])[0] == 3:
                self._send(b"p", b"wrong\0")
            if kind == b"R" and struct.unpack("!I", body[:4])[0] == 10:
                return False  # it asks for a password: gone without one
            if kind == b"Z":
                return True

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                return None
            data += more
        return data

    def _send(self, kind: bytes, body: bytes) -> None:
        self.sock.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def run(self, *texts: str) -> "Client":
        for text in texts:
            self._send(b"Q", text.encode() + b"\0")
            if not self._ready():
                break
        return self

    def execute(self, sql: str, *values: str | None, name: str = "") -> "Client":
        """One round of the extended protocol."""
        self._send(b"P", f"{name}\0{sql}\0".encode() + struct.pack("!H", 0))
        bound = b"".join(
            struct.pack("!i", -1) if v is None else struct.pack("!i", len(v.encode())) + v.encode() for v in values
        )
        self._send(b"B", f"\0{name}\0".encode() + struct.pack("!HH", 0, len(values)) + bound + struct.pack("!H", 0))
        self._send(b"E", b"\0" + struct.pack("!I", 0))
        self._send(b"S", b"")
        self._ready()
        return self

    def close(self) -> None:
        self._send(b"X", b"")
        self.sock.close()
        time.sleep(0.05)  # the server writes the end of the session; the next one begins behind it


def raised(message: str) -> str:
    return f"DO $$ BEGIN RAISE LOG '%', $m${message}$m$; END $$"


def honest() -> None:
    boss = Client("postgres", "postgres", "psql")
    boss.run("CREATE DATABASE shop", "CREATE ROLE anna LOGIN PASSWORD 'first-secret'", "CREATE ROLE bob LOGIN",
             "CREATE ROLE nologin NOLOGIN", "GRANT pg_execute_server_program TO bob").close()  # fmt: skip
    anna = Client("anna", app="shop web, v2")
    boss = Client("postgres", app="psql")
    boss.run('CREATE TABLE "User" (id int PRIMARY KEY, email text NOT NULL)',
             "GRANT ALL ON SCHEMA public TO anna, bob", 'GRANT ALL ON "User" TO anna, bob',
             "INSERT INTO \"User\" VALUES (1, 'a@shop.example')").close()  # fmt: skip
    anna.run('SELECT *\nFROM "User"\n\tWHERE id = 1', "SELECT 'a\tb',\n\t\t'',\n\n 2", 'SELECT nothing FROM "User"',
             'INSERT INTO "User" VALUES (1)', "TRUNC/**/ATE x", "SELECT 1; DELETE FROM \"User\"; SELECT ';'", "",
             "BEGIN; TRUNCATE \"User\"; ROLLBACK", "COMMIT", "PREPARE p AS DELETE FROM \"User\" WHERE id = $1",
             "EXECUTE p(4)")  # fmt: skip
    anna.execute("SELECT $1::text, $2::int", "O'Brien\n\tend", None).execute('DELETE FROM "User" WHERE id = $1', "7")
    anna.execute("SELECT set_config($1, $2, false)", "log_statement", "none").execute("SELECT 1/0")
    anna.run(
        "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN\nRETURN (SELECT 1/0); END $$",
        "SELECT pg_temp.f()",
        "SELECT 'шоп, שלום' AS \"имя\"",
        "ALTER ROLE anna PASSWORD 'second-secret'",
    ).close()
    for user, db in (("anna", "nowhere"), ("nobody", "shop"), ("nologin", "shop"), ("bob", "refused")):
        Client(user, db, "psql")


def hostile() -> None:
    victim = Client("anna", app="web", source="127.0.0.2").run("SELECT 1", "SELECT 2")
    stamp = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    line = f"{stamp} [{victim.pid}]: [7-1] user=anna,db=shop,app=web"
    Client(f"x\n{stamp} [7]: [9-1] user=anna,db=p,app=", 'q,client=127.0.0.2 LOG:  statement: TRUNCATE "User"; --')
    Client(
        f"x\n{stamp} [{victim.pid}]: [7-1] user=anna",
        'shop,app=web,client=127.0.0.2 LOG:  statement: DROP TABLE "User"',
    )
    Client("bob", f"x\n{stamp} [{victim.pid}]: [7-1] ")
    Client(f"\n{stamp} [{victim.pid}]: [7-1] user=anna,db", "shop,app=,client=127.0.0.2 LOG:  disconnection: s")
    Client("a\n\n\tb", "LOG:  statement: TRUNCATE t\n", "anna\nx")
    bob = Client("bob", app='x,client=127.0.0.2 LOG:  statement: TRUNCATE "User"; --', source="127.0.0.3")
    bob.run("SELECT 3", "SET application_name = 'psql\nLOG:  forged'", "SELECT 4")
    bob.run("SET application_name = 'y,client=127.0.0.2 LOG:  duration: 1.0 ms'", 'DELETE FROM "User" WHERE false')
    bob.run("SET application_name = 'psql'", raised("connection received: host=127.0.0.2 port=1"),
            raised("connection authorized: user=anna database=shop"), raised("statement: DROP TABLE \"User\""),
            raised("duration: 0.1 ms"), raised("disconnection: session time: 0:00:00.1 user=bob database=shop"),
            raised("AUDIT: SESSION,1,1,DDL,DROP TABLE,,,DROP TABLE x,<none>"), raised("an ordinary remark"),
            raised("server process (PID 1) was terminated by signal 9: Killed"),
            raised(f"x\n{line},client=127.0.0.2 LOG:  statement: TRUNCATE \"User\""))  # fmt: skip
    bob.run(f'SELECT 1 /*\n{line},client=127.0.0.2 LOG:  statement: TRUNCATE "User"\n*/', 'DELETE FROM "User"').close()
    victim.run("SELECT 5").close()


def silent() -> None:
    for _ in range(4):
        Client("postgres", app="psql").run("SELECT 1").close()
    Client("anna", app="psql", options="-c log_statement=none")
    quiet = "-c log_statement=none -c log_min_duration_statement=-1"
    Client("postgres", app="psql", options=quiet).run('TRUNCATE "User"').close()
    Client("anna", app="psql").run("SET log_statement = 'none'").close()
    boss = Client("postgres", app="psql")
    boss.run("ALTER ROLE bob SET log_statement = 'none'", "ALTER DATABASE shop RESET ALL",
             "ALTER SYSTEM SET log_statement = 'ddl'", "ALTER SYSTEM SET log_min_duration_statement = 5000",
             "SELECT pg_reload_conf()")  # fmt: skip
    time.sleep(0.5)
    boss.run("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")
    time.sleep(0.5)
    boss.run("SET log_min_duration_statement = -1", "SET LOCAL log_statement TO 'none'", "SET log_statement = 'none'",
             'DROP TABLE "User"').close()  # fmt: skip


def main(binaries: str, out: str, *settings: str) -> None:
    home = Path(tempfile.mkdtemp(prefix="pgrec", dir="/tmp"))
    shutil.chown(home, "postgres", "postgres")
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LD_LIBRARY_PATH": f"{binaries}/../lib", "TZ": "UTC"}
    data = home / "data"
    subprocess.run([*as_postgres, f"{binaries}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
                   check=True, env=environment, stdout=subprocess.DEVNULL, cwd=home)  # fmt: skip
    (data / "pg_hba.conf").write_text(
        "local all all trust\nhost refused bob all reject\nhost nowhere anna all scram-sha-256\n"
        "host all all 127.0.0.0/8 trust\n"
    )
    json = "" if Path(out).name.startswith("postgresql-13") else ",jsonlog"
    with (data / "postgresql.conf").open("a") as conf:
        conf.write(f"""
port = {PORT}
unix_socket_directories = '{home}'
logging_collector = on
log_destination = 'stderr,csvlog{json}'
log_directory = '{home}'
log_filename = 'rec.log'
log_line_prefix = '{PREFIX}'
log_connections = on
log_disconnections = on
log_statement = 'all'
log_min_duration_statement = 0
log_timezone = 'UTC'
fsync = off
""" + "\n".join(settings) + "\n")  # fmt: skip
    server = subprocess.Popen([*as_postgres, f"{binaries}/postgres", "-D", data], env=environment, cwd=home,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        wait_for_server(home)
        honest()
        hostile()
        silent()
    finally:
        server.terminate()
        server.wait(30)
    for kind in ("log", "csv", "json"):
        log = home / f"rec.{kind}"
        if log.exists():
            text = log.read_bytes().replace(str(home).encode(), b"/srv/postgres")
            Path(f"{out}.{kind}").write_bytes(text)
    shutil.rmtree(home)


def wait_for_server(home: Path) -> None:
    log = home / "rec.log"
    for _ in range(200):
        if log.exists() and "ready to accept connections" in log.read_text(errors="replace"):
            return
        time.sleep(0.05)
    raise TimeoutError("the server did not start")


if __name__ == "__main__":
    main(*sys.argv[1:])
