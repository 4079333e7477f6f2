"""Records that came over a transport – journal, syslog, Docker's API, a push – as the agent's inbox keeps them.

One line is one record: `{"line": …, "ns": …, "labels": {…}, "attributes": {…}, "discovered": {…}}`, written by
sources/receiver.py. The format named by the option `inner` reads what is inside; lines that belong together by it are
joined when they came the same way. What is said twice: `_MERGED`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from whodid.formats.format import Format, FormatSettings, Parsed

Make = Callable[[str, FormatSettings], Format]

OF_TRANSPORT: Final = frozenset({"container", "image", "sender", "stream", "uid", "unit"})
"""Attributes that the transport knows for sure: a line cannot say otherwise. Of all others the inner format's own
reading wins: PostgreSQL's severity says more than syslog's."""


class Envelope(msgspec.Struct, frozen=True):
    """What one line of the inbox says."""

    line: str
    ns: int | None = None
    labels: dict[str, str] = {}
    attributes: dict[str, str] = {}
    discovered: dict[str, str] = {}


_decode: Final = msgspec.json.Decoder(Envelope).decode


class Received:
    """One inbox. `make` makes the inner format by its name (the factory's own function)."""

    __slots__ = ("_gives_discovered", "_inner", "_joined", "_redact")

    def __init__(self, settings: FormatSettings, make: Make) -> None:
        options = dict(settings.options)
        inner = options.pop("inner", "plain")
        self._gives_discovered = options.pop("discovered", "") == "keep"
        self._redact = settings.redact
        self._inner = make(inner, replace(settings, options=options))
        self._joined: tuple[str, Envelope] | None = None  # the record that lines were last compared with, unwrapped

    def continues(self, line: str, record: str) -> bool:
        before, now = self._unwrap(record), _envelope(line)
        if before is None or now is None:
            return False
        if now.labels != before.labels or now.attributes != before.attributes:
            return False
        if not self._inner.continues(now.line, before.line):
            return False
        # The joiner asks next for these two as one record: it need not be unwrapped again.
        self._joined = (f"{record}\n{line}", _with_line(before, f"{before.line}\n{now.line}"))
        return True

    def parse(self, record: str) -> Parsed:
        envelope = self._unwrap(record)
        self._joined = None
        if envelope is None:
            return Parsed(self._redact(record), {}, None, understood=False)
        inner = self._inner.parse(envelope.line)
        labels = self._texts(envelope.labels)
        labels.update(inner.labels or {})
        if self._gives_discovered:
            labels.update(self._texts(envelope.discovered))
        ns = envelope.ns if inner.ns is None else inner.ns
        return Parsed(inner.line, self._merged(envelope, inner), ns, inner.understood, labels or None)

    def _merged(self, envelope: Envelope, inner: Parsed) -> dict[str, str]:
        if not envelope.attributes:
            return inner.attributes
        known = self._texts(envelope.attributes)
        return known | inner.attributes | {name: known[name] for name in OF_TRANSPORT & known.keys()}

    def _texts(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Without the empty ones, and without secrets."""
        return {name: self._redact(value) for name, value in texts.items() if value}

    def _unwrap(self, record: str) -> Envelope | None:
        """What stands in a record of one line or of several; None if any of them is torn."""
        if self._joined is not None and self._joined[0] == record:
            return self._joined[1]
        first, *rest = record.split("\n")
        envelope = _envelope(first)
        if envelope is None or not rest:
            return envelope
        lines = [envelope.line]
        for text in rest:
            further = _envelope(text)
            if further is None:
                return None
            lines.append(further.line)
        return _with_line(envelope, "\n".join(lines))


def _with_line(envelope: Envelope, line: str) -> Envelope:
    return Envelope(line, envelope.ns, envelope.labels, envelope.attributes, envelope.discovered)


def _envelope(text: str) -> Envelope | None:
    if not text.startswith("{"):
        return None
    try:
        return _decode(text)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
