"""The December story, told anew for `whodid demo`: the log files of a small web shop in which somebody empties a table.

Names, addresses, keys and traffic are invented; what happens is what once happened: an SSH login with one member's
key from an address in nobody's list, then with the shared role from there DROP TRIGGER, DELETE and TRUNCATE. Between
the ordinary traffic stand two lines that try to mislead: one that only mentions DROP TABLE and TRUNCATE, and a client
whose application name imitates a log line. Deterministic: the same end gives the same bytes. demo.py calls it.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whodid.model.clock import SECOND, to_datetime
from whodid.model.person import Person

LINE_PREFIX: Final = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "
CULPRIT: Final = "noa"
"""Who it was: what the demo must find out."""

_LENGTH_S: Final = 20 * 60
_SHARED_ROLE: Final = "shop_admin"
_DATABASE: Final = "shop"
_NOWHERE: Final = "203.0.113.77"
"""The address in nobody's list."""

PEOPLE: Final[tuple[Person, ...]] = (
    Person(
        id="noa",
        name="Noa Adler",
        emails=("noa@orchard.example",),
        github=("noadler",),
        ssh_keys=("SHA256:Vq0mXhJw3nTzR8bKdE5sYpLgC1uAfO7iNxWtB2vM9kQ",),
        addresses=("198.51.100.21",),
    ),
    Person(
        id="daniel",
        name="Daniel Weiss",
        emails=("daniel@orchard.example",),
        github=("dweiss",),
        ssh_keys=("SHA256:c7HfZyPq4LwD0rUoN2eGtXkS8aJmVbI6TzR1uQ9xYhE",),
        addresses=("198.51.100.22",),
    ),
    Person(
        id="tamar",
        name="Tamar Levin",
        emails=("tamar@orchard.example",),
        github=("tamarlev",),
        ssh_keys=("SHA256:J5oBnKxR9vEzQ1mWt3hYdCg7UaSfLpI0wTqM8uZkXbN",),
        addresses=("198.51.100.23",),
    ),
    Person(
        id="eitan",
        name="Eitan Mor",
        emails=("eitan@orchard.example",),
        github=("eitanm",),
        ssh_keys=("SHA256:pW2sGyTjD6fHqXnV8kLzUe0OaRcM4bI9iJ1rNtY3wQo",),
        addresses=("198.51.100.24",),
    ),
)


@dataclass(frozen=True, slots=True)
class StoryFile:
    """One log file, with the source (job and format) that reads it."""

    path: Path
    job: str
    format: str


@dataclass(frozen=True, slots=True)
class Story:
    """What was written, and what the team knew beforehand."""

    people: tuple[Person, ...]
    line_prefix: str
    files: tuple[StoryFile, ...]


def write_story(directory: Path, end_ns: int) -> Story:
    """Writes the log files of the last twenty minutes before `end_ns` into `directory`, in UTC."""
    teller = _Teller(end_ns)
    teller.tell()
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for name, job, format_name, lines in (
        ("postgresql.log", "database", "postgres", teller.database),
        ("auth.log", "auth", "auth", teller.auth),
        ("nginx-access.log", "nginx", "nginx_access", teller.web),
    ):
        path = directory / name
        # Stable: lines of one instant keep the order in which they were told.
        ordered = sorted(lines, key=lambda entry: entry[0])
        path.write_text("".join(f"{line}\n" for _, line in ordered), encoding="utf-8")
        files.append(StoryFile(path, job, format_name))
    return Story(PEOPLE, LINE_PREFIX, tuple(files))


@dataclass(frozen=True, slots=True)
class _Client:
    """Where a database session comes from."""

    address: str
    user: str
    app: str


_APP: Final = _Client("10.20.0.8", "shop_web", "orchard-web")


class _Teller:
    """Tells the story into three lists of (instant in ns, line)."""

    def __init__(self, end_ns: int) -> None:
        self.database: list[tuple[int, str]] = []
        self.auth: list[tuple[int, str]] = []
        self.web: list[tuple[int, str]] = []
        self._random = random.Random(20251223)
        self._start_ns = end_ns - _LENGTH_S * SECOND
        self._pid = 41_000

    def tell(self) -> None:
        for second in range(5, _LENGTH_S - 5, 4):
            self._visit(second + self._random.random())
        for minute, person in ((1, 1), (4, 2), (6, 3), (11, 1), (16, 2)):
            self._work(minute * 60 + self._random.uniform(0, 20), PEOPLE[person])
        self._strangers(8 * 60)
        self._mention(9 * 60 + 30)
        self._imitation(10 * 60 + 12)
        self._catastrophe(13 * 60 + 2)

    def _visit(self, at_s: float) -> None:
        """A visitor of the shop: one request, one database session of the application."""
        number = self._random.randint(1, 4000)
        status = self._random.choices((200, 404, 302), (40, 3, 4))[0]
        path, sql = self._random.choice(
            (
                (f"/products/{number}", "SELECT id, title, price FROM products WHERE id = $1"),
                (f"/basket/{number}", 'SELECT count(*) FROM "OrderLine" WHERE order_id = $1'),
                (f"/account/{number}", 'SELECT id, email FROM "User" WHERE id = $1'),
            )
        )
        address = f"192.0.2.{self._random.randint(2, 250)}"
        stamp = to_datetime(self._ns(at_s)).strftime("%d/%b/%Y:%H:%M:%S +0000")
        size = self._random.randint(300, 9000)
        self.web.append(
            (self._ns(at_s), f'{address} - - [{stamp}] "GET {path} HTTP/1.1" {status} {size} "-" "Mozilla/5.0"')
        )
        self._session(at_s, _APP, [(f"execute <unnamed>: {sql}", f"parameters: $1 = '{number}'")])

    def _work(self, at_s: float, person: Person) -> None:
        """A member at ordinary work: a look at the host, a look at the data."""
        self._ssh(at_s, person.ssh_keys[0], person.addresses[0], stay_s=40)
        client = _Client(person.addresses[0], _SHARED_ROLE, "psql")
        self._session(
            at_s + 12,
            client,
            [("statement: SELECT count(*) FROM \"User\" WHERE created_at > now() - interval '1 day';", "")],
        )

    def _strangers(self, at_s: float) -> None:
        """Somebody who tries passwords, as on every host."""
        for attempt in range(6):
            port = self._random.randint(32_000, 60_000)
            who = self._random.choice(("root", "invalid user admin", "invalid user oracle"))
            self._sshd(
                at_s + attempt * 2, 700 + attempt, f"Failed password for {who} from 192.0.2.200 port {port} ssh2"
            )

    def _mention(self, at_s: float) -> None:
        """A harmless statement that only speaks of dangerous ones."""
        sql = 'SELECT \'DROP TABLE "User"\' AS never_do_this; -- nor TRUNCATE "User"'
        self._session(at_s, _Client("198.51.100.23", _SHARED_ROLE, "psql"), [(f"statement: {sql}", "")])

    def _imitation(self, at_s: float) -> None:
        """A client that calls itself like the rest of a log line."""
        name = 'x,client=198.51.100.22 LOG:  statement: TRUNCATE "User"; --'
        self._session(at_s, _Client("192.0.2.66", "shop_reader", name), [("statement: SELECT 1;", "")])

    def _catastrophe(self, at_s: float) -> None:
        culprit = next(person for person in PEOPLE if person.id == CULPRIT)
        self._ssh(at_s, culprit.ssh_keys[0], _NOWHERE, stay_s=95)
        client = _Client(_NOWHERE, _SHARED_ROLE, "psql")
        self._session(at_s + 31, client, [('statement: DROP TRIGGER keep_users ON "User";', "")])
        self._session(at_s + 48, client, [('statement: DELETE FROM "User" WHERE id = 7;', "")])
        self._session(at_s + 70, client, [('statement: TRUNCATE "User" CASCADE;', "")])

    def _session(self, at_s: float, client: _Client, statements: list[tuple[str, str]]) -> None:
        """One database session from connect to disconnect; a statement may have a DETAIL."""
        self._pid += self._random.randint(1, 5)
        port = self._random.randint(33_000, 60_000)
        nobody = _Client(client.address, "[unknown]", "[unknown]")
        entering = _Client(client.address, client.user, "[unknown]")
        account = f"user={client.user} database={_DATABASE}"
        lines: list[tuple[_Client, str, str]] = [
            (nobody, "LOG", f"connection received: host={client.address} port={port}"),
            (
                entering,
                "LOG",
                f'connection authenticated: identity="{client.user}" method=scram-sha-256 (pg_hba.conf:12)',
            ),
            (entering, "LOG", f"connection authorized: {account} application_name={client.app}"),
        ]
        for message, detail in statements:
            lines.append((client, "LOG", message))
            lines += [(client, "DETAIL", detail)] if detail else []
            lines.append((client, "LOG", f"duration: {self._random.uniform(0.08, 4):.3f} ms"))
        lasted = f"session time: 0:00:00.{self._random.randint(5, 40):03}"
        lines.append((client, "LOG", f"disconnection: {lasted} {account} host={client.address} port={port}"))
        stamp = to_datetime(self._ns(at_s)).strftime("%Y-%m-%d %H:%M:%S UTC")
        for number, (who, severity, message) in enumerate(lines, 1):
            database = _DATABASE if who is not nobody else "[unknown]"
            named = f"user={who.user},db={database},app={who.app},client={who.address}"
            self.database.append(
                (self._ns(at_s), f"{stamp} [{self._pid}]: [{number}-1] {named} {severity}:  {message}")
            )

    def _ssh(self, at_s: float, key: str, address: str, *, stay_s: float) -> None:
        """An SSH session with a key. Everybody uses the same account on the host."""
        port, pid = self._random.randint(33_000, 60_000), self._random.randint(2000, 30_000)
        place = f"{address} port {port}"
        self._sshd(at_s, pid, f"Accepted publickey for deploy from {place} ssh2: ED25519 {key}")
        self._sshd(at_s, pid, "pam_unix(sshd:session): session opened for user deploy(uid=1001) by (uid=0)")
        self._sshd(at_s + stay_s, pid, f"Received disconnect from {place}:11: disconnected by user")
        self._sshd(at_s + stay_s, pid, f"Disconnected from user deploy {place}")
        self._sshd(at_s + stay_s, pid, "pam_unix(sshd:session): session closed for user deploy")

    def _sshd(self, at_s: float, pid: int, message: str) -> None:
        # RFC 3339, as rsyslog writes since Debian 12: no year to guess and no zone to know.
        stamp = to_datetime(self._ns(at_s)).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
        self.auth.append((self._ns(at_s), f"{stamp} orchard sshd[{pid}]: {message}"))

    def _ns(self, at_s: float) -> int:
        return self._start_ns + int(at_s * 1_000_000) * 1000
