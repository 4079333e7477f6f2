"""PostgreSQL's text log (`log_destination = stderr`), with any `log_line_prefix`.

Cuts a record into head and message, joins its follow-up lines (DETAIL, STATEMENT …), and says how far it can be
trusted: the text log does not escape the names that a client chooses, so a line may have been forged. How that is
done and found out: postgres_prefix.py and postgres_session.py; what a message means: postgres_message.py.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Final

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.postgres_lines import Lines
from whodid.formats.postgres_message import describe
from whodid.formats.postgres_prefix import FOLLOW_UPS, Prefix, Reading
from whodid.formats.postgres_session import (
    UNKNOWN,
    Session,
    Sessions,
    choose,
    contradiction,
    deceptive,
    numbering,
    opened,
)
from whodid.formats.redact import redact
from whodid.formats.stamps import SECOND, LocalStamps, fraction_ns
from whodid.pgsql import worst_of

DEFAULT_PREFIX: Final = "%m [%p] "
_SECRETIVE: Final = ("statement", "message", "detail", "context", "query", "hint", "app")
_NOT_KEPT: Final = ("stamp", "epoch")
_VARYING: Final = ("line_no", "txid", "query_id", "sqlstate")
"""Values that change from line to line of one session."""
_OF_THE_LINE: Final = (*_VARYING, "pid")
_TELLING: Final = ("disconnect", "login", "connect", "authenticated", "login_failed")
"""Operations that say something about the session itself."""
_MOST_HEADS: Final = 20_000
_MOST_LATE: Final = 16
_STRAY: Final = "a piece of another head follows the line: a name with newlines in it was used to write it"
_EMPTY: Final = {"sqlstate": "00000", "txid": "0", "query_id": "0", "backend": "client backend"}
"""Values that say nothing."""


class Postgres:
    """One text log of PostgreSQL."""

    __slots__ = (
        "_constant",
        "_groups",
        "_heads",
        "_line_group",
        "_lines",
        "_ns",
        "_pid_group",
        "_prefix",
        "_sessions",
        "_severity_group",
        "_stamp",
        "_stamp_group",
        "_stamps",
        "_varying",
    )

    def __init__(self, settings: FormatSettings) -> None:
        self._prefix = Prefix(settings.line_prefix or DEFAULT_PREFIX)
        names = self._prefix.names
        self._groups = tuple((name, group) for group, name in enumerate(names) if name not in _NOT_KEPT)
        self._stamp_group = next((group for group, name in enumerate(names) if name in _NOT_KEPT), -1)
        self._severity_group = len(names)
        self._stamps = LocalStamps(settings.timezone)
        self._sessions = Sessions()
        self._heads: dict[tuple[str, ...], dict[str, str]] = {}
        """What ordinary heads found to be in order give, by their values that do not change with each line."""
        self._lines = Lines(self._prefix)
        self._stamp: str | None = None
        self._ns: int | None = None
        self._varying = tuple((name, group) for name, group in self._groups if name in _VARYING)
        constant = [group for group, name in enumerate((*names, "severity")) if name not in _OF_THE_LINE + _NOT_KEPT]
        self._constant: Callable[[tuple[str, ...]], tuple[str, ...]] = itemgetter(*constant, constant[-1])
        self._pid_group = names.index("pid") if "pid" in names else -1
        self._line_group = names.index("line_no") if "line_no" in names else -1

    def continues(self, line: str, record: str) -> bool:
        return self._lines.continues(line, record)

    def parse(self, record: str) -> Parsed:
        head = self._lines.head(record)
        line = redact(record)
        if head is None:
            return self._parse_slowly(record, line, ())
        values = head.groups()
        message = record[head.end() :]
        if ":  " in message or "\n" in message or line is not record:
            return self._parse_slowly(record, line, values)
        # From here on: an ordinary line with a head that was found to be in order before. Nearly every line of a busy
        # log is one of these, so nothing that was found out about the head is asked again.
        known = self._heads.get(self._constant(values))
        session = self._sessions.get(values[self._pid_group]) if known is not None else None
        if known is None or session is None or message.startswith("connection received: "):
            return self._parse_slowly(record, line, values)
        out = known.copy()
        out["pid"] = values[self._pid_group]
        for name, group in self._varying:
            value = values[group]
            if value and _EMPTY.get(name) != value:
                out[name] = value
        why = ""
        if self._line_group >= 0:
            number = int(values[self._line_group] or 0)
            if number == session.last_line + 1:
                session.last_line = number
            elif number == 1 and session.last_line > 1:
                return self._parse_slowly(record, line, values)
            else:
                why = numbering(session, out, 1)
        if session.id and "session" not in out:
            out["session"] = session.id
        if message.startswith("statement: "):
            session.statement = out["statement"] = sql = message[11:]
            out["operation"], table = worst_of(sql)
            if table:
                out["table"] = table
        else:
            describe(out, "LOG", message, None, session)
        if session.known is not known or why or "operation" not in out or out["operation"] in _TELLING:
            why = contradiction(session, out) or why
            self._learn(session, out, clean=not why)
            session.known = known if not why else None
            if why:
                out["trust"], out["trust_why"] = "suspect", why
        if self._stamp_group >= 0 and values[self._stamp_group] != self._stamp:
            self._stamp = values[self._stamp_group]
            self._ns = self._instant(self._stamp)
        return Parsed(line, out, self._ns)

    def _parse_slowly(self, record: str, line: str, values: tuple[str, ...]) -> Parsed:
        """Any record. `values` are those of its ordinary head, if it has one."""
        head = self._lines.head(record) if values else None
        if head is not None and record.find(":  ", head.end(), self._prefix.longest) < 0:
            doubt = ""
            out = {name: values[group] for name, group in self._groups if values[group]}
            stamp: str | None = values[self._stamp_group] if self._stamp_group >= 0 else None
            severity, message_at = values[self._severity_group], head.end()
        else:
            values = ()
            reading, doubt = self._read_with_care(record)
            if reading is None:
                return Parsed(line, {}, None, understood=False)
            out = {name: value for name, value in reading.values.items() if value and name not in _NOT_KEPT}
            stamp = reading.values.get("stamp") or reading.values.get("epoch")
            severity, message_at = reading.severity, reading.message_at
        ns = self._instant(stamp)
        self._complete(out, ns, severity, record[message_at:], doubt, values)
        if line is not record:
            for name in _SECRETIVE:
                if name in out:
                    out[name] = redact(out[name])
        return Parsed(line, out, ns)

    def _read_with_care(self, record: str) -> tuple[Reading | None, str]:
        """The reading of a record that has several, or none in the ordinary way; and the doubt that remains."""
        readings = self._prefix.readings(record)
        first_line, late = record.find("\n"), list[Reading]()
        if first_line >= 0 and (not readings or min(r.message_at for r in readings) > first_line):
            # A name with a newline in it; or a line that was cut off (a crash, a full disk) and a whole one after it.
            at = first_line + 1
            while at and len(late) < _MOST_LATE:
                late += self._prefix.readings(record, at) if record[at : at + 1] != "\t" else []
                at = record.find("\n", at, self._prefix.longest) + 1
        readings = late + readings
        if not readings:
            return None, ""
        if len(readings) == 1 and not late:
            return readings[0], ""
        reading, sure = choose(record, readings, self._sessions)
        if reading in late:
            return reading, "the line before it breaks off, and runs into it"
        return reading, "" if sure else "the line can be read in more than one way"

    def _instant(self, stamp: str | None) -> int | None:
        if not stamp:
            return None
        if "-" in stamp:
            return self._stamps.read(stamp)
        seconds, _, fraction = stamp.partition(".")
        return int(seconds[:12]) * SECOND + fraction_ns(fraction)

    def _complete(
        self, out: dict[str, str], ns: int | None, severity: str, text: str, doubt: str, values: tuple[str, ...]
    ) -> None:
        """Everything after the head: message, parts, session, trust."""
        for name in ("app", "user", "db"):
            if out.get(name) == UNKNOWN:
                del out[name]
        for name, value in _EMPTY.items():
            if name in out and out[name] == value:
                del out[name]
        if "client" in out and out["client"].endswith(")"):
            _split_port(out)
        parts: dict[str, str] | None = None
        lines = 1
        if "\n" in text:
            text, parts, lines, stray = self._lines.parts(text)
            doubt = doubt or (_STRAY if stray else "")
        if text[5:7] == ": " and text[:5].isalnum() and not text[:5].isalpha():
            out["sqlstate"], text = text[:5], text[7:]  # log_error_verbosity = verbose
            if out["sqlstate"] == "00000":
                del out["sqlstate"]
        session = self._session(out, ns, severity, text)
        known = {name: value for name, value in out.items() if name not in _OF_THE_LINE}
        if "session" not in self._prefix.names:
            known.pop("session", None)
        known["severity"] = severity
        if severity in FOLLOW_UPS:  # its record was elsewhere
            out["severity"] = severity
            out["statement" if severity == "STATEMENT" else "message"] = text
        else:
            describe(out, severity, text, parts, session)
        imitates = deceptive(out)
        why = doubt or imitates
        if values and severity == "LOG" and not imitates:
            self._remember(values, known)
        if session is not None:
            jump = numbering(session, out, lines)
            why = why or contradiction(session, out) or jump
            self._learn(session, out, clean=not why)
        if why:
            out["trust"], out["trust_why"] = "suspect", why

    def _remember(self, values: tuple[str, ...], known: dict[str, str]) -> None:
        """Keeps what a head gives, for the next line that has the same one."""
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        self._heads[self._constant(values)] = known

    def _session(self, out: dict[str, str], ns: int | None, severity: str, message: str) -> Session | None:
        pid = out.get("pid")
        if pid is None:
            return None
        session = self._sessions.get(pid)
        if severity == "LOG" and message.startswith("connection received: host="):
            session = self._sessions.begin(pid, opened(message, out, ns, pid))
        elif session is None or (out.get("line_no") == "1" and session.last_line > 1):
            session = self._sessions.begin(pid, Session(session_id=out.get("session", "")))
        if session.id and "session" not in out:
            out["session"] = session.id
        return session

    def _learn(self, session: Session, out: dict[str, str], *, clean: bool) -> None:
        operation = out.get("operation")
        if operation == "disconnect":
            self._sessions.end(out["pid"])
        elif clean:
            session.app = out.get("app", session.app)
            if operation == "login":
                session.authorized = True
            if operation == "login" or not session.received:
                session.user = out.get("user", session.user)
                session.db = out.get("db", session.db)
                session.client = session.client or out.get("client", "")


def _split_port(out: dict[str, str]) -> None:
    """%r: `10.0.0.1(5432)`."""
    out["client"], _, port = out["client"][:-1].rpartition("(")
    out["port"] = port
