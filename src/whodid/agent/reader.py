"""One followed file becomes encoded entries in batches: bytes → lines → records → entries.

What becomes of a record is `encode.py`'s business (and `piped.py`'s); which files there are, and where entries go, is
`collector.py`'s and `pump.py`'s.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from whodid.agent.batch import BatchBuilder, Span
from whodid.agent.encode import NONE, Encoder
from whodid.agent.health import Health
from whodid.agent.labelling import Labelling
from whodid.agent.records import RecordJoiner, Records
from whodid.model.clock import Clock
from whodid.sources.encodings import BYTE_ORDER_MARK, Encoding, encoding_of
from whodid.sources.lines import Lines, LineSplitter
from whodid.sources.source import Feed
from whodid.sources.wide import WideSplitter, make_splitter

CHUNK_BYTES = 256 << 10
PACED_BYTES = 4 << 10
"""So much is read at once where a pipeline may ask to wait (`limit`)."""


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """Sizes and times of reading; see AgentSettings."""

    max_line_bytes: int
    max_record_bytes: int
    max_wait_s: float
    encoding: Encoding | None = None
    """None: what the file itself says, or UTF-8."""


class FileReader:
    """Reads one feed. Holds at most a chunk of entries, and one unfinished record."""

    def __init__(
        self,
        feed: Feed,
        job: str,
        label_text: str,
        continues: Callable[[str, str], bool],
        encoder: Encoder,
        limits: ReaderLimits,
        clock: Clock,
        health: Health,
    ) -> None:
        """`label_text`: of entries whose encoder says nothing else; `continues` is the format's."""
        self.feed = feed
        self._job = job
        self._label_text = label_text
        self._encoder = encoder
        self._clock = clock
        self._health = health
        self._max_wait_s = limits.max_wait_s
        self._limits = limits
        self._lines: LineSplitter | WideSplitter | None = None  # made when the first bytes say what they are
        self._joiner = RecordJoiner(continues, limits.max_record_bytes, encoder.quick.heads if encoder.quick else None)
        self._ready = NONE
        self._next = 0  # index of the first entry that is not in a batch yet
        self._end = feed.offset  # where the last entry that is in a batch ends
        self._last_data_s = clock.monotonic_s()

    def relabel(self, labelling: Labelling) -> None:
        """What is read from now on has other labels."""
        self._label_text = labelling.usual[1] if labelling.usual else ""
        self._encoder.relabel(labelling)

    @property
    def end(self) -> int:
        """Everything before this offset has gone into batches."""
        return self._end

    @property
    def left_out(self) -> bool:
        """Whether what was read last is left out, so that no batch will ever acknowledge it."""
        return self._encoder.skipped > self._end and not self._ready.entries

    def pass_over(self) -> int:
        """The offset up to which everything has been sent or left out; from now on the end."""
        self._end = self._encoder.skipped
        return self._end

    @property
    def at_end(self) -> bool:
        """Whether everything that is there has gone into batches, but for a record that is not complete."""
        return self.feed.finished or (not self._ready.entries and self.feed.size_bytes() <= self.feed.offset)

    @property
    def done(self) -> bool:
        """Whether the feed has ended and all of it has gone into batches."""
        return (
            self.feed.finished
            and not self._ready.entries
            and not self._joiner.waiting
            and not self._encoder.holding
            and not (self._lines and self._lines.unfinished_bytes)
        )

    def wait_s(self) -> float | None:
        """In how many seconds a record that waits, or is held back, is due; None when there is none."""
        if pause_s := self._encoder.pause_s():
            return pause_s
        due_s = self._encoder.due_s()
        if not self._joiner.waiting:
            return due_s
        joined_s = self._joined_in_s()
        return joined_s if due_s is None else min(due_s, joined_s)

    def _joined_in_s(self) -> float:
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
        """Gets the next entries. May return True with none, when a chunk completed none."""
        if self._encoder.pause_s():
            return False
        begin = self.feed.offset
        data = self.feed.read(PACED_BYTES if self._encoder.paced else CHUNK_BYTES)
        if data:
            self._last_data_s = self._clock.monotonic_s()
            lines = self._splitter(begin).feed(data)
            if begin == 0 and lines.texts:
                lines.texts[0] = lines.texts[0].removeprefix(BYTE_ORDER_MARK)
            records = self._join(lines)
        elif self.feed.finished:
            records = self._join(self._splitter(begin).finish())
            self._joiner.flush_into(records)
        elif self._joiner.waiting and (hurry or self._joined_in_s() == 0):
            records = Records([], [], [])
            self._joiner.flush_into(records)
        elif not self._encoder.holding:
            return False
        else:
            records = Records([], [], [])
        ready = self._encoder.encode(records) if records.texts else NONE
        if not ready.entries and self._encoder.holding:
            ready = self._encoder.flush(everything=not data and (hurry or self.feed.finished))
        self._ready = ready
        return bool(data or records.texts or ready.entries)

    def _splitter(self, offset: int) -> LineSplitter | WideSplitter:
        if self._lines is None:
            encoding = encoding_of(self.feed.head, self._limits.encoding)
            self._lines = make_splitter(encoding, offset, self._limits.max_line_bytes)
        return self._lines

    def _join(self, lines: Lines) -> Records:
        self._health.lines_read += len(lines.texts)
        if self._lines is not None and self._lines.cut_lines:
            self._health.lines_cut += self._lines.cut_lines
            self._lines.cut_lines = 0
        records = self._joiner.feed(lines)
        divided = self._joiner.divided
        self._health.records_divided += divided
        self._joiner.divided -= divided
        return records

    def _put(self, batch: BatchBuilder) -> None:
        """Puts of what is ready into the batch as much as there is room for: one entry too many, if they are long."""
        ready, first = self._ready, self._next
        if not batch.takes(ready.tenants[first] if ready.tenants else ""):
            return
        max_entries, room_bytes = batch.room
        before = ready.sizes[first - 1] if first else 0
        stop = min(bisect_left(ready.sizes, before + room_bytes, first) + 1, first + max_entries, len(ready.entries))
        if ready.tenants:
            stop = next((at for at in range(first, stop) if ready.tenants[at] != ready.tenants[first]), stop)
        while stop - 1 in ready.bound:
            stop += 1
        last = stop - 1
        span = Span(
            self._job, self.feed.place(ready.ends[last]), self._end, ready.instants[last], last >= ready.first_stated
        )
        if ready.labels is None:
            batch.add(self._label_text, ready.entries[first:stop], stop - first, ready.sizes[last] - before, span)
        else:
            self._put_streams(batch, first, stop, span)
        self._health.entries_read += stop - first
        self._end = ready.ends[last]
        self._next = stop
        if stop == len(ready.entries):
            self._ready, self._next = NONE, 0
            self.feed.settle(self._end)

    def _put_streams(self, batch: BatchBuilder, first: int, stop: int, span: Span) -> None:
        """The same for entries of several streams. They go into the batch together, so that each stretch may have the
        span of all."""
        ready = self._ready
        for label_text, run in groupby(range(first, stop), (ready.labels or []).__getitem__):
            stretch = list(run)
            entries = ready.entries[stretch[0] : stretch[-1] + 1]
            batch.add(label_text, entries, len(entries), sum(map(len, entries)), span)
