"""One PostgreSQL session as its log tells it, and what a name in a line says against that.

The server prints host and port when a connection arrives and the account when it is authorised; a client can change
neither afterwards. So a line whose head says otherwise was forged, or was read wrongly. Which session a line is of, and
whether it can be: postgres_witness.py.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from whodid.formats.postgres_prefix import FOLLOW_UPS, SEVERITIES

UNKNOWN: Final = "[unknown]"
_MOST_REMEMBERED: Final = 63
"""Characters of a name whose judgement is kept; the server makes none longer."""
_LOOKS_LIKE_A_HEAD: Final = re.compile(
    r"[\x00-\x1f\x7f]|\\x0[0-9a-f]|\b(?:client|user|db|app)=|\b(?:" + "|".join(SEVERITIES + FOLLOW_UPS) + r"):"
)


Names = tuple[str | None, str | None, str | None, str | None]
"""What a head says of its session: app, user, database and client, None where it does not."""


def names_of(values: Mapping[str, str]) -> Names:
    return values.get("app"), values.get("user"), values.get("db"), values.get("client")


class Session:
    """What is known of one server process between two connections."""

    __slots__ = (
        "app",
        "authorized",
        "before",
        "client",
        "db",
        "ended",
        "failed",
        "id",
        "known",
        "last_line",
        "packed",
        "port",
        "received",
        "set_at",
        "set_by",
        "setting",
        "spoke",
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
        self.ended = False
        """Its process has said that it ends: whatever comes in its name now is another's."""
        self.failed = False
        """It had a fatal error: it may say that it ends, or nothing more."""
        self.before: Session | None = None
        """The session that the process had before, if it was not seen to end: its `connect` may have been forged."""
        self.spoke = False
        """Whether anything was logged of it between login and end."""
        self.setting = ""
        """The setting of the log that one of its statements has changed; `set_by` is its text, `set_at` its number."""
        self.set_by = ""
        self.set_at = 0
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

    def contradiction(self, names: Names) -> str:
        """How a line's head disagrees with what is known; empty if it does not.

        Of a session whose beginning was not seen its earlier lines are known, if those are numbered: without numbers it
        could be another session of a process number that is used again.
        """
        _, user, db, client = names
        numbered = self.last_line > 0
        if (self.received or numbered) and self.client and client and client != self.client:
            return f"client {client} is not {self.client}, from where the session was opened"
        known = self.authorized or (numbered and not self.received)
        if known and self.user and user and user != self.user:
            return f"user {user!r} is not {self.user!r}, who opened the session"
        if known and self.db and db and db != self.db:
            return f"database {db!r} is not {self.db!r}, which the session was opened on"
        return ""


def deceptive(values: Mapping[str, str]) -> str:
    """Which of the names that a client chooses looks like a piece of a log line; empty if none does."""
    for name in ("user", "db", "app"):
        value = values.get(name, "")
        if value and (_imitates if len(value) <= _MOST_REMEMBERED else _imitates.__wrapped__)(value):
            return f"{name} {value!r} imitates a log line"
    return ""


@lru_cache(maxsize=4096)
def _imitates(name: str) -> bool:
    return _LOOKS_LIKE_A_HEAD.search(name) is not None
