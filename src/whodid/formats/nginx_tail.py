"""Whose request an entry of nginx's error log is about: the fields that nginx puts behind its message.

    message, client: 192.0.2.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example", referrer: "…"

Nothing in them is escaped, nor in the message: a user name, a path or a Referer header may imitate all of it. A tail
counts only where every field has the shape that nginx lets it have, up to the end of the line; where several do, the
message tells which one is nginx's own, or nobody can. Source: ngx_http_log_error_handler, ngx_stream_log_error and
ngx_mail_log_error of nginx. Used by nginx_error.py.
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_BYTES: Final = 2047
"""nginx cuts a line of the error log here (NGX_MAX_ERROR_STR, less its line feed)."""
_MARK: Final = re.compile(r", client: (?=[0-9A-Fa-f:.]|unix:)")
_ADDRESS = r"(?P<client>[0-9A-Fa-f:.]+(?::\d+)?|unix:[^\s,]*)"
# Neither a request's address nor a host may hold a blank; a Referer may hold anything.
_TAIL: Final = re.compile(
    rf", client: {_ADDRESS}(?:, server: (?P<server>[^\s,\"]*))?"
    r'(?:, request: "(?P<request>[A-Z][A-Z_-]* [^\s]*(?: HTTP/[0-9.]+)?|[^\s"]*)")?'
    r'(?:, subrequest: "[^\s]*")?'
    r'(?:, (?:login|session): "?(?P<login>[^\s",]*)"?)?'
    r'(?:, upstream: "(?P<upstream>[^\s"]*)")?'
    r"(?:, bytes from/to client:\d+/\d+, bytes from/to upstream:\d+/\d+)?"
    r'(?:, host: "(?P<host>[^\s"/]*)")?'
    r'(?:, referrer: "(?P<referer>.*)")?\s*',
    re.DOTALL,
)
# Requests that are no HTTP, and addresses with blanks, which nginx passed on before 1.21.1.
_LOOSE: Final = re.compile(
    rf", client: {_ADDRESS}(?:, server: (?P<server>[^\s,\"]*))?"
    r'(?:, request: "(?P<request>[^\n]*?)")?'
    r'(?:, subrequest: "[^\n]*?")?(?:, upstream: "(?P<upstream>[^\n"]*)")?'
    r'(?:, host: "(?P<host>[^\n"]*)")?(?:, referrer: "(?P<referer>[^\n]*)")?\s*',
)
_BEGUN: Final = re.compile(
    rf", client: {_ADDRESS}(?:, server: (?P<server>[^\s,\"]*))?"
    r'(?:, request: "(?P<request>[^"\n]*)"?)?(?:, upstream: "(?P<upstream>[^"\n]*)"?)?(?:, host: "(?P<host>[^"\n]*)"?)?'
)
_MOST_MARKS: Final = 16


@dataclass(frozen=True, slots=True)
class Tail:
    """The fields behind a message, and where the message ends."""

    at: int
    fields: dict[str, str]
    doubt: str = ""
    """Why the fields may be somebody's invention; empty if they cannot be."""


def find_tail(text: str) -> Tail | None:
    """The tail of an entry (the head taken off); None where it has none."""
    marks = [match.start() for match in _MARK.finditer(text)]
    if not marks:
        return None
    marks = marks[:1] + marks[1:][-_MOST_MARKS:]
    invented = any(quote in text[: marks[0]] for quote in "\"'")  # else the message holds nothing that a client chose
    for pattern in (_TAIL, _LOOSE):
        found = [(at, match) for at in marks if (match := pattern.fullmatch(text, at))]
        if found:
            at, match = found[-1] if invented else found[0]
            doubt = "several texts in the line look like nginx's own fields" if len(found) > 1 else ""
            return Tail(at, _fields(match), doubt)
    return _cut(text, marks, invented)


def _cut(text: str, marks: list[int], invented: bool) -> Tail | None:
    """A line without an end."""
    if not invented:
        marks = marks[:1]
    begun = _BEGUN.match(text, marks[-1])
    if begun is None:
        return None
    doubt = "the line was cut, and its fields may be part of the message" if invented else ""
    return Tail(marks[-1], _fields(begun), doubt)


def is_whole(text: str) -> bool:
    """Whether an entry ends with its tail, so that nothing can follow."""
    marks = [match.start() for match in _MARK.finditer(text)][-_MOST_MARKS:]
    return any(_TAIL.fullmatch(text, at) or _LOOSE.fullmatch(text, at) for at in marks)


def _fields(match: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value}
