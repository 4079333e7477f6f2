"""SSH logins, rebuilt from the rows of the auth log: who came in, with which key, from where, and until when.

Evidence for attribution.py; who.py fetches the rows. A login whose line could have been forged is left out. A login
lasts until its disconnect; where none is seen its end is unknown, which is not the same as still open.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from whodid.investigate.event import message_of
from whodid.model.result import Row

_CLOSING = frozenset({"disconnect", "session_closed"})


@dataclass(slots=True)
class Login:
    """One successful SSH login. `key` is empty when no key was used."""

    ns: int
    host: str
    client: str
    port: str
    account: str
    key: str
    line: str
    """sshd's own message, without the syslog header."""
    end_ns: int | None = None


def rebuild_logins(rows: Iterable[Row]) -> list[Login]:
    """The logins in these rows, in order."""
    logins: list[Login] = []
    open_at: dict[tuple[str, str, str], Login] = {}
    for row in sorted(rows, key=lambda row: (row.ns, row.seq)):
        metadata = row.metadata
        client, operation = metadata.get("client", ""), metadata.get("operation", "")
        if not client or metadata.get("trust") == "suspect":
            continue
        # One TCP connection: a port comes again only after the connection before it is gone.
        place = (row.labels.get("host", ""), client, metadata.get("port", ""))
        if operation == "login" and not metadata.get("db"):
            login = Login(
                row.ns, place[0], client, place[2], metadata.get("user", ""), metadata.get("key", ""), _said(row)
            )
            logins.append(login)
            open_at[place] = login
        elif operation in _CLOSING and place[2] and place in open_at:
            open_at.pop(place).end_ns = row.ns
    return logins


def _said(row: Row) -> str:
    """`Accepted publickey for …`: what sshd said, for a reader."""
    message = message_of(row)
    if message:
        return message
    start = row.line.find("Accepted ")
    return row.line[start:] if start >= 0 else row.line
