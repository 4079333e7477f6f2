"""PostgreSQL sessions, rebuilt from the rows of the log: everything between one connect and its disconnect.

The key is PostgreSQL's own session id where the log has it, else (host, pid) cut at every connect and disconnect, so
that a pid that is used again is another session. A line that could be forged never opens, closes or names a session;
neither does a line whose client or account is not the one the session was opened with (a client can write into the
log through its application name, but cannot change where it connected from). who.py calls this; outcome.py replays
what comes out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from whodid.investigate.event import Event, read
from whodid.model.clock import SECOND
from whodid.model.result import Row

Ending = Literal["disconnect", "reused", "crash", "open"]
"""`reused`: no disconnect was seen, but another session has the pid. `open`: the rows end here."""

_UNKNOWN = frozenset({"", "[unknown]"})
_TWINS = 1000
"""How many lines back one with the same number is looked for."""
_FLAVOUR = re.compile(r"\.(json|csv)(?:[.-]|$)")


@dataclass(slots=True)
class Session:
    """One session. `id` is what is printed; `start_ns` is None when its connect is not among the rows."""

    id: str
    host: str
    pid: str
    flavour: str
    """Which of PostgreSQL's log formats told it: json, csv or text. One server may write several side by side."""
    start_ns: int | None = None
    end_ns: int | None = None
    ending: Ending = "open"
    account: str = ""
    database: str = ""
    client: str = ""
    logged_in: bool = False
    """Its login was seen: from then on the account is certain."""
    identity: str = ""
    """What the server authenticated (a certificate's name, an operating-system user), with `method`."""
    method: str = ""
    opening: Event | None = None
    """The connect or login, as evidence."""
    events: list[Event] = field(default_factory=list)


def rebuild(rows: Iterable[Row]) -> list[Session]:
    """The sessions of these rows, in the order in which they begin. Rows of one instant keep the order they come in."""
    book = _Book()
    for row in sorted(rows, key=lambda row: (row.ns, row.seq)):
        book.add(read(row))
    return book.sessions


def end_at_crash(sessions: Iterable[Session], crashes: Iterable[tuple[str, int]]) -> None:
    """Ends the sessions that were open when their host's server crashed: (host, instant in ns)."""
    for host, at_ns in crashes:
        for session in sessions:
            begun = session.events[0].ns <= at_ns
            running = session.end_ns is None or session.ending == "reused"
            if session.host == host and begun and running and session.events[-1].ns <= at_ns:
                session.end_ns, session.ending = at_ns, "crash"


def flavour_of(row: Row) -> str:
    """json, csv or text, by the name of the file the row came from."""
    found = _FLAVOUR.search(row.labels.get("filename", ""))
    return found[1] if found else "text"


class _Book:
    """The sessions so far, and which of them is current for each pid and each session id."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self._current: dict[str, Session] = {}
        self._doubtful: dict[str, Session] = {}

    def add(self, event: Event) -> None:
        row = event.row
        pid, named = row.metadata.get("pid", ""), row.metadata.get("session", "")
        place = f"{row.labels.get('host', '')}/{flavour_of(row)}"
        if not pid and not named:  # belongs to nothing: a session of its own
            self._open(event)
            return
        by_pid, by_name = f"{place}/pid/{pid}", f"{place}/id/{named}"
        # An agent that was restarted does not know the id of a session that it saw begin; the pid still leads to it.
        session = self._current.get(by_name if named else by_pid)
        event = _doubt(event, session)
        if event.suspect:
            self._add_doubtful(by_pid, session, event)
            return
        if session is not None and not named and _begins_another(session, event):
            session = None
        before = self._current.get(by_pid)
        if before is not None and before is not session:
            self._close(before, event)
        if session is None:
            session = self._open(event)
        else:
            session.events.append(event)
        self._current[by_pid] = session
        if named:
            self._current[by_name] = session
        _learn(session, event)
        if event.kind == "disconnect":
            del self._current[by_pid]

    def _close(self, session: Session, event: Event) -> None:
        """Another session has its pid now, so it has ended, though no line said so."""
        if session.end_ns is None:
            session.end_ns, session.ending = event.ns, "reused"

    def _add_doubtful(self, key: str, session: Session | None, event: Event) -> None:
        """Kept beside the session it claims to be of, where it can be shown but not believed."""
        if session is not None:
            _doubt_twins(session, event)
        session = session or self._doubtful.get(key)
        if session is None:
            self._doubtful[key] = self._open(event)
        else:
            session.events.append(event)

    def _open(self, event: Event) -> Session:
        metadata = event.row.metadata
        pid = metadata.get("pid", "")
        session = Session(
            id=metadata.get("session") or _made_id(event, pid),
            host=event.row.labels.get("host", ""),
            pid=pid,
            flavour=flavour_of(event.row),
            events=[event],
        )
        self.sessions.append(session)
        return session


def _made_id(event: Event, pid: str) -> str:
    """Like PostgreSQL's %c, `<hex of the start>.<hex of the pid>`; a start that is not in the log is said to be so."""
    if not pid.isdigit():
        return ""
    known = event.kind in ("connect", "login", "authenticated") and not event.suspect
    start = f"{event.ns // SECOND:x}" if known else "unknown"
    return f"{start}.{int(pid):x}"


def _begins_another(session: Session, event: Event) -> bool:
    """Whether `event` cannot belong to `session` any more, though no disconnect was seen."""
    if event.kind == "connect":
        return True
    last = next((earlier for earlier in reversed(session.events) if earlier.kind != "detail"), None)
    if last is not None and last.fatal and event.kind not in ("detail", "disconnect", "other"):
        return True
    if event.kind not in ("authenticated", "login"):
        return False
    # Both come before the first statement, and a login comes once.
    worked = any(earlier.kind in ("statement", "duration") for earlier in session.events)
    return worked or (event.kind == "login" and session.logged_in)


def _learn(session: Session, event: Event) -> None:
    """What a trusted event tells about the session as a whole."""
    metadata = event.row.metadata
    session.account = _known(metadata.get("user", "")) or session.account
    session.database = _known(metadata.get("db", "")) or session.database
    session.client = session.client or _known(metadata.get("client", ""))
    if event.kind in ("connect", "login", "authenticated"):
        session.opening = event if event.kind != "authenticated" else session.opening or event
        session.start_ns = event.ns if session.start_ns is None else session.start_ns
        session.logged_in = session.logged_in or event.kind == "login"
    if event.kind == "authenticated":
        session.identity, session.method = metadata.get("identity", ""), metadata.get("method", "")
    if event.kind == "disconnect" or event.fatal:
        session.end_ns, session.ending = event.ns, "disconnect"


def _doubt(event: Event, session: Session | None) -> Event:
    """`event`, marked as suspect when it contradicts what the session was opened with."""
    if session is None or event.suspect or event.kind == "connect" or session.opening is None:
        return event
    if event.kind in ("authenticated", "login") and _begins_another(session, event):
        return event
    client, account = _known(event.row.metadata.get("client", "")), _known(event.row.metadata.get("user", ""))
    if client and session.client and client != session.client:
        why = f"the line says client {client}, but its session was opened from {session.client}"
    elif account and session.logged_in and account != session.account:
        why = f"the line says account {account}, but its session was opened by {session.account}"
    else:
        return event
    return replace(event, suspect=why)


def _doubt_twins(session: Session, event: Event) -> None:
    """A suspect line casts doubt on an earlier one, which came when nothing spoke against it yet: on the one with the
    same number, for the server gives each number to one line of a session; and where the session's beginning was not
    seen, on those that say of it what the suspect line denies, for nobody knows which of the two is right."""
    metadata = event.row.metadata
    number, client = metadata.get("line_no"), _known(metadata.get("client", ""))
    denied = session.client if session.opening is None and client != session.client else ""
    for at in range(len(session.events) - 1, max(-1, len(session.events) - 1 - _TWINS), -1):
        twin = session.events[at]
        if twin.suspect:
            continue
        if number and twin.row.metadata.get("line_no") == number:
            session.events[at] = replace(twin, suspect=f"another line of the session has the number {number} as well")
        elif denied and client and twin.row.metadata.get("client") == denied:
            session.events[at] = replace(twin, suspect=f"another line of the session says client {client}")


def _known(value: str) -> str:
    return "" if value in _UNKNOWN else value
