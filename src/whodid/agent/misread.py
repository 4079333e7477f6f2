"""Tells when a source is not what its settings say: its lines are stored, but `who` finds nothing in them.

`Misread` watches what the agent reads, `misread_tail` looks at a file's end for `whodid check`. A record counts as
unread when nothing at all was had of it: a program that the auth format does not know is no reason for a warning.
"""

import logging
import os
from itertools import dropwhile
from pathlib import Path

from whodid.agent.records import RecordJoiner, Records
from whodid.agent.settings import SourceSettings
from whodid.formats.format import Format, Parsed
from whodid.formats.postgres import DEFAULT_PREFIX
from whodid.sources.lines import Lines, LineSplitter

FIRST_RECORDS = 20
TAIL_BYTES = 64 << 10
MIN_LINES = 5
"""Fewer say too little: one broken record may be all there is."""
_log = logging.getLogger(__name__)


def unread(parsed: Parsed) -> bool:
    """Whether nothing could be had of a record."""
    return not parsed.understood and not parsed.attributes


class Misread:
    """Warns once if all of a source's first records are unread; holds one number."""

    __slots__ = ("_settled", "_source", "_unread")

    def __init__(self, source: SourceSettings) -> None:
        self._source = source
        self._unread = 0
        self._settled = False

    def look(self, path: str, records: int, unread_records: int) -> None:
        """Takes note of the next records of `path`, as many as came together."""
        if self._settled:
            return
        self._unread += unread_records
        self._settled = unread_records < records or self._unread >= FIRST_RECORDS
        if self._settled and unread_records == records:
            told = explain_misread(self._source, f"its first {self._unread} records")
            _log.warning("job %s: %s: %s", self._source.job, path, told)


def misread_tail(source: SourceSettings, path: Path, format: Format) -> str | None:
    """What is wrong with the last lines of a file, read in the source's own format; None: nothing, or too few lines."""
    with path.open("rb") as file:
        begin = max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES)
        file.seek(begin)
        data = file.read(TAIL_BYTES)
    if begin:
        data = data[data.find(b"\n") + 1 :]  # the first line is not whole
    # Nor is the first record, perhaps.
    texts = list(dropwhile(lambda line: format.continues(line, ""), filter(None, LineSplitter().feed(data).texts)))
    joiner = RecordJoiner(format.continues)
    records = joiner.feed(Lines(texts, [0] * len(texts)))
    joiner.flush_into(records)
    if len(texts) < MIN_LINES or not _all_unread(records, format):
        return None
    return explain_misread(source, f"its last {len(texts)} lines")


def _all_unread(records: Records, format: Format) -> bool:
    return all(unread(format.parse(text)) for text in records.texts)


def explain_misread(source: SourceSettings, which: str) -> str:
    """What to say of records of which none is understood."""
    inside = dict(source.options).get("inner", "")
    if source.format != "postgres":
        return f"none of {which} is understood as {inside or source.format}"
    prefix = source.line_prefix or DEFAULT_PREFIX
    return f'none of {which} begins with line_prefix "{prefix}"; set it to what SHOW log_line_prefix prints'
