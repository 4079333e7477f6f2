"""nginx's access log in its `combined` format, and formats that add fields behind it.

The server writes quotes and control characters of what a client sends as \\xHH, so a quote in the line is always its
own and nothing inside a request can end it. Errors of nginx are another log.
"""

import re
from typing import Final

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.stamps import WebStamps

_QUOTED = r'"([^"]*+)"'
_LINE: Final = re.compile(
    rf'(\S+) - ([^"]*?) \[([^\]"]++)\] {_QUOTED} ([0-9]{{3}}) ([0-9]++|-) {_QUOTED} {_QUOTED}(?: .*+)?', re.DOTALL
)
_REQUEST: Final = re.compile(r"([A-Z]{1,20}) (.*?)(?: HTTP/[0-9.]+)?", re.DOTALL)
_NAMES: Final = ("client", "user", "", "", "status", "size", "referer", "agent")


class NginxAccess:
    """One access log."""

    __slots__ = ("_redact", "_stamps")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._stamps = WebStamps()

    def continues(self, line: str, record: str) -> bool:
        return False

    def parse(self, record: str) -> Parsed:
        line = self._redact(record)
        match = _LINE.fullmatch(record)
        ns = self._stamps.read(match.group(3)) if match else None
        if match is None or ns is None:
            return Parsed(line, {}, ns, understood=False)
        values = match.groups()
        out = {name: value for name, value in zip(_NAMES, values, strict=True) if name and value not in ("-", "")}
        request = _REQUEST.fullmatch(values[3])
        if request is not None:
            out["operation"], out["path"] = request.groups()
        elif values[3]:
            out["message"] = values[3]  # no HTTP: a scanner, or TLS spoken to a plain port
        return Parsed(line, self._redact.attributes(record, line, out), ns)
