"""What the message of an application's text line says: a request that was served, pairs of key and value, a login.

Anybody's words may stand in a message, so only shapes that loggers write are read; where a line names two users, none
is believed. Used by backend.py, the head taken off (backend_head.py).
"""

import re
from typing import Final

from whodid.formats.backend_head import ADDRESS
from whodid.formats.backend_names import METHODS, NAMES, login_event, milliseconds, put_values

_METHOD = "|".join(METHODS)
_QUOTED = r'"((?:[^"\\]|\\.)*+)"'
ACCESS: Final = re.compile(
    rf"(?P<client>{ADDRESS}|-)(?::(?P<port>\d{{1,5}}))? - (?:(?P<user>\S+) \[(?P<stamp>[^\]]{{10,40}})\] )?"
    r'(?:"(?P<request>(?:[^"\\]|\\.)*+)" (?P<status>\d{3})\b(?: (?P<size>\d+)(?=\s|\Z))?'
    r'(?: (?:-|[A-Za-z ]{2,40}))?(?: "(?P<referer>(?:[^"\\]|\\.)*+)" "(?P<agent>(?:[^"\\]|\\.)*+)")?(?P<rest>.*)'
    r"|code (?P<code>\d{3}), message .*)",  # Python's http.server, and so Flask's, of what is no HTTP
    re.DOTALL | re.ASCII,
)
_REQUEST: Final = re.compile(
    rf'"?(?P<method>{_METHOD}) (?P<path>/\S*?|https?://\S+?)(?: HTTP/[0-9.]+)?"?'
    r"(?=[\s,:]|\Z)(?:(?:[ ,:]|->|=>|-|→|\|)+(?:status[=: ])?(?P<status>[1-5]\d\d)(?![\w.:]))?",
    re.ASCII,
)
FAILED: Final = re.compile(
    rf"Exception on (?P<path>\S+) \[(?P<method>{_METHOD})\]\s*"
    r"|(?:Internal Server Error|Service Unavailable|Not Found|Forbidden(?: \([^)]*\))?|Unauthorized|Bad Request|Gone"
    r"|Method Not Allowed(?: \([A-Z]+\))?|Too Many Requests): (?P<where>/\S*)\s*"
)
_TOOK: Final = re.compile(r"(?<![\w.=])\(?([0-9]{1,9}(?:\.[0-9]{1,9})? ?(?:ms|µs|us|s))\b", re.ASCII)
_PAIR: Final = re.compile(
    r"(?<![^\s,;(\[{|])([A-Za-z_@][\w.@-]{0,60})="
    r"(?:\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'|([^\s,;)\]}\"']+))"
)
_SEPARATORS: Final = re.compile(r"[.\-]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_IN_TEXT: Final = frozenset(("user", "request_id", "method", "path", "status", "client", "duration_ms", "duration_s",
                             "duration_ns", "duration", "db", "exception"))  # fmt: skip
_MOST_PAIRS: Final = 100
TWO_USERS: Final = "the line names two users"


def pairs(text: str) -> list[tuple[str, str]]:
    """The pairs of key and value in a text, in order."""
    found = []
    for match in _PAIR.finditer(text):
        key, *values = match.groups()
        found.append((key, next((value for value in values if value is not None), "")))
        if len(found) >= _MOST_PAIRS:
            break
    return found


def known(key: str) -> tuple[str, int] | None:
    """What a key speaks of, by whichever convention it is written."""
    plain = _SEPARATORS.sub("_", key)
    return NAMES.get(plain.lower()) or NAMES.get(_HUMP.sub("_", plain).lower().strip("_"))


def read_pairs(found: list[tuple[str, str]], wanted: frozenset[str] | None, out: dict[str, str]) -> None:
    """Puts what the pairs say into `out`. `wanted`: attributes that may come from them; None: all."""
    best: dict[str, tuple[int, str]] = {}
    for key, value in found:
        name, rank = known(key) or ("", 0)
        if not name or (wanted is not None and name not in wanted):
            continue
        before = best.get(name)
        if before is not None and before[0] == rank and before[1] != value and name == "user":
            out["trust"], out["trust_why"] = "suspect", TWO_USERS
        if before is None or rank < before[0]:
            best[name] = (rank, value)
    if out.get("trust_why") == TWO_USERS:
        best.pop("user", None)
    put_values({name: value for name, (_, value) in best.items()}, out)


def read_message(message: str, out: dict[str, str]) -> str:
    """Puts what a message says into `out`; the instant that an access line in it states, if any."""
    first, _, _ = message.partition("\n")
    access = ACCESS.fullmatch(first)
    if access is not None:
        return _access(access, out)
    rest = first
    served = _REQUEST.match(first)
    if served is not None:
        put_values({name: value or "" for name, value in served.groupdict().items()}, out)
        rest = first[served.end() :]
        times = _TOOK.findall(rest)
        if times and (took := milliseconds(times[-1])):
            out["duration_ms"] = took
    elif (failed := FAILED.fullmatch(first)) is not None:
        found = failed.groupdict()
        put_values({"path": found["path"] or found["where"], "method": found["method"] or ""}, out)
    read_pairs(pairs(rest), _IN_TEXT, out)
    event = login_event(_event(first))
    if event:
        out["operation"] = event
    return ""


def _event(text: str) -> str:
    """What happened, without the pairs behind it and what pads it (structlog)."""
    match = _PAIR.search(text)
    return (text[: match.start()] if match else text).split("   ", 1)[0].strip(" ,;:([{|-")


def _access(access: re.Match[str], out: dict[str, str]) -> str:
    found = {name: value for name, value in access.groupdict().items() if value and value != "-"}
    request = _REQUEST.match(found.get("request", ""))
    if request is not None:
        put_values({name: request.group(name) or "" for name in ("method", "path")}, out)
    if "code" in found:
        out["status"] = found["code"]
    for name in ("client", "port", "user", "status", "size", "referer", "agent"):
        if name in found:
            out[name] = found[name]
    return found.get("stamp", "")
