"""nginx's access log: `combined` and formats that add fields behind it, any `log_format`, and JSON.

Which format a log has is said by the options `log_format` and `escape`; nginx_format.py reads such lines. Without them
`combined` is assumed. A line of JSON that is not of the format is read by its keys (nginx_keys.py). With
`trusted_proxies` the client is the one that a trusted proxy speaks for (proxies.py). Errors of nginx are another log.
"""

import re
from collections.abc import Iterable
from typing import Final

import orjson

from whodid.formats.errors import FormatError
from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.nginx_config import given_format
from whodid.formats.nginx_format import COMBINED, ESCAPES, NAMED, LogFormat, unescape
from whodid.formats.nginx_keys import ANY_TIME, read_keys
from whodid.formats.nginx_line import envelope, request
from whodid.formats.nginx_variables import FORWARDED, HEADERS, PREFERENCE, TIMES, secret_kind, variable
from whodid.formats.proxies import TrustedProxies, forwarded_for
from whodid.formats.stamps import LocalStamps, WebStamps, epoch_ns

AMBIGUOUS: Final = "the line can be read in several ways; only what is certain is told"
_EXTRA: Final = re.compile(r'"([^"]*+)"(?: .*+)?', re.DOTALL)
_REQUEST_PARTS: Final = {"request.method": "method", "request.path": "path", "request.other": "message"}
_MOST_OWN: Final = 1024
"""Characters that are kept of a value that whodid knows nothing about."""


class NginxAccess:
    """One access log."""

    __slots__ = ("_format", "_iso", "_proxies", "_redact", "_secrets", "_simple", "_special", "_stamps")

    def __init__(self, settings: FormatSettings) -> None:
        text, escape = given_format(settings.options.get("log_format", ""))
        escape = settings.options.get("escape") or escape or "default"
        if escape not in ESCAPES:
            raise FormatError(f"escape: {escape!r} is none of nginx's: use {', '.join(ESCAPES)}")
        self._format = LogFormat(NAMED.get(text, text) or COMBINED, escape, open_end=not text)
        self._proxies = TrustedProxies(settings.options.get("trusted_proxies", ""))
        self._redact = settings.redact
        self._stamps = WebStamps()
        self._iso = LocalStamps(settings.timezone)
        layout = self._format.layout
        self._simple = _attributes(layout)
        """The attribute of each group of the format's pattern; empty where it is not that simple."""
        self._special = tuple((at, name) for at, name in enumerate(layout) if not self._simple[at])
        self._secrets = any(secret_kind(name) for name in self._format.names)

    def continues(self, line: str, record: str) -> bool:
        return False

    def parse(self, record: str) -> Parsed:
        strict = self._format.strict
        match = strict.fullmatch(record) if strict is not None else None
        if match is None:
            return self._look_closely(record)
        groups = match.groups()
        escape = self._format.escape
        out = {name: value for name, value in zip(self._simple, groups, strict=True) if value and name and value != "-"}
        special = {name: groups[at] for at, name in self._special}
        if "\\" in record:
            out = {name: unescape(value, escape) for name, value in out.items()}
            special = {name: unescape(value, escape) if value else value for name, value in special.items()}
        line = record
        if self._secrets:
            line = self._without_secrets(line, ((match.span(at + 1), name) for at, name in self._special))
        return self._finish(record, line, out, special)

    def _look_closely(self, record: str) -> Parsed:
        """A line that is not an ordinary one of the format."""
        at, host = envelope(record)
        if at:
            parsed = self.parse(record[at:])
            attributes = {"hostname": host, **parsed.attributes} if parsed.understood else {}
            return parsed._replace(line=self._redact(record[:at]) + parsed.line, attributes=attributes)
        reading = self._format.read(record)
        if reading is not None:
            escape = self._format.escape
            values = {name: unescape(record[begin:end], escape) for name, (begin, end) in reading.spans.items()}
            values[""] = record[reading.rest_at :]
            line = self._without_secrets(record, ((span, name) for name, span in reading.spans.items()))
            parsed = self._from_values(record, line, values)
            if not reading.certain and parsed.understood:
                parsed.attributes.update(trust="suspect", trust_why=AMBIGUOUS)
            return parsed
        values = read_keys(record) if record.startswith("{") else {}
        if not values:
            return Parsed(self._redact(record), {}, None, understood=False)
        line = record
        for name, value in values.items():
            if value and secret_kind(name):
                line = line.replace(orjson.dumps(value).decode(), orjson.dumps(self._mask(name, value)).decode())
        return self._from_values(record, line, values)

    def _from_values(self, record: str, line: str, values: dict[str, str]) -> Parsed:
        """A line of which each variable's value is known."""
        names = tuple(values)
        simple = _attributes(names)
        out = {to: values[name] for to, name in zip(simple, names, strict=True) if to and values[name] not in ("", "-")}
        special = {name: values[name] for to, name in zip(simple, names, strict=True) if not to}
        return self._finish(record, line, out, special)

    def _finish(self, record: str, line: str, out: dict[str, str], special: dict[str, str]) -> Parsed:
        """Adds what has to be worked out."""
        ns: int | None = None
        for name, value in special.items():
            if not value or value == "-":
                continue
            if name in TIMES or name == ANY_TIME:
                ns = self._instant(name, value)
                if ns is None:
                    return Parsed(self._redact(line), {}, None, understood=False)
            elif name:
                _put(name, value, out)
        if "method" in out:
            out["operation"] = out["method"]
        if self._proxies or "realip_remote_addr" in special:
            self._find_client(out, special)
        line = self._redact(line)
        return Parsed(line, self._redact.attributes(record, line, out), ns)

    def _instant(self, name: str, text: str) -> int | None:
        if name == "time_local":
            return self._stamps.read(text)
        if name == "time_iso8601":
            return self._iso.read(text)
        return epoch_ns(text) or self._iso.read(text) or self._stamps.read(text)

    def _find_client(self, out: dict[str, str], values: dict[str, str]) -> None:
        """Who it was, where the connection is a proxy's. What a stranger writes into the header counts for nothing."""
        remote = out.get("client", "")
        socket = values.get("realip_remote_addr") or ""
        if socket not in ("", "-", remote):
            out["proxy"] = socket  # nginx has done it already (set_real_ip_from)
            return
        extra = _EXTRA.fullmatch(values.get("") or "")
        for name in FORWARDED:
            header = values.get(name) or (extra.group(1) if extra and name == FORWARDED[0] else "")
            if header in ("", "-"):
                continue
            client = self._proxies.client(remote, forwarded_for(header) if name == "http_forwarded" else header)
            if client != remote:
                out["client"], out["proxy"] = client, remote
            return

    def _without_secrets(self, line: str, spans: Iterable[tuple[tuple[int, int], str]]) -> str:
        for (begin, end), name in sorted(spans, reverse=True):
            if end - begin > 1 and secret_kind(name):
                line = line[:begin] + self._mask(name, line[begin:end]) + line[end:]
        return line

    def _mask(self, name: str, value: str) -> str:
        """What stands for a secret. Of headers that have parts only those that tell something are hidden."""
        kind, header = secret_kind(name), HEADERS.get(name, "")
        masked = self._redact(header + value).removeprefix(header) if header and '"' not in value else value
        return self._redact.whole(kind, value) if value in masked else masked


def _attributes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The attribute that each variable's value is as it stands; empty where there is more to do, or a better one."""
    best: dict[str, tuple[int, int]] = {}
    for at, name in enumerate(names):
        known = variable(name)
        to = _REQUEST_PARTS.get(name, "" if known.convert or not name else known.attribute)
        if to and (name in PREFERENCE or name in _REQUEST_PARTS or to != name):
            rank = PREFERENCE.get(name, -1)
            if to not in best or rank < best[to][0]:
                best[to] = (rank, at)
    chosen = {at: to for to, (_, at) in best.items()}
    return tuple(chosen.get(at, "") for at in range(len(names)))


def _put(name: str, value: str, out: dict[str, str]) -> None:
    """A value that is not told as it stands."""
    known = variable(name)
    if name == "request":
        request(value, out)
    elif name in ("args", "query_string"):
        if "?" not in out.get("path", "?"):
            out["path"] += f"?{value}"
    elif known.convert is not None:
        if converted := known.convert(value):
            out[known.attribute] = converted
    elif known.attribute == name and not secret_kind(name):
        out.setdefault(name, value[:_MOST_OWN])
