"""systemd's journal, followed through `journalctl` as a child process, by cursor.

The child is asked for the record at the cursor (not the one behind it): if what comes first is another one, the record
was vacuumed away and so may be others, and that is said instead of skipping one more in silence. Called by the agent.
What a record says is the format `journal`; its line here is the record as one JSON object, unless another format is
to read what was said. Source: journalctl(1).
"""

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from whodid.model.clock import SECOND, Clock, format_rfc3339
from whodid.sources.backoff import Backoff
from whodid.sources.journal_export import ExportParser, Fields
from whodid.sources.receiver import Inboxes, Origin, Received

READ_BYTES: Final = 1 << 20
TERMINATE_S: Final = 2.0
_MATCH: Final = re.compile(r"[A-Z0-9_]+=.*|\+", re.DOTALL)
PRIORITIES: Final = ("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug")
"""As Promtail calls them."""
_NUMBERS: Final = frozenset("01234567")
_log = logging.getLogger(__name__)
_to_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """The journal as a source; names as in Promtail's `journal`."""

    path: str = ""
    """Directory of journal files, or one such file; empty: the system's own journal."""
    max_age_ns: int = 7 * 3600 * SECOND
    """How far back the very first start reads; later ones go on where reading stood."""
    matches: str = ""
    """Which records: `FIELD=value` with blanks between, as journalctl takes them (`_SYSTEMD_UNIT=ssh.service`)."""
    json: bool = False
    """Whether the whole record is the line, as a JSON object; otherwise its MESSAGE is."""
    max_field_bytes: int = 256 << 10
    """Longer fields are cut, with a mark that says so."""
    max_record_bytes: int = 1 << 20
    """Of a longer record the fields beyond are cut."""


class JournalReceiver:
    """Follows one journal."""

    def __init__(
        self,
        settings: JournalSettings,
        clock: Clock,
        program: Sequence[str] = ("journalctl",),
        make: Callable[[Fields], str | None] | None = None,
        *,
        discovers: bool = False,
        begin: str = "",
    ) -> None:
        """`make`: the line of a record's fields, None for no line; without it the line is for the format `journal`.
        `discovers`: whether records carry their fields as labels for relabelling. `begin`: a cursor, of the last record
        that somebody else has read before the very first start."""
        self._settings = settings
        self._clock = clock
        self._make = make
        self._discovers = discovers
        self._begin = begin
        self._program = tuple(program)
        self._told: set[str] = set()  # problems are said once
        self._malformed = 0
        self._unknown_cursor = ""

    async def run(self, inbox_for: Inboxes) -> None:
        inbox = inbox_for(Origin("journal", format="journal"))
        backoff = Backoff()
        while True:
            try:
                cursor = inbox.cursor() or self._begin
                async for records in self._follow("" if cursor == self._unknown_cursor else cursor):
                    await inbox.put(records)
                    backoff.reset()
                    self._told.clear()
            except FileNotFoundError:
                self._tell("cannot read the journal: there is no journalctl here (package systemd). It is tried again")
            await self._clock.sleep(backoff.next_s())

    def command(self, cursor: str) -> list[str]:
        """What is run to go on behind a cursor, or to begin where there is none."""
        settings = self._settings
        out = [*self._program, "--output=export", "--all", "--no-pager", "--follow", "--lines=all"]
        if settings.path:
            out.append(f"--{'directory' if Path(settings.path).is_dir() else 'file'}={settings.path}")
        if cursor:
            out.append(f"--cursor={cursor}")
        else:
            out.append(f"--since=@{max(0, self._clock.now_ns() - settings.max_age_ns) // SECOND}")
        return [*out, *read_matches(settings.matches)]

    async def _follow(self, cursor: str) -> AsyncIterator[list[Received]]:
        """Records of one child, until it ends."""
        child = await asyncio.create_subprocess_exec(
            *self.command(cursor),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=READ_BYTES,
            env={**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
        )
        assert child.stdout is not None
        assert child.stderr is not None
        complaints = asyncio.create_task(self._listen(child.stderr, cursor))
        parser = ExportParser(self._settings.max_field_bytes, self._settings.max_record_bytes)
        awaited = cursor
        try:
            while data := await child.stdout.read(READ_BYTES):
                entries = parser.feed(data)
                if awaited and entries:
                    entries = entries[1:] if self._is_at(awaited, entries[0]) else entries
                    awaited = ""
                self._count(parser)
                if records := [record for fields in entries if (record := self._record(fields)) is not None]:
                    yield records
            await child.wait()
            await complaints
            self._tell(f"journalctl ended with status {child.returncode}; it is started again")
        finally:
            await _end(child)
            complaints.cancel()

    def _is_at(self, cursor: str, first: Fields) -> bool:
        """Whether the first record is the one at the cursor, which is written already."""
        found = str(first.get("__CURSOR", ""))
        if same_record(found, cursor):
            return True
        at_ns = _instant(first)
        _log.warning(
            "the journal does not have the record any more behind which reading stood (%s): records were vacuumed "
            "away, or `matches` was changed; goes on at the oldest that is left, of %s",
            cursor,
            format_rfc3339(at_ns) if at_ns is not None else "an unknown time",
        )
        return False

    def _record(self, fields: Fields) -> Received | None:
        kept = {name: value for name, value in fields.items() if not name.startswith("__")}
        line = _to_json(kept).decode() if self._make is None else self._make(kept)
        if line is None:
            return None
        cursor = fields.get("__CURSOR", "")
        return Received(
            line,
            _instant(fields),
            discovered=discovered(kept) if self._discovers else {},
            cursor=cursor if isinstance(cursor, str) else "",
        )

    def _count(self, parser: ExportParser) -> None:
        if parser.malformed > self._malformed:
            self._tell("journalctl writes lines that are no fields of a record; they are left out")
        self._malformed = parser.malformed

    async def _listen(self, stderr: asyncio.StreamReader, cursor: str) -> None:
        """Passes on what the child complains about."""
        while True:
            try:
                line = await stderr.readline()
            except ValueError:  # longer than READ_BYTES
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").strip()
            if "insufficient permissions" in text or "You are currently not seeing messages" in text:
                self._tell(
                    "cannot read all of the journal: add the agent's user to the group systemd-journal "
                    "(usermod --append --groups systemd-journal USER) and start it again"
                )
            elif "Failed to seek to cursor" in text:
                self._unknown_cursor = cursor
                self._tell(f"journalctl takes {cursor!r} for no place to go on at; begins as at a first start: {text}")
            elif text:
                self._tell(f"journalctl says: {text:.500}")

    def _tell(self, message: str) -> None:
        if message not in self._told and len(self._told) < 100:
            self._told.add(message)
            _log.warning("%s", message)


def message(fields: Fields) -> str | None:
    """What was said; None where nothing was."""
    return single(fields)["MESSAGE"] if "MESSAGE" in fields else None


def single(fields: Fields) -> dict[str, str]:
    """The fields with one value each: of several the last, as Promtail has it."""
    return {name: value if isinstance(value, str) else value[-1] for name, value in sorted(fields.items())}


def discovered(fields: Fields) -> dict[str, str]:
    """The fields as Promtail's rules know them."""
    found = {f"__journal_{name.lower()}": value for name, value in single(fields).items()}
    priority = found.get("__journal_priority", "")
    if priority:
        keyword = PRIORITIES[int(priority)] if priority in _NUMBERS else priority
        found["__journal_priority_keyword"] = keyword
    return {name: value for name, value in found.items() if value}


def read_matches(text: str) -> list[str]:
    """The single matches of a text. Raises ValueError for what could be an option of journalctl."""
    matches = text.split()
    for match in matches:
        if not _MATCH.fullmatch(match):
            raise ValueError(f"journal: matches: {match!r} is no FIELD=value: name the field in capitals")
    return matches


def same_record(cursor: str, other: str) -> bool:
    """Whether two cursors mean the same record, perhaps in a copy of its file (other `s`, other `i`)."""
    if cursor == other:
        return True
    ours, theirs = (dict(part.partition("=")[::2] for part in text.split(";")) for text in (cursor, other))
    return all(ours.get(name) == theirs.get(name) is not None for name in "bmtx")


def _instant(fields: Fields) -> int | None:
    """When journald received the record."""
    stamp = fields.get("__REALTIME_TIMESTAMP", "")
    return int(stamp) * 1000 if isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() else None


async def _end(child: asyncio.subprocess.Process) -> None:
    """Ends a child that still runs."""
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), TERMINATE_S)
        except TimeoutError:
            child.kill()
            await child.wait()
