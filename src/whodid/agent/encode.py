"""Records into encoded entries: parsed → labels → instant → protobuf. The agent's hot path; called by `reader.py`.

Whole chunks go through each step, and a record is touched by Python once. What Promtail's pipeline makes of records is
`piped.py`, which has the same shape.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

from whodid.agent.health import Health
from whodid.agent.instants import AHEAD_NS, Instants
from whodid.agent.labelling import Labelling
from whodid.agent.misread import Misread, unread
from whodid.agent.records import Records
from whodid.formats.format import Format, Parsed, QuickFormat, QuickReader
from whodid.model.clock import Clock, format_duration, format_rfc3339
from whodid.wire.push_protobuf import attribute_front, encode_all, pack_attributes

_log = logging.getLogger(__name__)


class Ready(NamedTuple):
    """Entries, encoded; how many bytes they are up to and with each; where in the file each ends; the instant of each;
    and which is the first that states one."""

    entries: list[bytes]
    sizes: list[int]
    ends: list[int]
    instants: list[int]
    first_stated: int
    labels: list[str] | None = None
    """The label text of each; None: all have the source's usual one."""
    tenants: list[str] | None = None
    """The tenant of each; None: that of the agent's settings."""
    bound: frozenset[int] = frozenset()
    """Entries that must go into the same batch as the one behind them: the same lines are in both."""


NONE = Ready([], [], [], [], 0)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the records of one file are read with, beside their format."""

    job: str
    path: str
    labelling: Labelling
    instants: Instants
    clock: Clock
    health: Health
    misread: Misread
    max_age_ns: int = 0


class Encoder(Protocol):
    """Turns the records of one file into entries."""

    quick: QuickReader | None

    def encode(self, records: Records) -> Ready:
        """The entries that these records complete; those that are held back come with later ones."""
        ...

    def flush(self, *, everything: bool) -> Ready:
        """What was held back long enough, or all of it."""
        ...

    @property
    def skipped(self) -> int:
        """Where in the file what was left out ends, if nothing is held back before it; 0: nothing was."""
        ...

    @property
    def holding(self) -> bool:
        """Whether something is held back."""
        ...

    def due_s(self) -> float | None:
        """In how many seconds something that is held back is due."""
        ...

    def relabel(self, labelling: Labelling) -> None:
        """From now on records have other labels."""
        ...

    @property
    def paced(self) -> bool:
        """Whether reading may have to wait, so that it goes on in small steps."""
        ...

    def pause_s(self) -> float:
        """How long nothing further is to be read."""
        ...


class Reading:
    """A format at work on one file: parses, counts what it did not understand, survives a format that raises."""

    __slots__ = ("_format", "_with", "unread")

    def __init__(self, format: Format, surroundings: Surroundings) -> None:
        self._format = format
        self._with = surroundings
        self.unread = 0
        """Records that nothing was had of, since it was last set to 0."""

    def parse(self, text: str) -> Parsed:
        """A record that has to be looked at closely."""
        try:
            parsed = self._format.parse(text)
        except Exception:  # a format must not raise; if it does, the record is still evidence
            parsed = self._unparsed(text)
        if not parsed.understood:
            self._with.health.not_understood(self._with.path)
            self.unread += unread(parsed)
        return parsed

    def _unparsed(self, text: str) -> Parsed:
        """Stands in for a format that raised: logs the first failure in full and counts all."""
        health, job, path = self._with.health, self._with.job, self._with.path
        health.format_failures += 1
        if health.format_failures == 1:
            _log.exception("the format of job %s failed on a record of %s; it is sent whole", job, path)
        return Parsed(text, {}, None, False)


class PlainEncoder:
    """Entries as the format reads the records: one of each."""

    holding = False
    paced = False

    def __init__(self, format: Format, surroundings: Surroundings) -> None:
        self._with = surroundings
        self._reading = Reading(format, surroundings)
        self.quick = format.quick(attribute_front) if isinstance(format, QuickFormat) else None
        self._told_too_old = False
        self.skipped = 0

    def due_s(self) -> float | None:
        return None

    def pause_s(self) -> float:
        return 0.0

    def relabel(self, labelling: Labelling) -> None:
        self._with = replace(self._with, labelling=labelling)

    def flush(self, *, everything: bool) -> Ready:
        return NONE

    def encode(self, records: Records) -> Ready:
        texts, ends, heads = records
        attributes: list[bytes] = []
        stated: list[int | None] = []
        own: dict[int, str | None] = {}
        self._reading.unread = 0
        for _ in self.quick.read(texts, heads, attributes, stated) if self.quick else texts:
            at = len(attributes)
            parsed = self._reading.parse(texts[at])
            texts[at] = parsed.line
            attributes.append(pack_attributes(parsed.attributes))
            stated.append(parsed.ns)
            if parsed.labels:
                known = self._with.labelling.of(parsed.labels)
                own[at] = known[1] if known else None
        for at, told in self.quick.labels.items() if self.quick else ():
            known = self._with.labelling.of(told)
            own[at] = known[1] if known else None
        self._with.misread.look(self._with.path, len(texts), self._reading.unread)
        now_ns = self._with.clock.now_ns()
        if max(filter(None, stated), default=0) > now_ns + AHEAD_NS:
            self._bring_back(stated, attributes, now_ns)
        labels = self._select(own, now_ns, texts, ends, attributes, stated)
        before = self._with.instants.stated
        instants = self._with.instants.assign_all(stated, now_ns)
        first = 0 if before else next((at for at, ns in enumerate(stated) if ns is not None), len(stated))
        entries = encode_all(instants, texts, attributes)
        return Ready(entries, list(accumulate(map(len, entries))), ends, instants, first, labels)

    def _select(
        self,
        own: dict[int, str | None],
        now_ns: int,
        texts: list[str],
        ends: list[int],
        attributes: list[bytes],
        stated: list[int | None],
    ) -> list[str] | None:
        """Takes out what is not to be sent: what relabelling drops, and what is too old. The labels of the rest; None
        where all have the usual ones."""
        usual = self._with.labelling.usual
        default = usual[1] if usual else None
        labels = [own.get(at, default) for at in range(len(texts))] if own or default is None else None
        out = {at for at, text in enumerate(labels) if text is None} if labels else set[int]()
        if self._with.max_age_ns:
            out |= self._too_old(stated, now_ns - self._with.max_age_ns)
        if out:
            self.skipped = ends[-1] if len(out) == len(texts) else 0
            _leave_out(sorted(out), ends, (texts, attributes, stated, *([labels] if labels else [])))
        return [text for text in labels if text is not None] if labels is not None else None

    def _bring_back(self, stated: list[int | None], attributes: list[bytes], now_ns: int) -> None:
        """Lines from the future are of now, and keep what they state as an attribute: a clock was wrong, perhaps only
        for a moment, and the server takes none that are minutes ahead of its own."""
        for at, ns in enumerate(stated):
            if ns is not None and ns > now_ns + AHEAD_NS:
                stated[at] = now_ns
                attributes[at] += pack_attributes({"stated": format_rfc3339(ns)})

    def _too_old(self, stated: list[int | None], oldest_ns: int) -> set[int]:
        """The lines that are too old; says so once for each file, for a first start finds weeks of them.

        Those at a file's beginning are before the range of its next batch; until that goes, a restart skips them again.
        """
        old = {at for at, ns in enumerate(stated) if ns is not None and ns < oldest_ns}
        if old and not self._told_too_old:
            self._told_too_old = True
            age = format_duration(self._with.max_age_ns)
            _log.info("lines of %s older than %s are left out: the server keeps none of that age", self._with.path, age)
        self._with.health.entries_too_old += len(old)
        return old


def _leave_out(out: Sequence[int], ends: list[int], columns: Sequence[list[Any]]) -> None:
    """Takes records out; the bytes of each count to the one before it."""
    for at in reversed(out):
        if at:
            ends[at - 1] = ends[at]
        del ends[at]
        for column in columns:
            del column[at]
