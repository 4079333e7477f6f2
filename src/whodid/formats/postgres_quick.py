"""The quick way for what nearly every line of a busy PostgreSQL log is: a statement, or a duration, on one line.

Sound, not complete: it answers only where it says exactly what `Postgres.parse` would say; a property test holds the
two equal. What depends on a part of the line alone (the names of a head, the operation of a statement) is kept in its
encoded form, so that a line costs little more than finding its parts. Made by postgres.py; called by the agent for
each record.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from operator import itemgetter
from typing import Final

from whodid.formats.format import Head, Pack
from whodid.formats.postgres_prefix import RUN, Prefix
from whodid.formats.postgres_session import Session, Sessions, contradiction, jump, names_of
from whodid.formats.redact import may_hold_secret
from whodid.pgsql import DIGITS_ALIKE, digits_matter, worst_of

_Values = tuple[str | None, ...]
_KIND: Final = r"(?:(statement: )|duration: ([0-9]+\.?[0-9]*) ms(?=\Z|  ))?((?!))?"
"""How the messages begin that a busy log consists of. Its last group stands for what a prefix has not: it is empty."""
_STATEMENT, _DURATION, _NEVER = -3, -2, -1
_MOST_HEADS: Final = 20_000
_MOST_SHAPES: Final = 4096
_MOST_VALUES: Final = 16_384
_LONGEST_SHAPE: Final = 1500
"""Bytes of a statement beyond which its answer is not kept: it would hardly come again, and memory is bounded."""
_INSIGNIFICANT: Final = {"txid": "0", "query_id": "0", "sqlstate": "00000"}


class _Packed(dict[str | None, bytes]):
    """The encoded forms of one attribute's values, made when first asked for."""

    __slots__ = ("_insignificant", "_name", "_pack")

    def __init__(self, name: str, pack: Pack) -> None:
        super().__init__()
        self._name, self._pack, self._insignificant = name, pack, _INSIGNIFICANT.get(name)

    def __missing__(self, value: str | None) -> bytes:
        if len(self) >= _MOST_VALUES:
            self.clear()
        packed = self._pack(self._name, _utf8(value)) if value and value != self._insignificant else b""
        self[value] = packed
        return packed


class _Numbers(dict[str | None, tuple[int, bytes]]):
    """The same for line numbers, with the number."""

    __slots__ = ("_pack",)

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        self._pack = pack

    def __missing__(self, value: str | None) -> tuple[int, bytes]:
        if len(self) >= _MOST_VALUES:
            self.clear()
        number = (int(value), self._pack("line_no", value.encode())) if value else (0, b"")
        self[value] = number
        return number


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
        packed = self._pack("operation", _utf8(operation))
        if table:
            packed += self._pack("table", _utf8(table))
        if len(raw) <= _LONGEST_SHAPE:
            kept, key = (self._exact, raw) if digits_matter(sql) else (self, shape)
            if len(kept) >= _MOST_SHAPES:
                kept.clear()
            kept[key] = packed
        return packed


class _KnownHead:
    """A head that was found to be in order."""

    __slots__ = ("names", "packed", "states_session", "values")

    def __init__(self, values: dict[str, str], packed: bytes) -> None:
        self.values = values
        self.names = names_of(values)
        self.packed = packed
        self.states_session = "session" in values


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
        "_longest",
        "_match",
        "_numbers",
        "_operations",
        "_pack",
        "_pid_at",
        "_pids",
        "_sessions",
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
        self._match = re.compile(prefix.ordinary + _KIND).match
        self._longest = prefix.longest
        self._sessions = sessions
        self._head_of = head_of
        self._instant = instant
        self._pack = pack
        runs = [at for at, name in enumerate(layout) if name == RUN]
        self._key: Callable[[_Values], Hashable] = itemgetter(*runs)
        self._pid_at, self._line_no_at = (layout.index(n) if n in layout else _NEVER for n in ("pid", "line_no"))
        self._stamp_at = next((at for at, name in enumerate(layout) if name in ("stamp", "epoch")), _NEVER)
        self._pids, self._ids, self._numbers = _Packed("pid", pack), _Packed("session", pack), _Numbers(pack)
        self._varying = tuple((at, _Packed(name, pack)) for at, name in enumerate(layout) if name in _INSIGNIFICANT)
        self._operations = _Operations(pack)
        self._heads: dict[Hashable, _KnownHead] = {}
        self._completed = pack("outcome", b"completed")
        self._duration = pack("operation", b"duration") + self._completed
        self._distrust = pack("trust", b"suspect")

    def heads(self, lines: Sequence[str]) -> list[Head | None]:
        """Those of ordinary lines with no second end of a head in them: there is no other way to read them."""
        match = self._match
        return [head if line.count(":  ") == 1 and (head := match(line)) else None for line in lines]

    def read(self, records: Sequence[str], heads: Sequence[Head | None]) -> Iterator[tuple[bytes, int | None] | None]:
        known_heads, key, tell, of_session = self._heads, self._key, self._tell, self._of_session
        pid_at, line_no_at, stamp_at, varying = self._pid_at, self._line_no_at, self._stamp_at, self._varying
        stamp, ns = None, self._instant(None)
        for record, head in zip(records, heads, strict=True):
            if head is None:
                yield None
                continue
            values = head.groups()
            known, pid = known_heads.get(key(values)) or self._learn_head(record, head), values[pid_at]
            if known is None or pid is None:
                yield None
                continue
            sql, told = tell(record, head, values)
            if told is None:
                yield None
                continue
            for at, packed in varying:
                told += packed[values[at]]
            if values[stamp_at] != stamp:
                stamp = values[stamp_at]
                ns = self._instant(stamp)
            yield of_session(known, pid, values[line_no_at], sql) + told, ns

    def _of_session(self, known: _KnownHead, pid: str, line_no: str | None, sql: str | None) -> bytes:
        """Everything that the line's session has a say in, encoded; the session learns what the line says of it."""
        session = self._sessions.get(pid)
        if session is None or (line_no == "1" and session.last_line > 1):
            session = self._sessions.begin(pid, Session(session_id=known.values.get("session", "")))
        if sql is not None:
            session.statement = sql
        number, numbered = self._numbers[line_no]
        last, why = session.last_line, ""
        if number > last:
            session.last_line = number
            if last and number != last + 1:
                why = jump(last, number)
        if session.known is known and not why:
            return session.packed + numbered
        if session.received or session.authorized:
            why = contradiction(session, known.values) or why
        packed = known.packed + self._pids[pid]
        if session.id and not known.states_session:
            packed += self._ids[session.id]
        if why:
            return packed + numbered + self._distrust + self._pack("trust_why", _utf8(why))
        session.learn(known.names)
        session.known, session.packed = known, packed
        return packed + numbered

    def _tell(self, record: str, head: Head, values: _Values) -> tuple[str | None, bytes | None]:
        """The statement that begins with this record, if one does; and what the message says, encoded: None where it
        is none of the frequent kinds."""
        if "\n" in record:
            # The server puts a tab before the further lines of a statement. Anything else needs a closer look.
            if record.count("\n") != record.count("\n\t") or record.count(":  ") != 1:
                return None, None
            record = record.replace("\n\t", "\n")
        if values[_STATEMENT] is not None:
            sql = record[head.end() :]
        elif (number := values[_DURATION]) is not None:
            return None, self._tell_duration(record, head.end(), number)
        else:
            executed = _executed(record, head.end())
            if executed is None:
                return None, None
            sql = executed
        return sql, self._tell_statement(sql)

    def _learn_head(self, record: str, head: Head) -> _KnownHead | None:
        """For a head that is new here."""
        if head.end() > self._longest:
            return None  # longer than the server writes any, and memory is bounded
        values = self._head_of(record)
        if values is None or may_hold_secret(record[: head.end()]):
            return None
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        packed = b"".join([self._pack(name, _utf8(value)) for name, value in values.items()])
        known = self._heads[self._key(head.groups())] = _KnownHead(values, packed)
        return known

    def _tell_duration(self, record: str, at: int, number: str) -> bytes | None:
        """`duration: 1.234 ms` up to `at`, alone or before the statement that it took."""
        duration = self._pack("duration_ms", number.encode())
        if at == len(record):
            return self._duration + duration
        sql = record[at + 13 :] if record.startswith("  statement: ", at) else _executed(record, at + 2)
        told = self._tell_statement(sql) if sql is not None else None
        return self._completed + duration + told if told is not None else None

    def _tell_statement(self, sql: str) -> bytes | None:
        try:
            raw = sql.encode()
        except UnicodeEncodeError:
            return None
        shape = raw.translate(DIGITS_ALIKE)
        told = self._operations.get(shape) or self._operations.judge(sql, raw, shape)
        return told + self._pack("statement", raw) if told is not None else None


def _executed(record: str, at: int) -> str | None:
    """The statement of `execute name: …` at this place, unless the name (a client's choice) has to be looked at."""
    if not record.startswith("execute ", at) or record.startswith("fetch from ", at + 8):
        return None
    end = record.find(": ", at + 8)
    return record[end + 2 :] if end >= 0 and not may_hold_secret(record[at:end]) else None


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
