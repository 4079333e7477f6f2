"""The quick way for what nearly every line of a busy PostgreSQL log is: a statement, or a duration, on one line.

Sound, not complete: it answers only where it says exactly what `Postgres.parse` would say; a property test holds the
two equal. What depends on a part of the line alone (the names of a head, the operation of a statement) is kept in its
encoded form, so that a line costs little more than finding its parts. Made by postgres.py; called by the agent for
each chunk of records.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Final

from whodid.formats.format import Front, Head
from whodid.formats.postgres_prefix import RUN, VARYING, Prefix
from whodid.formats.postgres_session import Session, deceptive, names_of
from whodid.formats.postgres_witness import Sessions
from whodid.pgsql import DIGITS_ALIKE, Shapes, may_change_logging, shape_of, worst_of

_KIND: Final = r"(?:(statement: )|duration: ([0-9]+\.?[0-9]*) ms(?=$|  ))?((?!))?"
"""How the messages begin that a busy log consists of. Its last group stands for what a prefix has not: it is empty."""
_STATEMENT, _DURATION, _NEVER, _REST = -4, -3, -2, -1
_MOST_HEADS: Final = 20_000
_MOST_SHAPES: Final = 4096
_MOST_VALUES: Final = 16_384
_LONGEST_SHAPE: Final = 1500
"""Bytes of a statement beyond which its answer is not kept: it would hardly come again, and memory is bounded."""
_INSIGNIFICANT: Final = {"txid": "0", "query_id": "0", "sqlstate": "00000"}


class _Fronts(dict[int, bytes]):
    """What stands before the values of one attribute, by how long they are; `others` before that."""

    __slots__ = ("_front", "_name", "_others")

    def __init__(self, name: str, front: Front, others: bytes = b"") -> None:
        super().__init__()
        self._name, self._front, self._others = name, front, others

    def __missing__(self, size_bytes: int) -> bytes:
        if len(self) >= _MOST_VALUES:
            self.clear()
        made = self[size_bytes] = self._others + self._front(self._name, size_bytes)
        return made


class _Packed(dict[str, bytes]):
    """The encoded forms of one attribute's values, made when first asked for."""

    __slots__ = ("_front", "_insignificant", "_name")

    def __init__(self, name: str, front: Front) -> None:
        super().__init__()
        self._name, self._front, self._insignificant = name, front, _INSIGNIFICANT.get(name)

    def __missing__(self, value: str) -> bytes:
        if len(self) >= _MOST_VALUES:
            self.clear()
        packed = _pair(self._front, self._name, value) if value and value != self._insignificant else b""
        self[value] = packed
        return packed


class _Parts(dict[str | None, tuple[dict[str, str], bytes] | None]):
    """What the values of one name in a head say to every line of a session, and the same encoded; None for those that
    have to be looked at."""

    __slots__ = ("_front", "_name", "_significant")

    def __init__(
        self, name: str, significant: Callable[[Mapping[str, str | None]], dict[str, str]], front: Front
    ) -> None:
        super().__init__()
        self._name, self._significant, self._front = name, significant, front

    def __missing__(self, value: str | None) -> tuple[dict[str, str], bytes] | None:
        if len(self) >= _MOST_VALUES:
            self.clear()
        found = self._significant({self._name: value})
        packed = b"".join([_pair(self._front, name, text) for name, text in found.items()])
        part = self[value] = None if deceptive(found) else (found, packed)
        return part


class _Numbers(dict[str, tuple[int, bytes]]):
    """The same for line numbers, with the number."""

    __slots__ = ("_front",)

    def __init__(self, front: Front) -> None:
        super().__init__()
        self._front = front

    def __missing__(self, value: str) -> tuple[int, bytes]:
        if len(self) >= _MOST_VALUES:
            self.clear()
        number = (int(value), _pair(self._front, "line_no", value)) if value else (0, b"")
        self[value] = number
        return number


class _KnownHead:
    """A head that was found to be in order. Small, and of values shared with others: thousands of them are in use
    where sessions are short, and what is not in the processor's cache is dear."""

    __slots__ = ("names", "packed", "port", "session_id")

    def __init__(self, values: dict[str, str], packed: bytes) -> None:
        self.names = names_of(values)
        self.packed = packed
        self.session_id = values.get("session", "")
        self.port = values.get("port", "")


class Quick:
    """Reads the ordinary records of one log. It shares the sessions of the `Postgres` that made it."""

    __slots__ = (
        "_completed",
        "_distrust",
        "_durations",
        "_durations_alone",
        "_find_all",
        "_front",
        "_heads",
        "_ids",
        "_instant",
        "_key",
        "_last_run_at",
        "_line_no_at",
        "_longest",
        "_numbers",
        "_one_line",
        "_operations",
        "_parts",
        "_pid_at",
        "_pids",
        "_ports",
        "_sessions",
        "_severity",
        "_severity_group",
        "_stamp_at",
        "_statements",
        "_strict",
        "_suspicious",
        "_varying",
        "_whys",
    )  # fmt: skip

    def __init__(
        self,
        prefix: Prefix,
        sessions: Sessions,
        significant: Callable[[Mapping[str, str | None]], dict[str, str]],
        instant: Callable[[str | None], int | None],
        front: Front,
        suspicious: Callable[[Sequence[str]], list[int]],
    ) -> None:
        """`significant` makes attributes of a head's values; `instant` reads a stamp; `suspicious` says which of many
        texts may hold a secret: those are left to `parse`."""
        layout = prefix.layout
        # One run over many lines, which has a row of groups for each of them: empty ones where a head does not fit.
        self._find_all = re.compile(f"^(?:{prefix.ordinary}{_KIND})?(.*)$", re.MULTILINE).findall
        self._one_line = not any("\n" in piece.literal for piece in prefix.pieces)
        self._longest = prefix.longest
        self._sessions = sessions
        self._strict, self._severity_group = prefix.strict.match, len(prefix.names)
        groups = {name: group for group, name in enumerate(prefix.names) if name not in VARYING}
        self._parts = tuple((group, _Parts(name, significant, front)) for name, group in groups.items())
        self._severity = _pair(front, "severity", "LOG")
        self._instant = instant
        self._front = front
        self._suspicious = suspicious
        runs = [at for at, name in enumerate(layout) if name == RUN]
        self._key: Callable[[Head], Hashable] = itemgetter(*runs)
        self._last_run_at = runs[-1]
        self._pid_at, self._line_no_at = (layout.index(n) if n in layout else _NEVER for n in ("pid", "line_no"))
        self._stamp_at = next((at for at, name in enumerate(layout) if name in ("stamp", "epoch")), _NEVER)
        self._pids, self._ids, self._numbers = _Packed("pid", front), _Packed("session", front), _Numbers(front)
        self._ports = _Packed("port", front)
        self._varying = tuple((at, _Packed(name, front)) for at, name in enumerate(layout) if name in _INSIGNIFICANT)
        self._operations = Shapes(self._operation, _MOST_SHAPES, _LONGEST_SHAPE)
        self._statements, self._durations = _Fronts("statement", front), _Fronts("duration_ms", front)
        self._whys = _Fronts("trust_why", front)
        self._heads: dict[Hashable, _KnownHead] = {}
        self._completed = _pair(front, "outcome", "completed")
        self._durations_alone = _Fronts("duration_ms", front, _pair(front, "operation", "duration") + self._completed)
        self._distrust = _pair(front, "trust", "suspect")

    labels: Mapping[int, Mapping[str, str]] = MappingProxyType({})

    def heads(self, lines: Sequence[str]) -> list[Head | None]:
        """Those of ordinary lines with no second end of a head in them: there is no other way to read them."""
        if not lines or not self._one_line:
            return [None] * len(lines)
        text, at = "\n".join(lines), self._last_run_at
        rows: list[Head] = self._find_all(text)
        if text.count(":  ") == len(lines) and all(map(itemgetter(at), rows)):
            return list(rows)  # there is one in each head, so there is no other
        return [row if line.count(":  ") == 1 and row[at] else None for line, row in zip(lines, rows, strict=True)]

    def read(
        self,
        records: list[str],
        heads: Sequence[Head | None],
        attributes: list[bytes],
        instants: list[int | None],
    ) -> Iterator[None]:
        known_heads, key, numbers, sessions = self._heads, self._key, self._numbers, self._sessions.by_pid
        pid_at, line_no_at, stamp_at, varying = self._pid_at, self._line_no_at, self._stamp_at, self._varying
        add, add_instant, tell, durations = attributes.append, instants.append, self._tell, self._durations_alone
        stamp, ns = "", self._instant(None)
        told: bytes | None
        if suspects := self._suspicious(records):
            heads = list(heads)
            for suspect in suspects:
                heads[suspect] = None
        for record, values in zip(records, heads, strict=True):
            if (
                values is None
                or not (pid := values[pid_at])
                or (known := known_heads.get(key(values)) or self._learn_head(record, values)) is None
            ):
                yield
                continue
            if (took := values[_DURATION]) and not values[_REST] and "\n" not in record:
                raw, sql = took.encode(), None
                told = durations[len(raw)] + raw
            elif "\n" in record:
                sql, told = self._tell_lines(record, values)
            else:
                sql, told = tell(values, values[_REST])
            if told is None:
                yield
                continue
            for at, packed in varying:
                told += packed[values[at]]
            if values[stamp_at] != stamp:
                stamp = values[stamp_at]
                ns = self._instant(stamp)
            line_no = values[line_no_at]
            number, numbered = numbers[line_no]
            session = sessions.get(pid)
            if session is not None and session.known is known and (number == session.last_line + 1 or not number):
                session.last_line = number
                front = session.packed
            else:
                session, front = self._of_session(known, pid, number)
            if sql is not None:
                session.statement = sql
            add(front + numbered + told)
            add_instant(ns)

    def _of_session(self, known: _KnownHead, pid: str, number: int) -> tuple[Session, bytes]:
        """The session of a line, and what it and the head give to the line, encoded: where the head is not that of the
        session's line before, or the line is not the next one. The session learns what the head says of it."""
        names = known.names
        client = names[1] is not None or names[3] is not None
        session, why = self._sessions.by_pid.get(pid), ""
        if session is None or number < 2 or session.ended or session.before is not None:
            session, why = self._sessions.current(pid, known.session_id, number, client)
        packed = known.packed + self._pids[pid]
        if session.id and not known.session_id:
            packed += self._ids[session.id]
        if session.port and not known.port and names[3] == session.client:
            packed += self._ports[session.port]
        unfit = self._sessions.unfit(session, names, number, 1)
        why = why or unfit
        session.spoke = True
        session.known = None
        if why:
            raw = _utf8(why)
            return session, packed + self._distrust + self._whys[len(raw)] + raw
        session.learn(names)
        session.known, session.packed = known, packed
        return session, packed

    def _tell_lines(self, record: str, values: Head) -> tuple[str | None, bytes | None]:
        """`_tell` for a record of several lines."""
        # The server puts a tab before the further lines of a statement. Anything else needs a closer look.
        if record.count("\n") != record.count("\n\t") or record.count(":  ") != 1:
            return None, None
        return self._tell(values, values[_REST] + record[record.index("\n") :].replace("\n\t", "\n"))

    def _tell(self, values: Head, rest: str) -> tuple[str | None, bytes | None]:
        """The statement that begins with this record, if one does; and what the message says, encoded: None where it
        is none of the frequent kinds. `rest` is what stands behind the groups of its kind."""
        if number := values[_DURATION]:
            return None, self._tell_duration(rest, number)
        sql = rest if values[_STATEMENT] else _executed(rest)
        return sql, self._tell_statement(sql) if sql is not None else None

    def _learn_head(self, record: str, values: Head) -> _KnownHead | None:
        """For a head that is new here."""
        first = record.find("\n")
        end = (len(record) if first < 0 else first) - len(values[_REST])
        if end > self._longest:
            return None  # longer than the server writes any, and memory is bounded
        head = self._strict(record)
        if head is None:
            return None
        found = head.groups()
        if found[self._severity_group] != "LOG":
            return None
        said, packed = {"severity": "LOG"}, self._severity
        for group, parts in self._parts:
            part = parts[found[group]]
            if part is None:
                return None
            said.update(part[0])
            packed += part[1]
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        known = self._heads[self._key(values)] = _KnownHead(said, packed)
        return known

    def _tell_duration(self, rest: str, number: str) -> bytes | None:
        """What stands behind `duration: 1.234 ms`: nothing, or the statement that it took."""
        raw = number.encode()
        if not rest:
            return self._durations_alone[len(raw)] + raw
        duration = self._durations[len(raw)] + raw
        sql = rest[13:] if rest.startswith("  statement: ") else _executed(rest[2:]) if rest.startswith("  ") else None
        told = self._tell_statement(sql) if sql is not None else None
        return self._completed + duration + told if told is not None else None

    def _tell_statement(self, sql: str) -> bytes | None:
        try:
            raw = sql.encode()
        except UnicodeEncodeError:
            return None
        shape = shape_of(raw) if b"'" in raw else raw.translate(DIGITS_ALIKE)
        told = self._operations.get(shape) or self._operations.judge(sql, raw, shape)
        return told + self._statements[len(raw)] + raw if told is not None else None

    def _operation(self, sql: str) -> bytes | None:
        """`operation` and `table`, encoded. None for a text that may change what is logged."""
        if may_change_logging(sql):
            return None
        operation, table = worst_of(sql)
        packed = _pair(self._front, "operation", operation)
        return packed + _pair(self._front, "table", table) if table else packed


def _executed(message: str) -> str | None:
    """The statement of `execute name: …`."""
    if not message.startswith("execute ") or message.startswith("fetch from ", 8):
        return None
    end = message.find(": ", 8)
    return message[end + 2 :] if end >= 0 else None


def _pair(front: Front, name: str, value: str) -> bytes:
    """One attribute, encoded."""
    raw = _utf8(value)
    return front(name, len(raw)) + raw


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
