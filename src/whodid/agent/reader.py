"""One followed file becomes encoded entries: bytes → lines → records → parsed → instant → protobuf.

This is the agent's hot path: whole chunks go through each step, and a record is touched by Python once. Which files
there are, and where entries go, is `collector.py`'s and `pump.py`'s business.
"""

import logging
from dataclasses import dataclass
from itertools import repeat

from whodid.agent.batch import BatchBuilder, Span
from whodid.agent.health import Health
from whodid.agent.instants import Instants
from whodid.agent.misread import Misread, unread
from whodid.agent.records import RecordJoiner, Records
from whodid.formats.format import Format, Parsed, QuickFormat
from whodid.model.clock import Clock, format_duration
from whodid.sources.lines import Lines, LineSplitter
from whodid.sources.source import Feed
from whodid.wire.push_protobuf import encode_packed, pack_attribute, pack_attributes

CHUNK_BYTES = 256 << 10
_NONE = Records([], [], [])
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """Sizes and times of reading; see AgentSettings."""

    max_line_bytes: int
    max_record_bytes: int
    max_wait_s: float
    max_age_ns: int = 0


class FileReader:
    """Reads one feed. Holds at most a chunk of records, and one unfinished record."""

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
        self._unread = 0  # records of this turn that nothing was had of
        self._max_wait_s = limits.max_wait_s
        self._max_age_ns = limits.max_age_ns
        self._told_too_old = False
        self._lines = LineSplitter(feed.offset, limits.max_line_bytes)
        self._quick = format.quick(pack_attribute) if isinstance(format, QuickFormat) else None
        self._joiner = RecordJoiner(
            format.continues, limits.max_record_bytes, self._quick.heads if self._quick else None
        )
        self._records = _NONE
        self._next = 0  # index of the first record that is not in a batch yet
        self._end = feed.offset  # where the last record that is in a batch ends
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
            and self._next >= len(self._records.texts)
            and not self._joiner.waiting
            and self._lines.unfinished_bytes == 0
        )

    def wait_s(self) -> float | None:
        """In how many seconds the waiting record is due; None when none waits."""
        if not self._joiner.waiting:
            return None
        return max(0.0, self._last_data_s + self._max_wait_s - self._clock.monotonic_s())

    def fill(self, batch: BatchBuilder, hurry: bool) -> bool:
        """Puts up to one chunk of records into the batch; False: there are none for now.

        `hurry`: a successor of this file waits, so its last record need not.
        """
        if self._next >= len(self._records.texts) and not self._read(hurry):
            return False
        self._encode(batch)
        return True

    def _read(self, hurry: bool) -> bool:
        """Gets the next records. May return True with none, when a chunk completed none."""
        data = self.feed.read(CHUNK_BYTES)
        if data:
            self._last_data_s = self._clock.monotonic_s()
            self._records = self._join(self._lines.feed(data))
        elif self.feed.finished:
            self._records = self._join(self._lines.finish())
            self._joiner.flush_into(self._records)
        elif self._joiner.waiting and (hurry or self.wait_s() == 0):
            self._records = Records([], [], [])
            self._joiner.flush_into(self._records)
        else:
            return False
        self._next = 0
        return bool(data or self._records.texts)

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

    def _encode(self, batch: BatchBuilder) -> None:
        """Encodes records until the batch is full or there are no more."""
        records, first = self._records, self._next
        if first >= len(records.texts):
            return  # a chunk that completed no record
        self._unread = 0
        encoded, taken, size_bytes = self._entries(*batch.room)
        self._misread.look(self.feed.path, taken, self._unread)
        self._next = first + taken
        end = records.ends[self._next - 1]
        if self._next >= len(records.texts):
            self._records, self._next = _NONE, 0
        if taken > len(encoded):
            self._leave_out(taken - len(encoded))
        if not encoded:
            # Too old, all of them. The next batch's range begins before them; until then a restart skips them again.
            return
        self._health.entries_read += len(encoded)
        place = self.feed.place(end)
        span = Span(self._job, place, self._end, self._instants.last_ns, self._instants.stated)
        batch.add(self._label_text, encoded, len(encoded), size_bytes, span)
        self._end = end

    def _entries(self, max_entries: int, room_bytes: int) -> tuple[list[bytes], int, int]:
        """The next records encoded, but for those that are too old; how many records they were, and the bytes."""
        span = slice(self._next, self._next + max_entries)
        texts, heads = self._records.texts[span], self._records.heads[span]
        assign, now_ns = self._instants.assign, self._clock.now_ns()
        oldest_ns = now_ns - self._max_age_ns if self._max_age_ns else -(1 << 63)
        quickly = self._quick.read(texts, heads) if self._quick else repeat(None)
        encoded: list[bytes] = []
        size_bytes = taken = 0
        for text, known in zip(texts, quickly, strict=False):
            if known is not None:
                attributes, ns = known
            else:
                text, attributes, ns = self._parse(text)
            taken += 1
            if ns is not None and ns < oldest_ns:
                continue
            entry = encode_packed(assign(ns, now_ns), text, attributes)
            encoded.append(entry)
            size_bytes += len(entry)
            if size_bytes >= room_bytes:
                break
        return encoded, taken, size_bytes

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

    def _leave_out(self, count: int) -> None:
        """Counts lines that are too old, and says so once for each file: a first start finds weeks of them."""
        if not self._told_too_old:
            self._told_too_old = True
            age = format_duration(self._max_age_ns)
            _log.info("lines of %s older than %s are left out: the server keeps none of that age", self.feed.path, age)
        self._health.entries_too_old += count

    def _unparsed(self, text: str) -> Parsed:
        """Stands in for a format that raised: logs the first failure in full and counts all."""
        self._health.format_failures += 1
        if self._health.format_failures == 1:
            _log.exception("the format of job %s failed on a record of %s; it is sent whole", self._job, self.feed.path)
        return Parsed(text, {}, None, False)
