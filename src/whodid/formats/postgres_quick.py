"""The quick way for what nearly every line of a busy PostgreSQL log is: a statement, or a duration, on one line.

Sound, not complete: it answers only where it says exactly what `Postgres.parse` would say; a property test holds the
two equal. What depends on a part of the line alone (the names of a head, the operation of a statement) is kept in its
encoded form, so that a line costs little more than finding its parts. Made by postgres.py; called by the agent for
each record.
"""

from collections.abc import Callable, Hashable
from operator import itemgetter
from typing import Final

from whodid.formats.format import Head, Pack
from whodid.formats.postgres_prefix import RUN, Prefix
from whodid.formats.postgres_session import Session, Sessions, contradiction
from whodid.formats.redact import may_hold_secret
from whodid.pgsql import DIGITS_ALIKE, digits_matter, worst_of

_MOST_HEADS: Final = 20_000
_MOST_SHAPES: Final = 4096
_MOST_VALUES: Final = 16_384
_LONGEST_SHAPE: Final = 1500
"""Bytes of a statement beyond which its answer is not kept: it would hardly come again, and memory is bounded."""
_INSIGNIFICANT: Final = {"line_no": "", "txid": "0", "query_id": "0", "sqlstate": "00000"}


class _KnownHead:
    """A head that was found to be in order."""

    __slots__ = ("known", "packed", "states_session")

    def __init__(self, known: dict[str, str], pack: Pack) -> None:
        self.known = known
        self.packed = b"".join([pack(name, value.encode("utf-8", "replace")) for name, value in known.items()])
        self.states_session = "session" in known


class _Packed(dict[str | None, bytes]):
    """The encoded forms of one attribute's values, made when first asked for."""

    __slots__ = ("_insignificant", "_name", "_pack")

    def __init__(self, name: str, pack: Pack) -> None:
        super().__init__()
        self._name, self._pack, self._insignificant = name, pack, _INSIGNIFICANT.get(name)

    def __missing__(self, value: str | None) -> bytes:
        if len(self) >= _MOST_VALUES:
            self.clear()
        kept = self._pack(self._name, value.encode()) if value and value != self._insignificant else b""
        self[value] = kept
        return kept


class _Operations(dict[bytes, bytes]):
    """`operation` and `table`, encoded, by the text of a statement with its digits made alike."""

    __slots__ = ("_exact", "_pack")

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self._pack = pack
        self._exact: dict[bytes, bytes] = {}
        """By the text itself, where its digits matter (`t1`, `$1`): frameworks send the same few over and over."""

    def judge(self, sql: str, raw: bytes, shape: bytes) -> bytes | None:
        """For a text whose shape is new. None where it may hold a secret."""
        packed = self._exact.get(raw)
        if packed is not None:
            return packed
        if may_hold_secret(sql):
            return None
        operation, table = worst_of(sql)
        packed = self._pack("operation", operation.encode("utf-8", "replace"))
        if table:
            packed += self._pack("table", table.encode("utf-8", "replace"))
        if len(raw) <= _LONGEST_SHAPE:
            kept, key = (self._exact, raw) if digits_matter(sql) else (self, shape)
            if len(kept) >= _MOST_SHAPES:
                kept.clear()
            kept[key] = packed
        return packed


class Quick:
    """Reads the ordinary records of one log. It shares the sessions of the `Postgres` that made it."""

    __slots__ = (
        "_completed",
        "_distrust",
        "_duration",
        "_head_of",
        "_heads",
        "_ids",
        "_instant",
        "_key",
        "_line_no_at",
        "_ns",
        "_operations",
        "_pack",
        "_pid_at",
        "_pids",
        "_sessions",
        "_stamp",
        "_stamp_at",
        "_varying",
    )  # fmt: skip

    def __init__(
        self,
        prefix: Prefix,
        sessions: Sessions,
        head_of: Callable[[str], dict[str, str] | None],
        instant: Callable[[str | None], int | None],
        pack: Pack,
    ) -> None:
        """`head_of` says what the head of a record gives, where it is in order; `instant` reads a stamp."""
        layout = prefix.layout
        self._head_of = head_of
        self._instant = instant
        self._pack = pack
        self._sessions = sessions
        self._key: Callable[[tuple[str | None, ...]], Hashable] = itemgetter(
            *(at for at, name in enumerate(layout) if name == RUN)
        )
        self._pid_at = layout.index("pid") if "pid" in layout else None
        self._line_no_at = layout.index("line_no") if "line_no" in layout else None
        self._stamp_at = next((at for at, name in enumerate(layout) if name in ("stamp", "epoch")), None)
        self._varying = tuple((at, _Packed(name, pack)) for at, name in enumerate(layout) if name in _INSIGNIFICANT)
        self._pids = _Packed("pid", pack)
        self._ids = _Packed("session", pack)
        self._operations = _Operations(pack)
        self._heads: dict[Hashable, _KnownHead] = {}
        self._stamp: str | None = None
        self._ns: int | None = None
        self._completed = pack("outcome", b"completed")
        self._duration = pack("operation", b"duration") + self._completed
        self._distrust = pack("trust", b"suspect")

    def read(self, record: str, head: Head) -> tuple[bytes, int | None] | None:
        """What the record says; None, and nothing has changed, where it takes `parse` to say."""
        values = head.groups()
        known = self._heads.get(self._key(values)) or self._learn_head(record, head)
        pid = values[self._pid_at] if self._pid_at is not None else None
        if known is None or pid is None:
            return None
        sql, told = self._tell(record[head.end() :])
        if told is None:
            return None
        number = int(values[self._line_no_at] or 0) if self._line_no_at is not None else 0
        session = self._sessions.get(pid)
        if session is None or (number == 1 and session.last_line > 1):
            session = self._sessions.begin(pid, Session(session_id=known.known.get("session", "")))
        if sql is not None:
            session.statement = sql
        last = session.last_line
        why = ""
        if number > last:
            session.last_line = number
            if last and number != last + 1:
                why = f"line {number} of the session follows line {last}"
        packed = known.packed + self._pids[pid] + told
        for at, encoded in self._varying:
            packed += encoded[values[at]]
        if session.id and not known.states_session:
            packed += self._ids[session.id]
        if why or session.known is not known.known:
            packed += self._take_over(session, known.known, why)
        if self._stamp_at is not None and values[self._stamp_at] != self._stamp:
            self._stamp = values[self._stamp_at]
            self._ns = self._instant(self._stamp)
        return packed, self._ns

    def _learn_head(self, record: str, head: Head) -> _KnownHead | None:
        """For a head that is new here."""
        known = self._head_of(record)
        if known is None or may_hold_secret(record[: head.end()]):
            return None
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        learnt = self._heads[self._key(head.groups())] = _KnownHead(known, self._pack)
        return learnt

    def _tell(self, message: str) -> tuple[str | None, bytes | None]:
        """A statement that begins with this line, and what the message says, encoded: None where it is none of the
        frequent kinds."""
        if "\n" in message:
            if ":  " in message or message.count("\n") != message.count("\n\t"):
                return None, None
            message = message.replace("\n\t", "\n")  # the server's tabs before the further lines of a statement
        if message.startswith("duration: "):
            return None, self._tell_duration(message)
        sql = message[11:] if message.startswith("statement: ") else _executed(message, 0)
        return sql, self._tell_statement(sql) if sql is not None else None

    def _tell_duration(self, message: str) -> bytes | None:
        """`duration: 1.234 ms`, alone or with the statement it took."""
        end = message.find(" ms", 10)
        number = message[10:end]
        if end < 0 or not number.isascii() or not number.replace(".", "", 1).isdigit():
            return None
        duration = self._pack("duration_ms", number.encode())
        if end + 3 == len(message):
            return self._duration + duration
        sql = message[end + 16 :] if message.startswith("  statement: ", end + 3) else _executed(message, end + 5)
        told = self._tell_statement(sql) if sql is not None and message.startswith("  ", end + 3) else None
        return self._completed + duration + told if told is not None else None

    def _tell_statement(self, sql: str) -> bytes | None:
        try:
            raw = sql.encode()
        except UnicodeEncodeError:
            return None
        shape = raw.translate(DIGITS_ALIKE)
        told = self._operations.get(shape) or self._operations.judge(sql, raw, shape)
        return told + self._pack("statement", raw) if told is not None else None

    def _take_over(self, session: Session, known: dict[str, str], why: str) -> bytes:
        """For a head that is not that of the session's line before, or a line out of order: is it to be trusted?"""
        if session.received or session.authorized:
            why = contradiction(session, known) or why
        if why:
            session.known = None
            return self._distrust + self._pack("trust_why", why.encode("utf-8", "replace"))
        session.learn(known)
        session.known = known
        return b""


def _executed(message: str, at: int) -> str | None:
    """The statement of `execute name: …` at this place, unless the name (a client's choice) has to be looked at."""
    if not message.startswith("execute ", at) or message.startswith("fetch from ", at + 8):
        return None
    end = message.find(": ", at + 8)
    return message[end + 2 :] if end >= 0 and not may_hold_secret(message[at:end]) else None
