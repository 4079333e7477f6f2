"""What the formats have in common whose lines are envelopes around lines of another format (received.py, docker.py).

An inner format reads what is inside, chosen by name, and another one where the record's stream is `stderr` and there
holds something else. Lines that belong together are joined if they came the same way. What is said twice: the inner
format's reading counts, but for `OF_TRANSPORT`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from whodid.formats.envelope_quick import Opened, QuickOpener
from whodid.formats.format import Format, FormatSettings, Front, Parsed, QuickFormat, QuickReader

Make = Callable[[str, FormatSettings], Format]
"""Makes the inner format by its name (the factory's own function)."""

OF_TRANSPORT: Final = frozenset({"container", "image", "sender", "stream", "uid", "unit"})
"""Attributes that the transport knows for sure: a line cannot say otherwise. Of all others the inner format's own
reading wins: PostgreSQL's severity says more than syslog's."""
_MOST_KEPT: Final = 1024


class Envelope(msgspec.Struct, frozen=True):
    """What one line says."""

    line: str
    ns: int | None = None
    labels: dict[str, str] = {}
    attributes: dict[str, str] = {}
    discovered: dict[str, str] = {}
    complete: bool = True
    """False: a part of a line, of which the next envelope has more."""


class Opener:
    """Takes the envelopes of one log off. `open_line` reads one; None where it is none, or torn."""

    __slots__ = (
        "_fixed",
        "_gives_discovered",
        "_inner",
        "_inner_of_stderr",
        "_is_bare",
        "_is_raw",
        "_joined",
        "_known",
        "_open_line",
        "_redact",
    )

    def __init__(self, settings: FormatSettings, make: Make, open_line: Callable[[str], Envelope | None]) -> None:
        options = dict(settings.options)
        inner, of_stderr = options.pop("inner", "plain"), options.pop("stderr", "")
        self._gives_discovered = options.pop("discovered", "") == "keep"
        self._is_bare = options.pop("labels", "") == "leave_out"
        self._is_raw = inner == "raw"
        self._fixed = frozenset(filter(None, options.pop("fixed", "").split(",")))
        self._redact = settings.redact
        self._inner = make(inner, replace(settings, options=options))
        self._inner_of_stderr = make(of_stderr, replace(settings, options={})) if of_stderr else self._inner
        self._open_line = open_line
        self._known: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}  # labels that are ready to be stored
        self._joined: tuple[str, Envelope] | None = None  # the record that lines were last compared with, opened

    def joins(self, line: str, record: str) -> bool:
        """Whether a line belongs to the record before it."""
        before, now = self._open(record), self._open_line(line)
        if before is None or now is None:
            return False
        if now.labels != before.labels or now.attributes != before.attributes:
            return False
        if before.complete and not self._inner_of(before).continues(now.line, before.line):
            return False
        # The joiner asks next for these two as one record: it need not be opened again.
        self._joined = (f"{record}\n{line}", _join(before, now))
        return True

    def quick(self, front: Front) -> QuickReader | None:
        """The quick way, where the inner format has one and nothing but that is to be told."""
        reader = self._inner.quick(front) if isinstance(self._inner, QuickFormat) else None
        if reader is None or self._gives_discovered:
            return None
        return QuickOpener(reader, self._open_ordinary, self._text_of)

    def read(self, record: str) -> Parsed:
        """What a record says."""
        envelope = self._open(record)
        self._joined = None
        if envelope is None:
            return Parsed(self._redact(record), {}, None, understood=False)
        inner = self._inner_of(envelope).parse(envelope.line)
        labels = dict(self._labels(envelope))
        if not self._is_bare:
            labels.update({n: value for n, value in (inner.labels or {}).items() if n not in self._fixed})
        if self._gives_discovered:
            labels.update(self._texts(envelope.discovered))
        ns = envelope.ns if inner.ns is None else inner.ns
        return Parsed(inner.line, self._merged(envelope, inner), ns, inner.understood, labels or None)

    def _open_ordinary(self, line: str) -> tuple[Opened | None, bool]:
        """For the quick way: an envelope that says nothing but a whole line, when it was written, and labels."""
        envelope = self._open_line(line)
        if envelope is None or not envelope.complete:
            return None, envelope is not None
        if envelope.attributes or "\n" in envelope.line or self._inner_of(envelope) is not self._inner:
            return None, False
        return (envelope.line, envelope.ns, self._labels(envelope)), False

    def _text_of(self, record: str) -> str | None:
        envelope = self._open(record)
        return envelope.line if envelope is not None else None

    def _labels(self, envelope: Envelope) -> Mapping[str, str]:
        """The envelope's labels as they are stored. There are few, or streams would explode."""
        key = tuple(envelope.labels.items())
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            own = {} if self._is_bare else self._texts(envelope.labels)
            known = self._known[key] = {n: value for n, value in own.items() if n not in self._fixed}
        return known

    def _inner_of(self, envelope: Envelope) -> Format:
        return self._inner_of_stderr if envelope.labels.get("stream") == "stderr" else self._inner

    def _merged(self, envelope: Envelope, inner: Parsed) -> dict[str, str]:
        if not envelope.attributes or (self._is_bare and self._is_raw):
            return inner.attributes
        known = self._texts(envelope.attributes)
        return known | inner.attributes | {name: known[name] for name in OF_TRANSPORT & known.keys()}

    def _texts(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Without the empty ones, and without secrets."""
        return {name: self._redact(value) for name, value in texts.items() if value}

    def _open(self, record: str) -> Envelope | None:
        """What stands in a record of one line or of several; None if any of them is torn."""
        if self._joined is not None and self._joined[0] == record:
            return self._joined[1]
        if "\n" not in record:
            return self._open_line(record)
        envelopes = [self._open_line(line) for line in record.split("\n")]
        first = envelopes[0]
        if first is None:
            return None
        pieces, complete = [first.line], first.complete
        for envelope in envelopes[1:]:
            if envelope is None:
                return None
            pieces.append(f"\n{envelope.line}" if complete else envelope.line)
            complete = envelope.complete
        return _with_line(first, "".join(pieces), complete)


def _join(before: Envelope, now: Envelope) -> Envelope:
    return _with_line(before, f"{before.line}\n{now.line}" if before.complete else before.line + now.line, now.complete)


def _with_line(envelope: Envelope, line: str, complete: bool) -> Envelope:
    return Envelope(line, envelope.ns, envelope.labels, envelope.attributes, envelope.discovered, complete)
