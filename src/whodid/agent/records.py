"""Lines into records: a record may span lines, and only its format knows where the next begins. Pure.

The last record of a file is complete when the next begins, or when the file has been silent for a while. PostgreSQL
writes one message with one write(2), so its lines are in the file together: 100 ms of silence are ample for it, and
keep the way to the server well under a second.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from whodid.formats.format import Head
from whodid.sources.lines import Lines


class Records(NamedTuple):
    """Records' texts; the offset just behind each in its file, where the next one begins; and the head of each one's
    first line, where the format finds it at a glance. Three lists, because a tuple per record is dear."""

    texts: list[str]
    ends: list[int]
    heads: list[Head | None]


class RecordJoiner:
    """Joins the lines of one file. `continues` and `find_heads` are the format's."""

    __slots__ = ("_continues", "_end", "_find_heads", "_head", "_max", "_text", "divided")

    def __init__(
        self,
        continues: Callable[[str, str], bool],
        max_record_bytes: int = 1 << 20,
        find_heads: Callable[[Sequence[str]], list[Head | None]] | None = None,
    ) -> None:
        self._continues = continues
        self._find_heads = find_heads
        self._max = max_record_bytes
        self._text: str | None = None
        self._end = 0
        self._head: Head | None = None
        self.divided = 0
        """How many records were too long and became several."""

    @property
    def waiting(self) -> bool:
        """Whether a record waits for the line that shows it is complete."""
        return self._text is not None

    def feed(self, lines: Lines) -> Records:
        """The records that `lines` complete."""
        texts, ends = lines
        heads = self._find_heads(texts) if self._find_heads else [None] * len(texts)
        records = Records([], [], [])
        at, count = 0, len(texts)
        heads.append(None)  # so that every stretch of heads ends
        while at < count:
            if self._head is None or heads[at] is None:
                self._add(texts[at], ends[at], heads[at], records)
                at += 1
                continue
            # A stretch of lines with heads: each is complete when the next begins. This is nearly the whole of a log.
            stop = heads.index(None, at)
            self.flush_into(records)
            records.texts.extend(texts[at : stop - 1])
            records.ends.extend(ends[at : stop - 1])
            records.heads.extend(heads[at : stop - 1])
            self._text, self._end, self._head = texts[stop - 1], ends[stop - 1], heads[stop - 1]
            at = stop
        return records

    def flush_into(self, records: Records) -> None:
        """Adds the waiting record, taken as complete."""
        if self._text is None:
            return
        records.texts.append(self._text)
        records.ends.append(self._end)
        records.heads.append(self._head)
        self._text = self._head = None

    def _add(self, line: str, end: int, head: Head | None, records: Records) -> None:
        """One line, of which the format has to be asked."""
        text = self._text
        if text is None or not self._continues(line, text):
            self.flush_into(records)
            self._text, self._head = line, head
        elif len(text) + len(line) >= self._max:
            self.divided += 1
            self.flush_into(records)
            self._text, self._head = line, head
        else:
            self._text = None  # else the text would be copied for each line that is added to it
            text += "\n" + line
            self._text = text
        self._end = end
