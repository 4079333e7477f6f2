"""Lines into records: a record may span lines, and only its format knows where the next begins. Pure.

The last record of a file is complete when the next begins, or when the file has been silent for a while. PostgreSQL
writes one message with one write(2), so its lines are in the file together: 100 ms of silence are ample for it, and
keep the way to the server well under a second.
"""

from collections.abc import Callable
from typing import NamedTuple

from whodid.sources.lines import Lines


class Record(NamedTuple):
    """A record's text and the offset just behind it in its file. It begins where the record before it ended."""

    text: str
    end: int


class RecordJoiner:
    """Joins the lines of one file. `continues` is the format's."""

    __slots__ = ("_continues", "_end", "_max", "_text", "divided")

    def __init__(self, continues: Callable[[str, str], bool], max_record_bytes: int = 1 << 20) -> None:
        self._continues = continues
        self._max = max_record_bytes
        self._text: str | None = None
        self._end = 0
        self.divided = 0
        """How many records were too long and became several."""

    @property
    def waiting(self) -> bool:
        """Whether a record waits for the line that shows it is complete."""
        return self._text is not None

    def feed(self, lines: Lines) -> list[Record]:
        """The records that `lines` complete."""
        records: list[Record] = []
        text, end, continues, limit = self._text, self._end, self._continues, self._max
        for line, line_end in zip(lines.texts, lines.ends, strict=True):
            if text is None:
                text = line
            elif not continues(line, text):
                records.append(Record(text, end))
                text = line
            elif len(text) + len(line) >= limit:
                self.divided += 1
                records.append(Record(text, end))
                text = line
            else:
                text += "\n" + line
            end = line_end
        self._text, self._end = text, end
        return records

    def flush(self) -> list[Record]:
        """The waiting record, taken as complete."""
        if self._text is None:
            return []
        record = Record(self._text, self._end)
        self._text = None
        return [record]
