"""All sessions of one PostgreSQL log, and whether a record can be what it says: the log as a witness of itself.

Three things cannot be forged together: where a session came from and whose it is (its own `connection received` and
`authorized` lines), the numbers of its lines (%l), and that a process which has ended says nothing more. What does not
fit is stored as suspect with a reason, and nothing is learned from it. The memory is a help only: a log that is read
from its middle is still read, with less certainty. Kept for as long as the agent follows the file.
"""

import re
from collections.abc import Mapping
from typing import Final

from whodid.formats.postgres_session import Names, Session, names_of

_MOST_SESSIONS: Final = 20_000
_NO_CONNECTION: Final = "a session begins without its connection"
_RECEIVED: Final = "connection received: host="
_AUTHORIZED: Final = re.compile(r"(?:replication )?connection authorized: user=")
_OWN: Final = re.compile(
    r"(?:replication )?connection |disconnection: |statement: |execute |duration: |AUDIT: |parameter \""
    r"|server process \(PID |database system |all server processes |starting PostgreSQL |received |terminating "
)
"""How the messages begin that only the server itself writes."""


class Sessions:
    """The sessions of one log, by process id."""

    __slots__ = ("_tells_beginnings", "_tells_ends", "_whole", "by_pid")

    def __init__(self) -> None:
        self.by_pid: dict[str, Session] = {}
        """For looking up; only this class alters it."""
        self._tells_beginnings = False
        """log_connections is on: every client's first line is that it was received."""
        self._tells_ends = False
        """log_disconnections is on."""
        self._whole = False
        """The server's own start was read: there is no session that began before."""

    def get(self, pid: str) -> Session | None:
        return self.by_pid.get(pid)

    def begin(self, pid: str, session: Session) -> Session:
        if len(self.by_pid) >= _MOST_SESSIONS:
            for old in list(self.by_pid)[: _MOST_SESSIONS // 2]:
                del self.by_pid[old]
            self._whole = False
        self.by_pid.pop(pid, None)
        self.by_pid[pid] = session
        return session

    def of(self, pid: str, out: Mapping[str, str], ns: int | None, message: str, *, own: bool) -> tuple[Session, str]:
        """The session that a record belongs to, and why it cannot be; `own`: the server speaks for itself."""
        if own and message.startswith(_RECEIVED):
            return self._arrival(pid, out, ns, message)
        if own and message.startswith("starting PostgreSQL ") and not _client(out):
            self.by_pid.clear()
            self._whole = True
        return self.current(pid, out.get("session", ""), int(out.get("line_no") or 0), _client(out))

    def current(self, pid: str, session_id: str, number: int, client: bool) -> tuple[Session, str]:
        """The same for any record that opens no connection. `client`: its head names somebody."""
        session = self.by_pid.get(pid)
        if session is None:
            why = ""
            if client and number == 1 and self._tells_beginnings:
                why = _NO_CONNECTION
            elif client and number > 1 and self._whole:
                why = "the log does not tell how this session began"
            return self.begin(pid, Session(session_id=session_id)), why
        before = session.before
        if before is not None and number == before.last_line + 1 != session.last_line + 1:
            self.by_pid[pid] = before  # it goes on as if nothing had been: what took its place was not the server's
            return before, ""
        if number == 1 and session.last_line:
            if client and self._tells_beginnings:
                return session, _NO_CONNECTION
            return self.begin(pid, Session(session_id=session_id)), ""
        if session.ended and not number and not self._tells_beginnings:
            return self.begin(pid, Session(session_id=session_id)), ""  # the process number is used again
        return session, ""

    def _arrival(self, pid: str, out: Mapping[str, str], ns: int | None, message: str) -> tuple[Session, str]:
        """A connection that comes in: its session begins, unless it cannot."""
        host, _, port = message[len(_RECEIVED) :].partition(" port=")
        number, client = int(out.get("line_no") or 0), out.get("client", host)
        old = self.by_pid.get(pid)
        why = ""
        if number > 1:
            why = f"a connection begins with line {number} of its session"
        elif client != host:
            why = f"client {client} is not {host}, from where the connection was received"
        if why:
            return old or self.begin(pid, Session(session_id=out.get("session", ""))), why
        session_id = out.get("session") or (made_id(ns, pid) if ns is not None else "")
        session = Session(client, port, session_id, received=True)
        if old is not None and old.authorized and not old.ended and not old.failed:
            session.before = old
            if self._tells_ends:
                why = f"process {pid} has a session that has not ended, of {old.user} from {old.client}"
        self._tells_beginnings = True
        return self.begin(pid, session), why

    def doubt(self, session: Session, out: Mapping[str, str], message: str, lines: int, *, own: bool) -> str:
        """Why a record of that session cannot be true; empty if it can. `lines`: how many the server numbered."""
        why = self.unfit(session, names_of(out), int(out.get("line_no") or 0), lines)
        if not why and own:
            why = _wrong_login(session, out, message) or _wrong_end(session, out, message)
        return why

    def unfit(self, session: Session, names: Names, number: int, lines: int) -> str:
        """The same by the head alone; counts the session's lines on."""
        _, user, _, client = names
        if session.ended:
            return "the session of this process had ended"
        why = session.contradiction(names)
        if why:
            return why  # not of this session, so it does not count among its lines
        return advance(session, number, lines, user is not None or client is not None)

    def learn(self, session: Session, out: Mapping[str, str], message: str, *, own: bool, trusted: bool) -> None:
        """Takes what a record says of its session; last of all, for a record may tell its end."""
        session.known = None
        login = own and _AUTHORIZED.match(message) is not None
        ended = own and message.startswith("disconnection: ")
        session.spoke |= not (login or ended or (own and message.startswith("connection ")))
        if not trusted:
            return
        session.learn(names_of(out), login=login)
        if ended:
            session.ended = self._tells_ends = True
        elif out.get("severity") in ("FATAL", "PANIC"):
            session.failed = True
        elif own and message.startswith(('parameter "log_', "all server processes terminated")):
            self._reconsider(message)

    def _reconsider(self, message: str) -> None:
        """After a reload connections may no longer be told; after a crash all sessions are over."""
        if "connections" in message:
            self._tells_beginnings = self._tells_ends = False
        elif message.startswith("all "):
            for session in self.by_pid.values():
                session.ended, session.known = True, None


def advance(session: Session, number: int, lines: int, client: bool) -> str:
    """Counts on, and says what is wrong with a line's number: the server numbers each session's lines (%l), so a gap
    means that lines were lost or taken out, and a number that comes again that one was put in."""
    last = session.last_line
    if number > last:
        session.last_line = number + lines - 1
        return f"line {number} of the session follows line {last}" if last and number != last + 1 else ""
    if number and client:
        return f"line {number} of the session comes again, after line {last}"
    return ""


def made_id(start_ns: int, pid: str) -> str:
    """The id that PostgreSQL's %c would print: start and process id in hexadecimal."""
    return f"{start_ns // 1_000_000_000:x}.{int(pid):x}"


def put_in(severity: str, message: str, parts: Mapping[str, str] | None) -> bool:
    """Whether a client had a line written that looks like the server's own (RAISE LOG 'disconnection: …').

    The server hides statement and context of its own lines; for those that a function raises it adds them.
    """
    if severity != "LOG" or not parts or not ("STATEMENT" in parts or "CONTEXT" in parts):
        return False
    if "STATEMENT" not in parts and message.startswith("duration: ") and "  plan:" in message:
        return False  # auto_explain, of a statement inside of a function
    return _OWN.match(message) is not None


def _client(out: Mapping[str, str]) -> bool:
    """Whether the record's head names a client; the server's own processes have none."""
    return "client" in out or "user" in out


def _wrong_login(session: Session, out: Mapping[str, str], message: str) -> str:
    found = _AUTHORIZED.match(message)
    if found is None:
        return ""
    if session.authorized:
        return "the session was authorized before"
    user = out.get("user")
    if user and not message.startswith(user, found.end()):
        return f"it is not {user!r} whom the message names"
    return ""


def _wrong_end(session: Session, out: Mapping[str, str], message: str) -> str:
    if not message.startswith("disconnection: "):
        return ""
    user, client = out.get("user") or session.user, out.get("client") or session.client
    if user and f" user={user} database=" not in message:
        return f"it is not {user!r} whom the message names"
    if client and message.rpartition(" host=")[2].partition(" port=")[0] != client:
        return f"it is not {client} that the message names"
    return ""
