"""One syslog message: who sent it, how grave it is, and what it says. RFC 5424, RFC 3164, and what is really sent.

Called by syslog.py for lines of files, and by the receiver for what comes over the network. Nothing is refused: RFC
3164 describes no standard but what its author had met, so a text that has no head of either kind is all message. The
texts: RFC 5424 section 6, RFC 3164 sections 4 and 5, rsyslog's templates, glibc's syslog(3), Solaris, Cisco's routers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from whodid.formats.stamps import MONTHS, LocalStamps, YearlessStamps, fraction_ns

FACILITIES: Final = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "security", "console", "solaris-cron",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
SEVERITIES: Final = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")
_SHORT: Final = {"emerg": "emergency", "panic": "emergency", "crit": "critical", "err": "error", "warn": "warning",
                 "info": "informational"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SyslogMessage:
    """What one message says. A text is empty where the message does not say it (RFC 5424's `-` too)."""

    message: str
    facility: str = ""
    """By its keyword, `auth`."""
    severity: str = ""
    """By its name, `warning`."""
    ns: int | None = None
    """The instant it states, in ns since 1970 UTC."""
    hostname: str = ""
    app: str = ""
    pid: str = ""
    msgid: str = ""
    sd: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Structured data: parameters by the identifier of their element. Of a parameter given twice, the last."""
    dialect: str = ""
    """`rfc5424`, `rfc3164`; empty where no head was found, so that all but the priority is message."""


_PRI: Final = re.compile(r"<(\d{1,3})>", re.ASCII)
_SD: Final = r'(?:\[[^\s=\]"]++(?: ++[^\s=\]"]++="(?:[^"\\]|\\.)*+")*+ *+\])++'
_RFC5424: Final = re.compile(
    rf"[1-9]\d{{0,2}} (-|\d{{4}}-\S+) (\S++) (\S++) (\S++) (\S++) (-|{_SD})(?: (.*))?", re.DOTALL | re.ASCII
)
_ELEMENT: Final = re.compile(r'\[([^\s=\]"]++)((?: ++[^\s=\]"]++="(?:[^"\\]|\\.)*+")*+) *+\]', re.DOTALL)
_PARAMETER: Final = re.compile(r' ([^\s=\]"]++)="((?:[^"\\]|\\.)*+)"', re.DOTALL)
_ESCAPED: Final = re.compile(r'\\(["\\\]])')

_CLOCK: Final = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_STAMP: Final = re.compile(
    rf"(?:([A-Z][a-z]{{2}}) {{1,2}}(\d{{1,2}}) (?:(\d{{4}}) )?({_CLOCK})(?: (\d{{4}})(?= ))?"
    rf"|(\d{{4}}-\d\d-\d\d[ T]{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?))(?:[ :]|\Z)",
    re.ASCII,
)
_TAG: Final = r"([^\s:\[\]]{1,128}+)"
_PID: Final = r"\[([^\s\[\]]{0,128}+)\]"
_HOST: Final = r"([^\s\[\]]{1,255}+)"
# Behind the stamp: a host and the tag of a program, or only one of them (glibc's syslog(3) names no host).
_TAGGED: Final = re.compile(rf"{_TAG}(?:{_PID}:?|:)(?: |\Z)(.*)", re.DOTALL)
_HOST_TAGGED: Final = re.compile(rf"{_HOST} {_TAG}(?:{_PID}:?|:)(?: |\Z)(.*)", re.DOTALL)
_BRACKETED: Final = re.compile(r"\[([A-Za-z][\w./-]{0,127})\]:? (.*)", re.DOTALL)
_HOST_ONLY: Final = re.compile(rf"{_HOST} ((?:last message repeated \d|message repeated \d|-- MARK --).*)", re.DOTALL)
_BARE: Final = re.compile(rf"(?:{_HOST} )?([A-Za-z(][^\s:\[\]]{{0,127}}+)\[(\d{{1,10}})\]: (.*)", re.DOTALL)
_CISCO: Final = re.compile(
    r"(?:\d{1,10}: )?(?:[\w.-]{1,64}: )?(?:\d{1,10}: )?[*.]?(?=[A-Z%])"
    rf"(?:([A-Z][a-z]{{2}}) {{1,2}}(\d{{1,2}}) (?:(\d{{4}}) )?({_CLOCK})(?: [A-Z]{{1,5}})?: ?(?:[\w.-]{{1,64}} : )?)?"
    r"(%([A-Z][A-Z0-9_]*-(?:[A-Z0-9_]+-)*[0-7]-[A-Z0-9_]+): .*)",
    re.DOTALL | re.ASCII,
)
_SOLARIS: Final = re.compile(r"\[ID \d+ (\w+)\.(\w+)\] ", re.ASCII)


def parse_message(text: str, zone: tzinfo = UTC, year_hint_ns: int = 0) -> SyslogMessage:
    """Reads one message as it came in. `zone` is for instants without one of their own, `year_hint_ns` (the time now)
    for those without a year: without it, they are not read."""
    return SyslogReader(zone, year_hint_ns).read(text)


class SyslogReader:
    """Reads one message after the other: remembers the year of instants that have none."""

    __slots__ = ("_stamps", "_yearless")

    def __init__(self, zone: tzinfo, year_hint_ns: int) -> None:
        self._stamps = LocalStamps(zone)
        self._yearless = YearlessStamps(zone, year_hint_ns)

    def read(self, text: str) -> SyslogMessage:
        text = text.rstrip("\r\n\x00")
        facility, severity, start = _priority(text)
        if start:
            match = _RFC5424.fullmatch(text, start)
            if match is not None:
                return self._rfc5424(match, facility, severity)
        return self._rfc3164(text, start, facility, severity)

    def _rfc5424(self, match: re.Match[str], facility: str, severity: str) -> SyslogMessage:
        stamp, host, app, pid, msgid = ("" if part == "-" else part for part in match.groups()[:5])
        message = match.group(7) or ""
        return SyslogMessage(
            message.removeprefix("\ufeff"),  # the mark that says it is UTF-8
            facility,
            severity,
            self._stamps.read(stamp) if stamp else None,
            host,
            app,
            pid,
            msgid,
            _structured(match.group(6)),
            "rfc5424",
        )

    def _rfc3164(self, text: str, start: int, facility: str, severity: str) -> SyslogMessage:
        cisco = _CISCO.fullmatch(text, start)
        if cisco is not None:
            month, day, year, clock, message, mnemonic = cisco.groups()
            ns = self._instant(month, day, year, clock) if month else None
            return SyslogMessage(message, facility, severity, ns, msgid=mnemonic, dialect="rfc3164")
        stamp = _STAMP.match(text, start)
        if stamp is None:
            return _without_stamp(text, start, facility, severity)
        month, day, early, clock, late, iso = stamp.groups()
        ns = self._stamps.read(iso) if iso else self._instant(month, day, early or late, clock)
        host, app, pid, message = _origin(text[stamp.end() :].lstrip(" "))
        facility, severity, message = _solaris(facility, severity, message)
        return SyslogMessage(message, facility, severity, ns, host, app, pid, dialect="rfc3164")

    def _instant(self, month: str, day: str, year: str | None, clock: str) -> int | None:
        whole, fraction = clock[:8], clock[9:]
        if year is not None:
            number = MONTHS.get(month)
            ns = self._stamps.read(f"{year}-{number:02}-{int(day):02} {whole}") if number else None
        else:
            ns = self._yearless.read(month, day, whole)
        return ns if ns is None else ns + fraction_ns(fraction)


def _priority(text: str) -> tuple[str, str, int]:
    """Facility, severity, and where the rest begins."""
    match = _PRI.match(text)
    if match is None or int(match.group(1)) >= len(FACILITIES) * len(SEVERITIES):
        return "", "", 0
    facility, severity = divmod(int(match.group(1)), len(SEVERITIES))
    return FACILITIES[facility], SEVERITIES[severity], match.end()


def _origin(rest: str) -> tuple[str, str, str, str]:
    """Host, program, process id and message of what follows the stamp."""
    match = _TAGGED.fullmatch(rest)
    if match is not None:
        app, pid, message = match.groups()
        return "", app, pid or "", message
    match = _HOST_TAGGED.fullmatch(rest)
    if match is not None:
        host, app, pid, message = match.groups()
        return host, app, pid or "", message
    match = _BRACKETED.fullmatch(rest)
    if match is not None:
        return "", match.group(1), "", match.group(2)
    match = _HOST_ONLY.fullmatch(rest)
    if match is not None:
        return match.group(1), "", "", match.group(2)
    return "", "", "", rest


def _solaris(facility: str, severity: str, message: str) -> tuple[str, str, str]:
    """Solaris says the priority in words, at the head of the message."""
    match = _SOLARIS.match(message)
    if match is None:
        return facility, severity, message
    return match.group(1), _SHORT.get(match.group(2), match.group(2)), message[match.end() :]


def _without_stamp(text: str, start: int, facility: str, severity: str) -> SyslogMessage:
    """`journalctl -o short` without its stamp, or a program that left it to the receiver."""
    match = _BARE.fullmatch(text, start)
    if match is not None:
        host, app, pid, message = match.groups()
        facility, severity, message = _solaris(facility, severity, message)
        return SyslogMessage(message, facility, severity, None, host or "", app, pid, dialect="rfc3164")
    match = _TAGGED.fullmatch(text, start) if start else None
    if match is not None:
        app, pid, message = match.groups()
        return SyslogMessage(message, facility, severity, None, "", app, pid or "", dialect="rfc3164")
    return SyslogMessage(text[start:], facility, severity)


def _structured(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for element in _ELEMENT.finditer(text):
        parameters = found.setdefault(element.group(1), {})
        for name, value in _PARAMETER.findall(element.group(2)):
            parameters[name] = _ESCAPED.sub(r"\1", value) if "\\" in value else value
    return found
