"""One followed file becomes encoded entries: bytes → lines → records → parsed → instant → protobuf.

This is the agent's hot path: whole chunks go through each step, and a record is touched by Python once. Which files
there are, and where entries go, is `collector.py`'s and `pump.py`'s business.
"""

import logging
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from whodid.agent.batch import BatchBuilder, Span
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.misread import Misread, unread
from whodid.agent.records import RecordJoiner, Records
from whodid.formats.format import Format, Parsed, QuickFormat
from whodid.model.clock import Clock, format_duration
from whodid.sources.lines import Lines, LineSplitter
from whodid.sources.source import Feed
from whodid.wire.push_protobuf import attribute_front, encode_all, pack_attributes

CHUNK_BYTES = 256 << 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """Sizes and times of reading; see AgentSettings."""

    max_line_bytes: int
    max_record_bytes: int
    max_wait_s: float
    max_age_ns: int = 0


class _Ready(NamedTuple):
    """Entries of one chunk, encoded; how many bytes they are up to and with each; where in the file each ends; the
    instant of each; and which is the first that states one."""

    entries: list[bytes]
    sizes: list[int]
    ends: list[int]
    instants: list[int]
    first_stated: int


_NONE = _Ready([], [], [], [], 0)


class FileReader:
    """Reads one feed. Holds at most a chunk of entries, and one unfinished record."""

    def __init__(
        self,
        feed: Feed,
        job: str,
        label_text: str,
        format: Format,
        instants: Instants,
        limits: ReaderLimits,
        clock: Clock,
        health: Health,
        misread: Misread,
    ) -> None:
        self.feed = feed
        self._job = job
        self._label_text = label_text
        self._format = format
        self._instants = instants
        self._clock = clock
        self._health = health
        self._misread = misread
        self._unread = 0  # records of this chunk that nothing was had of
        self._max_wait_s = limits.max_wait_s
        self._max_age_ns = limits.max_age_ns
        self._told_too_old = False
        self._lines = LineSplitter(feed.offset, limits.max_line_bytes)
        self._quick = format.quick(attribute_front) if isinstance(format, QuickFormat) else None
        self._joiner = RecordJoiner(
            format.continues, limits.max_record_bytes, self._quick.heads if self._quick else None
        )
        self._ready = _NONE
        self._next = 0  # index of the first entry that is not in a batch yet
        self._end = feed.offset  # where the last entry that is in a batch ends
        self._last_data_s = clock.monotonic_s()

    @property
    def end(self) -> int:
        """Everything before this offset has gone into batches."""
        return self._end

    @property
    def done(self) -> bool:
        """Whether the feed has ended and all of it has gone into batches."""
        return (
            self.feed.finished
            and not self._ready.entries
            and not self._joiner.waiting
            and self._lines.unfinished_bytes == 0
        )

    def wait_s(self) -> float | None:
        """In how many seconds the waiting record is due; None when none waits."""
        if not self._joiner.waiting:
            return None
        return max(0.0, self._last_data_s + self._max_wait_s - self._clock.monotonic_s())

    def fill(self, batch: BatchBuilder, hurry: bool) -> bool:
        """Puts up to one chunk of entries into the batch; False: there are none for now.

        `hurry`: a successor of this file waits, so its last record need not.
        """
        if not self._ready.entries and not self._read(hurry):
            return False
        if self._ready.entries:  # else a chunk that completed no record, or none that is young enough
            self._put(batch)
        return True

    def _read(self, hurry: bool) -> bool:
        """Gets the next records. May return True with none, when a chunk completed none."""
        data = self.feed.read(CHUNK_BYTES)
        if data:
            self._last_data_s = self._clock.monotonic_s()
            records = self._join(self._lines.feed(data))
        elif self.feed.finished:
            records = self._join(self._lines.finish())
            self._joiner.flush_into(records)
        elif self._joiner.waiting and (hurry or self.wait_s() == 0):
            records = Records([], [], [])
            self._joiner.flush_into(records)
        else:
            return False
        if records.texts:
            self._encode(records)
        return bool(data or records.texts)

    def _join(self, lines: Lines) -> Records:
        self._health.lines_read += len(lines.texts)
        cut = self._lines.cut_lines
        self._health.lines_cut += cut
        self._lines.cut_lines -= cut
        records = self._joiner.feed(lines)
        divided = self._joiner.divided
        self._health.records_divided += divided
        self._joiner.divided -= divided
        return records

    def _put(self, batch: BatchBuilder) -> None:
        """Puts of what is ready into the batch as much as there is room for: one entry too many, if they are long."""
        ready, first = self._ready, self._next
        max_entries, room_bytes = batch.room
        before = ready.sizes[first - 1] if first else 0
        stop = min(bisect_left(ready.sizes, before + room_bytes, first) + 1, first + max_entries, len(ready.entries))
        last = stop - 1
        span = Span(
            self._job, self.feed.place(ready.ends[last]), self._end, ready.instants[last], last >= ready.first_stated
        )
        batch.add(self._label_text, ready.entries[first:stop], stop - first, ready.sizes[last] - before, span)
        self._health.entries_read += stop - first
        self._end = ready.ends[last]
        self._next = stop
        if stop == len(ready.entries):
            self._ready, self._next = _NONE, 0

    def _encode(self, records: Records) -> None:
        """Makes ready what a chunk has brought."""
        texts, ends, heads = records
        attributes: list[bytes] = []
        stated: list[int | None] = []
        self._unread = 0
        for _ in self._quick.read(texts, heads, attributes, stated) if self._quick else texts:
            at = len(attributes)
            texts[at], packed, ns = self._parse(texts[at])
            attributes.append(packed)
            stated.append(ns)
        self._misread.look(self.feed.path, len(texts), self._unread)
        now_ns = self._clock.now_ns()
        if self._max_age_ns:
            self._leave_out(now_ns - self._max_age_ns, texts, ends, attributes, stated)
        before = self._instants.stated
        instants = self._instants.assign_all(stated, now_ns)
        first = 0 if before else next((at for at, ns in enumerate(stated) if ns is not None), len(stated))
        entries = encode_all(instants, texts, attributes)
        self._ready, self._next = _Ready(entries, list(accumulate(map(len, entries))), ends, instants, first), 0

    def _parse(self, text: str) -> tuple[str, bytes, int | None]:
        """A record that has to be looked at closely."""
        try:
            parsed = self._format.parse(text)
        except Exception:  # a format must not raise; if it does, the record is still evidence
            parsed = self._unparsed(text)
        if not parsed.understood:
            self._health.entries_unparsed += 1
            self._unread += unread(parsed)
        return parsed.line, pack_attributes(parsed.attributes), parsed.ns

    def _leave_out(
        self, oldest_ns: int, texts: list[str], ends: list[int], attributes: list[bytes], stated: list[int | None]
    ) -> None:
        """Takes out the lines that are too old, and says so once for each file: a first start finds weeks of them.

        Those at the beginning are before the range of the next batch; until that goes, a restart skips them again.
        """
        old = [at for at, ns in enumerate(stated) if ns is not None and ns < oldest_ns]
        if not old:
            return
        for at in reversed(old):
            if at:
                ends[at - 1] = ends[at]
            for column in (texts, ends, attributes, stated):
                del column[at]
        if not self._told_too_old:
            self._told_too_old = True
            age = format_duration(self._max_age_ns)
            _log.info("lines of %s older than %s are left out: the server keeps none of that age", self.feed.path, age)
        self._health.entries_too_old += len(old)

    def _unparsed(self, text: str) -> Parsed:
        """Stands in for a format that raised: logs the first failure in full and counts all."""
        self._health.format_failures += 1
        if self._health.format_failures == 1:
            _log.exception("the format of job %s failed on a record of %s; it is sent whole", self._job, self.feed.path)
        return Parsed(text, {}, None, False)
