"""nginx's error log: what went wrong, how badly, and in whose request.

    2026/11/23 06:32:35 [error] 2865#0: *66647 message, client: 192.0.2.7, server: shop.example, request: "GET / …"

A message may hold line breaks: what a FastCGI server says, and paths, which nginx writes decoded. So a line with a head
of its own may still be part of the one before, written by somebody who would like to invent an entry. Whose request it
was is found by nginx_tail.py. Texts: nginx 1.18 to 1.29. Requests that went well are in the access log.
"""

import re
from typing import Final

from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.nginx_line import envelope, request
from whodid.formats.nginx_tail import MAX_BYTES, find_tail, is_whole
from whodid.formats.stamps import LocalStamps

_HEAD: Final = re.compile(
    r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) \[(debug|info|notice|warn|error|crit|alert|emerg)\]"
    r" (\d+)#\d+: (?:\*(\d+) )?",
    re.ASCII,
)
_NO_TAIL: Final = ("debug",)


def _rule(operation: str, pattern: str) -> tuple[str, re.Pattern[str]]:
    return operation, re.compile(pattern, re.DOTALL)


# In a user's name anything may stand: each pattern is anchored at the end of the message.
_RULES: Final = (
    _rule("login_failed", r'user "(?P<user>.*)": password mismatch'),
    _rule("login_failed", r'user "(?P<user>.*)":? was not found in "[^"]*"'),
    _rule("login_failed", r"PAM: user '(?P<user>.*)' - (?:not authenticated|account not valid|[^']*): [^']*"),
    _rule("login_failed", r"PAM: (?:[^']*)"),
    # A browser's first request comes without a password, and is told of only at `info`.
    _rule("", r"no user/password was provided for basic authentication"),
    _rule("login_failed", r"(?:auth_jwt|JWT)\W.*"),
    _rule("login_failed", r"client used invalid token: .*"),  # the Digest module
    _rule("forbidden", r"(?:\[client [^\]]*\] )?ModSecurity: Access denied .*"),
    _rule(
        "rate_limited",
        r"(?:limiting|delaying) requests?, (?:dry run, )?excess: [\d.]+,? by zone \"(?P<zone>[^\"]*)\".*",
    ),
    _rule("rate_limited", r"(?:limiting|delaying) connections(?:, dry run,?)? by zone \"(?P<zone>[^\"]*)\".*"),
    _rule("forbidden", r"access forbidden by rule"),
    _rule("forbidden", r'directory index of ".*" is forbidden'),
    _rule("forbidden", r"client intended to send too large body: \d+ bytes"),
    _rule("tls_failed", r"(?:SSL_\w+|peer closed connection in SSL handshake).*"),
    _rule("tls_failed", r"client SSL certificate verify error: .*"),
    _rule("config", r"signal \d+ \(SIGHUP\) received.*|reconfiguring"),
)
_AT_START: Final = re.compile(r"nginx: \[(alert|crit|emerg|error|warn|notice)\] (.+)", re.DOTALL)
"""What nginx says on its standard error before it has a log."""
_CLOSED: Final = re.compile(r"client (?P<client>[0-9A-Fa-f:.]+) closed keepalive connection.*", re.DOTALL)


class NginxError:
    """One error log."""

    __slots__ = ("_redact", "_stamps")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._stamps = LocalStamps(settings.timezone)

    def continues(self, line: str, record: str) -> bool:
        head = _HEAD.match(record, envelope(record)[0])
        if head is None:
            return False
        if _HEAD.match(line, envelope(line)[0]) is None:
            return _AT_START.match(line) is None
        # Nobody but nginx ends an entry: one with a connection's number goes on until its fields have come.
        return (
            head.group(7) is not None
            and head.group(5) not in _NO_TAIL
            and '"' in record
            and len(record.encode("utf-8", "replace")) < MAX_BYTES
            and not is_whole(record)
        )

    def parse(self, record: str) -> Parsed:
        line = self._redact(record)
        at, host = envelope(record)
        head = _HEAD.match(record, at)
        if head is None:
            return self._at_start(record, line, at, host)
        out: dict[str, str] = {"hostname": host} if host else {}
        year, month, day, clock, out["severity"], out["pid"], connection = head.groups()
        if connection:
            out["connection"] = connection
        read_message(record[head.end() :], out)
        out = self._redact.attributes(record, line, out)
        return Parsed(line, out, self._stamps.read(f"{year}-{month}-{day} {clock}"))

    def _at_start(self, record: str, line: str, at: int, host: str) -> Parsed:
        match = _AT_START.fullmatch(record, record.find("nginx: [", max(0, at - 7), at + 1) if at else 0)
        if match is None:
            return Parsed(line, {}, None, understood=False)
        out = {"severity": match.group(1), "message": self._redact(match.group(2))}
        return Parsed(line, {"hostname": host, **out} if host else out, None)


def read_message(text: str, out: dict[str, str]) -> None:
    """Puts what stands behind the head into `out`."""
    tail = find_tail(text)
    message = text if tail is None else text[: tail.at]
    if tail is not None:
        _put_fields(tail.fields, out)
        if tail.doubt:
            out["trust"], out["trust_why"] = "suspect", tail.doubt
    elif (closed := _CLOSED.fullmatch(message)) is not None:
        out["client"] = closed.group("client")
    for operation, pattern in _RULES:
        match = pattern.fullmatch(message)
        if match is not None:
            out.update({name: value for name, value in match.groupdict().items() if value})
            if operation:
                out["operation"] = operation
            break
    if message:
        out["message"] = message


def _put_fields(fields: dict[str, str], out: dict[str, str]) -> None:
    out["client"] = fields["client"]
    for name, to in (("server", "server"), ("upstream", "upstream"), ("host", "http_host"), ("referer", "referer"),
                     ("login", "user")):  # fmt: skip
        if name in fields:
            out[to] = fields[name]
    if "request" in fields:
        request(fields["request"], out)
