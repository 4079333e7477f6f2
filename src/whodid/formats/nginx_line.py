"""What nginx's two logs have in common: a request line's parts, and the syslog envelope a line may have been put into.

Used by nginx_access.py and nginx_error.py.
"""

import re
from typing import Final

# Whoever speaks HTTP/1.x names a method in capitals (RFC 9110; nginx takes "_" and "-" too).
_REQUEST: Final = re.compile(r"([A-Z][A-Z_-]{0,31}) (.*?)(?: HTTP/[0-9.]+)?", re.DOTALL)
# `nginx: ` behind a host name, as syslog has it; the journal adds one of its own to that.
_ENVELOPE: Final = re.compile(
    r"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) )?"
    r"([\w.-]{1,255}) (\w{0,24}nginx\w{0,24})(?:\[\d{1,10}\])?: (?:[\w.-]{1,255} nginx: )?",
    re.ASCII,
)


def request(text: str, out: dict[str, str]) -> None:
    """Puts a request line's method and path into `out`; what is no HTTP becomes the message."""
    match = _REQUEST.fullmatch(text)
    if match is not None:
        out["method"], path = match.groups()
        if path:
            out["path"] = path
    elif text and text != "-":
        out["message"] = text  # a scanner, or TLS spoken to a plain port


def envelope(record: str) -> tuple[int, str]:
    """Where nginx's own line begins behind a syslog envelope, and the host named there; (0, "") without one."""
    match = _ENVELOPE.match(record)
    return (match.end(), match.group(1)) if match else (0, "")
