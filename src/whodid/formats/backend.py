"""Application logs: Flask, Django, FastAPI and their servers, in text and in JSON, with tracebacks as one entry.

    2026-11-23 06:32:35,690 INFO [shop.orders] POST /api/orders 201 user=noa@shop.example 15.1ms

How a text line begins is read by backend_head.py, what it says by backend_text.py; JSON and logfmt by the names of
their keys (backend_names.py). Lines without a head belong to the entry before: to its message, or to the stack trace
behind it (tracebacks.py). What has neither head nor keys is told as it is, not understood.
"""

import re
from typing import Final

import orjson

from whodid.formats.backend_head import begins_entry, read_head
from whodid.formats.backend_names import login_event, put_values
from whodid.formats.backend_text import ACCESS, FAILED, known, pairs, read_message, read_pairs
from whodid.formats.format import FormatSettings, Parsed
from whodid.formats.stamps import MONTHS, LocalStamps, epoch_ns
from whodid.formats.tracebacks import begins_trace, goes_on, has_ended, may_begin_trace, read_exception, without_trace

_WEB_STAMP: Final = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4})[: ](\d\d:\d\d:\d\d)( [+-]\d{4})?", re.ASCII)
_LOGFMT: Final = re.compile(r"[A-Za-z_][\w.]*=\S", re.ASCII)
_STRUCTURED: Final = ("level", "message", "time")
_MOST_KEYS: Final = 200
_MOST_DEPTH: Final = 4
_MOST_TEXT: Final = 4096


class Backend:
    """One application's log."""

    __slots__ = ("_redact", "_stamps")

    def __init__(self, settings: FormatSettings) -> None:
        self._redact = settings.redact
        self._stamps = LocalStamps(settings.timezone)

    def continues(self, line: str, record: str) -> bool:
        if not record or _begins(line):
            return False
        first = record[: record.find("\n")] if "\n" in record else record
        if first.startswith("{") or ACCESS.match(first):
            return False
        if _begins(first):
            return not begins_trace(line) or not has_ended(record) or goes_on(line, record)
        return (may_begin_trace(first) or "\n" in record) and goes_on(line, record)

    def parse(self, record: str) -> Parsed:
        line = self._redact(record)
        out: dict[str, str] = {}
        ns: int | None = None
        if record.startswith("{"):
            ns, understood = self._json(record, out)
        else:
            ns, understood = self._text(record, out)
        return Parsed(line, self._redact.attributes(record, line, out), ns, understood)

    def _text(self, record: str, out: dict[str, str]) -> tuple[int | None, bool]:
        stamp = ""
        head = read_head(record)
        if head is not None:
            stamp = head.stamp
            message = without_trace(record[head.at :])
            if _read_logfmt(message, out) is None:
                out.update({"message": message} if message else {})
                read_message(message, out)
            out.update({name: value for name in ("level", "logger", "pid") if (value := getattr(head, name))})
        elif (told := _read_logfmt(record, out)) is not None:
            stamp = told
        elif ACCESS.match(record) or FAILED.match(record):
            stamp = read_message(record, out)
        exception = read_exception(record)
        if exception is not None:
            out["exception"], text = exception
            if text:
                out["error"] = text[:_MOST_TEXT]
        ns = self._instant(stamp)
        return ns, bool(out) or ns is not None

    def _json(self, record: str, out: dict[str, str]) -> tuple[int | None, bool]:
        try:
            tree: object = orjson.loads(record)
        except orjson.JSONDecodeError:
            return None, False
        if not isinstance(tree, dict):
            return None, False
        best: dict[str, tuple[int, str]] = {}
        _collect(tree, "", _MOST_DEPTH, best)
        values = {name: value for name, (_, value) in best.items()}
        put_values(values, out)
        _put_event(out)
        exception = read_exception(values.get("trace", ""))
        if exception is not None:
            out.setdefault("exception", exception[0])
            if exception[1]:
                out.setdefault("error", exception[1][:_MOST_TEXT])
        ns = self._instant(values.get("time", ""))
        return ns, bool(out) or ns is not None

    def _instant(self, text: str) -> int | None:
        if not text:
            return None
        web = _WEB_STAMP.fullmatch(text)
        if web is not None:
            day, month, year, clock, zone = web.groups()
            text = f"{year}-{MONTHS.get(month, 0):02}-{day} {clock}{zone or ''}"
        found = epoch_ns(text)
        return found if found is not None else self._stamps.read(text.replace("/", "-"))


def _begins(line: str) -> bool:
    return begins_entry(line) or FAILED.fullmatch(line) is not None


def _read_logfmt(text: str, out: dict[str, str]) -> str | None:
    """Reads a text that is nothing but pairs; the instant among them. None where it is no such text."""
    found = pairs(text) if _LOGFMT.match(text) else []
    names = {to[0] for key, _ in found if (to := known(key))}
    if len(found) < 2 or not names.intersection(_STRUCTURED):
        return None
    read_pairs(found, None, out)
    _put_event(out)
    return next((value for key, value in found if (known(key) or ("",))[0] == "time"), "")


def _put_event(out: dict[str, str]) -> None:
    event = login_event(out.get("message", ""))
    if event:
        out["operation"] = event


def _collect(tree: dict[str, object], before: str, depth: int, best: dict[str, tuple[int, str]]) -> None:
    """The values whose keys are known, each by the best of its keys. Keys of objects inside count with their path."""
    for key, value in list(tree.items())[:_MOST_KEYS]:
        path = f"{before}{key}"
        if isinstance(value, dict) and depth:
            _collect(value, f"{path}_", depth - 1, best)
            continue
        text = _text(value)
        found = known(path)
        if text and found and (found[0] not in best or found[1] < best[found[0]][0]):
            best[found[0]] = (found[1], text)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
