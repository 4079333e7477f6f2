"""What is known of each session in one PostgreSQL log, and which reading of an ambiguous line is true by it.

The server prints host and port when a connection arrives and the account when it is authorised; a client can change
neither afterwards. So a line whose prefix says otherwise was forged, or was read wrongly. postgres.py asks; the
memory is a help only: a log that is read from the middle is still read, with less certainty.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from whodid.formats.postgres_prefix import FOLLOW_UPS, SEVERITIES, Reading
from whodid.pgsql.lexer import tokenize

UNKNOWN: Final = "[unknown]"
_MOST_SESSIONS: Final = 20_000
_MOST_REMEMBERED: Final = 63
"""Characters of a name whose judgement is kept; the server makes none longer."""
_LOOKS_LIKE_A_HEAD: Final = re.compile(
    r"[\x00-\x1f\x7f]|\\x0[0-9a-f]|\b(?:client|user|db|app)=|\b(?:" + "|".join(SEVERITIES + FOLLOW_UPS) + r"):"
)
_SQL: Final = re.compile(r"(?:duration: [0-9.]+ ms  )?(?:statement|(?:execute|parse|bind) [^:]*): ")


Names = tuple[str | None, str | None, str | None, str | None]
"""What a head says of its session: app, user, database and client, None where it does not."""


def names_of(values: Mapping[str, str]) -> Names:
    return values.get("app"), values.get("user"), values.get("db"), values.get("client")


class Session:
    """What is known of one server process between two connections."""

    __slots__ = (
        "app",
        "authorized",
        "client",
        "db",
        "id",
        "known",
        "last_line",
        "packed",
        "port",
        "received",
        "statement",
        "user",
    )

    def __init__(self, client: str = "", port: str = "", session_id: str = "", *, received: bool = False) -> None:
        self.client = client
        self.port = port
        self.id = session_id
        self.received = received
        """Whether its beginning was seen. What later lines tell is then only added, never changed."""
        self.authorized = False
        self.user = ""
        self.db = ""
        self.app = ""
        self.last_line = 0
        self.known: object = None
        """The head of its latest line, if that was in order and read quickly: the same again tells nothing new."""
        self.packed = b""
        """What such a head and the session give to every line, encoded."""
        self.statement = ""
        """The text of its latest statement line."""

    def learn(self, names: Names, *, login: bool = False) -> None:
        """Takes what a trustworthy line's head says; `login` is the line from which on that can be relied on."""
        app, user, db, client = names
        self.authorized |= login
        if app is not None:
            self.app = app
        if self.received and not login:
            return
        if user is not None:
            self.user = user
        if db is not None:
            self.db = db
        if client is not None and not self.client:
            self.client = client


class Sessions:
    """The sessions of one log, by process id."""

    __slots__ = ("by_pid",)

    def __init__(self) -> None:
        self.by_pid: dict[str, Session] = {}
        """For looking up; `begin` and `end` alter it."""

    def get(self, pid: str) -> Session | None:
        return self.by_pid.get(pid)

    def begin(self, pid: str, session: Session) -> Session:
        if len(self.by_pid) >= _MOST_SESSIONS:
            for old in list(self.by_pid)[: _MOST_SESSIONS // 2]:
                del self.by_pid[old]
        self.by_pid.pop(pid, None)
        self.by_pid[pid] = session
        return session

    def end(self, pid: str) -> None:
        self.by_pid.pop(pid, None)


def session_id(start_ns: int, pid: str) -> str:
    """The id that PostgreSQL's %c would print: start and process id in hexadecimal."""
    return f"{start_ns // 1_000_000_000:x}.{int(pid):x}"


def opened(message: str, out: dict[str, str], ns: int | None, pid: str) -> Session:
    """A session from its first line. Without %c its id is made as the server makes it."""
    host, _, port = message[len("connection received: host=") :].partition(" port=")
    known = out.get("session") or (session_id(ns, pid) if ns is not None else "")
    return Session(out.get("client", host), port, known, received=True)


def numbering(session: Session, out: dict[str, str], lines: int) -> str:
    """The server numbers a session's lines (%l); a jump means that lines were lost, taken out or put in."""
    number = int(out.get("line_no") or 0)
    last = session.last_line
    if number > last:
        session.last_line = number + lines - 1
        if last and number != last + 1:
            return jump(last, number)
    return ""


def jump(last: int, number: int) -> str:
    return f"line {number} of the session follows line {last}"


def contradiction(session: Session, names: Names) -> str:
    """How a line's prefix disagrees with what its session is known to be; empty if it does not."""
    _, user, db, client = names
    if session.received and session.client and client and client != session.client:
        return f"client {client} is not {session.client}, from where the session was opened"
    if session.authorized and session.user and user and user != session.user:
        return f"user {user!r} is not {session.user!r}, who opened the session"
    if session.authorized and session.db and db and db != session.db:
        return f"database {db!r} is not {session.db!r}, which the session was opened on"
    return ""


def deceptive(values: dict[str, str]) -> str:
    """Which of the names that a client chooses looks like a piece of a log line; empty if none does."""
    for name in ("user", "db", "app"):
        value = values.get(name, "")
        if value and (_imitates if len(value) <= _MOST_REMEMBERED else _imitates.__wrapped__)(value):
            return f"{name} {value!r} imitates a log line"
    return ""


@lru_cache(maxsize=4096)
def _imitates(name: str) -> bool:
    return _LOOKS_LIKE_A_HEAD.search(name) is not None


def choose(record: str, readings: Sequence[Reading], sessions: Sessions) -> tuple[Reading, bool]:
    """The reading to believe, and whether anything but a guess tells it from the others.

    First what the session is known to be decides. Without that, SQL that is whole speaks for a reading (a forged head
    inside of a statement cuts a string in two), then the longer head: the message may hold anything, names only so
    much.
    """
    ranked = [(_fit(reading, sessions.get(reading.values.get("pid", ""))), reading) for reading in readings]
    best = max(fit for fit, _ in ranked)
    fitting = [reading for fit, reading in ranked if fit == best]
    if len({(r.message_at, r.values.get("client"), r.values.get("pid")) for r in fitting}) == 1:
        # Only where one name ends and the next begins is open: `a@b@c` of `%u@%d`. Accounts are e-mails more often.
        return fitting[-1], True
    whole = [reading for reading in fitting if _is_whole(record[reading.message_at :])]
    return max(reversed(whole or fitting), key=lambda reading: reading.message_at), False


def _fit(reading: Reading, session: Session | None) -> int:
    """How well a reading agrees with its session."""
    if session is None:
        return 0
    fit = 0
    for name, known in (("client", session.client), ("user", session.user), ("db", session.db)):
        if known and name in reading.values:
            value = reading.values[name]
            fit += 2 if value == known else 0 if value in ("", UNKNOWN) else -4
    return fit + (session.app != "" and reading.values.get("app") == session.app)


def _is_whole(message: str) -> bool:
    """Whether the message is no SQL, or SQL whose quotes are closed."""
    sql = _SQL.match(message)
    if sql is None:
        return True
    tokens = tokenize(message[sql.end() : sql.end() + 4096])
    return not tokens or tokens[-1].complete
