"""The log of logins and privileges (auth.log, secure): syslog lines of sshd, sudo, su, and the account tools.

Reads the envelope in both forms that rsyslog writes (RFC 3164, and RFC 3339 stamps), then the message by the program
that wrote it (auth_messages.py). A program that is not known keeps its envelope and its message.
"""

import re
from typing import Final

from whodid.formats.auth_messages import read_message
from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.stamps import SECOND, LocalStamps, YearlessStamps

_LINE: Final = re.compile(
    r"(?:<\d{1,3}>)?"
    r"(?:([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d)|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)))"
    r" (\S+) ([^\s:\[]+(?:\([^)\s]*\))?)(?:\[(\d+)\])?: (?:\[ID \d+ \w+\.\w+\] )?(.*)",
    re.DOTALL,
)
_REPEATED: Final = re.compile(r"message repeated (\d+) times: \[ ?(.*)\]", re.DOTALL)
_MOST_SESSIONS: Final = 10_000


class Auth:
    """One auth.log."""

    __slots__ = ("_redact", "_sessions", "_stamps", "_yearless")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._stamps = LocalStamps(settings.timezone)
        self._yearless = YearlessStamps(settings.timezone, settings.year_hint_ns)
        self._sessions: dict[str, str] = {}

    def continues(self, line: str, record: str) -> bool:
        return False

    def parse(self, record: str) -> Parsed:
        line = self._redact(record)
        match = _LINE.fullmatch(record)
        if match is None:
            return Parsed(line, {}, None, understood=False)
        month, day, clock, stamp, host, program, pid, message = match.groups()
        ns = self._stamps.read(stamp) if stamp else self._yearless.read(month, day, clock)
        out = {"program": program, "hostname": host}
        if pid:
            out["pid"] = pid
        repeated = _REPEATED.fullmatch(message)
        if repeated is not None:
            out["repeated"], message = repeated.groups()
        understood = read_message(program, message, out)
        out["message"] = message
        if pid and program.startswith("sshd"):
            self._session(out, pid, ns)
        return Parsed(line, self._redact.attributes(record, line, out), ns, understood)

    def _session(self, out: dict[str, str], pid: str, ns: int | None) -> None:
        """Names an SSH session as PostgreSQL does, by start and process id: pids come again, the pair does not."""
        operation = out.get("operation", "")
        if operation == "login" and ns is not None:
            if len(self._sessions) >= _MOST_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[pid] = f"{ns // SECOND:x}.{int(pid):x}"
        if pid in self._sessions:
            out["session"] = self._sessions[pid]
        if operation == "session_closed":
            self._sessions.pop(pid, None)
