"""fail2ban's own log, /var/log/fail2ban.log; what it says is in fail2ban_messages.py.

With `logtarget = SYSLOG` its lines have the envelope of syslog, so those are read here too.
"""

import re
from typing import Final

from whodid.formats.fail2ban_messages import read_fail2ban
from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.stamps import LocalStamps
from whodid.formats.syslog import Syslog

_LINE: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})?) (fail2ban.*)", re.DOTALL)


class Fail2ban:
    """One log of fail2ban."""

    __slots__ = ("_redact", "_stamps", "_syslog")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._stamps = LocalStamps(settings.timezone)
        self._syslog = Syslog(settings)

    def continues(self, line: str, record: str) -> bool:
        """The lines of a traceback follow the line that an error began."""
        return line.startswith(("Traceback ", "  ", "\t")) and _LINE.match(record) is not None

    def parse(self, record: str) -> Parsed:
        match = _LINE.fullmatch(record)
        if match is None:
            return self._syslog.parse(record)
        out = {"program": "fail2ban"}
        first, _, more = match.group(2).partition("\n")
        read_fail2ban(first, out)
        out["message"] = out.get("message", first) + (f"\n{more}" if more else "")
        ns = self._stamps.read(match.group(1))
        line = self._redact(record)
        return Parsed(line, self._redact.attributes(record, line, out), ns, ns is not None)
