"""What the rules must not forget over a restart, in one SQLite file (WAL).

Active alerts, how far each per-line rule has judged (a commit sequence number), notices not yet handed to the outbox,
and the history of transitions. One turn is one transaction, so a crash leaves all of it or nothing: no line is judged
twice and none is skipped. `synchronous=NORMAL` is enough here: a power cut can only take the newest turns back, and
those are then judged again. All work happens in one thread of its own; the event loop never waits for the disk.
"""

import asyncio
import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from whodid.errors import WhodidError
from whodid.model.alert import Alert, AlertState
from whodid.rules.state import Tracked

T = TypeVar("T")
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS active (
    rule TEXT NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL,
    labels TEXT NOT NULL, annotations TEXT NOT NULL, value REAL,  -- NULL is NaN
    active_at_ns INTEGER NOT NULL, last_true_ns INTEGER NOT NULL, cleared_at_ns INTEGER NOT NULL,
    last_sent_ns INTEGER NOT NULL,
    PRIMARY KEY (rule, fingerprint)
) WITHOUT ROWID;
-- The last commit sequence number that a per-line rule has judged.
CREATE TABLE IF NOT EXISTS judged (rule TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
-- Notices that the outbox has not yet confirmed.
CREATE TABLE IF NOT EXISTS notices (id TEXT PRIMARY KEY, number INTEGER NOT NULL, alerts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, rule TEXT NOT NULL, fingerprint TEXT NOT NULL,
    state TEXT NOT NULL, labels TEXT NOT NULL, annotations TEXT NOT NULL, value REAL
);
CREATE INDEX IF NOT EXISTS history_at ON history (at_ns);
"""


class JournalError(WhodidError):
    """The file of the alerts' state cannot be used; the text names the file and the reason."""


class Transition(NamedTuple):
    """One line of history: a rule's alert entered a state, or was hit again while firing."""

    at_ns: int
    rule: str
    alert: Alert


@dataclass(frozen=True, slots=True)
class Notice:
    """Alerts to be told together. The id is unique for ever, so that a repeated hand-over is recognised."""

    id: str
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one judgement of one rule changed; recorded as a whole or not at all."""

    rule: str
    at_ns: int
    entered: tuple[Tracked, ...] = ()
    """Alerts as they now stand, resolved ones included."""
    dropped: tuple[str, ...] = ()
    """Fingerprints that are inactive again without having fired."""
    history: tuple[Tracked, ...] = ()
    notice: Notice | None = None
    judged_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """The state at start."""

    active: dict[str, dict[str, Tracked]]
    """By rule key, then by fingerprint."""
    judged: dict[str, int]
    notices: tuple[Notice, ...]


class Journal:
    """The journal in one file; `":memory:"` for tests of rules."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whodid-rules-journal")
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise JournalError(f"{self.path}: written by a newer whodid (version {version}); update whodid")
            self._db.executescript(_SCHEMA + f"PRAGMA user_version={_VERSION};")
        except sqlite3.Error as error:
            raise JournalError(f"{self.path}: cannot be opened as the alerts' journal: {error}") from error

    async def close(self) -> None:
        await self._run(self._db.close)
        self._thread.shutdown()

    async def restore(self) -> Restored:
        return await self._run(self._restore)

    async def record(self, turns: Sequence[Turn]) -> None:
        """Writes the turns in one transaction."""
        if turns:
            await self._run(lambda: self._record(turns))

    async def handed_over(self, notice_id: str) -> None:
        """The outbox holds this notice durably; the journal may forget it."""
        await self._run(lambda: self._db.execute("DELETE FROM notices WHERE id = ?", (notice_id,)) and None)

    async def forget_rules(self, rules: Iterable[str]) -> None:
        """Drops how far rules have judged that no longer exist."""
        keys = [(rule,) for rule in rules]
        await self._run(lambda: self._db.executemany("DELETE FROM judged WHERE rule = ?", keys) and None)

    async def history(self, since_ns: int = 0, until_ns: int = 2**63 - 1, limit: int = 1000) -> list[Transition]:
        """Transitions of a span, newest first."""
        return await self._run(lambda: self._history(since_ns, until_ns, limit))

    async def prune_history(self, before_ns: int) -> int:
        """Deletes history older than this; how many lines went."""
        return await self._run(
            lambda: self._db.execute("DELETE FROM history WHERE at_ns < ?", (before_ns,)).rowcount,
        )

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise JournalError(f"{self.path}: {error}; check the disk's space and the file's owner") from error

    def _record(self, turns: Sequence[Turn]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for turn in turns:
                self._write(turn)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _write(self, turn: Turn) -> None:
        gone = [*turn.dropped, *(t.fingerprint for t in turn.entered if t.state == "resolved")]
        self._db.executemany(
            "DELETE FROM active WHERE rule = ? AND fingerprint = ?",
            [(turn.rule, fingerprint) for fingerprint in gone],
        )
        told = {alert.fingerprint for alert in turn.notice.alerts} if turn.notice else set()
        self._db.executemany(
            "INSERT INTO active VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (rule, fingerprint) DO UPDATE SET"
            " state = excluded.state, labels = excluded.labels, annotations = excluded.annotations,"
            " value = excluded.value, active_at_ns = excluded.active_at_ns, last_true_ns = excluded.last_true_ns,"
            " cleared_at_ns = excluded.cleared_at_ns,"
            " last_sent_ns = max(last_sent_ns, excluded.last_sent_ns)",
            [
                (*_identity(turn, t), *_instants(t), turn.at_ns if t.fingerprint in told else 0)
                for t in turn.entered
                if t.state != "resolved"
            ],
        )
        self._db.executemany(
            "INSERT INTO history (at_ns, rule, fingerprint, state, labels, annotations, value) VALUES (?,?,?,?,?,?,?)",
            [(turn.at_ns, *_identity(turn, t)) for t in turn.history],
        )
        if turn.notice is not None:
            self._db.execute(
                "INSERT INTO notices SELECT ?, coalesce(max(number), 0) + 1, ? FROM notices",
                (turn.notice.id, orjson.dumps(turn.notice.alerts).decode()),
            )
        if turn.judged_seq is not None:
            self._db.execute("INSERT OR REPLACE INTO judged VALUES (?, ?)", (turn.rule, turn.judged_seq))

    def _restore(self) -> Restored:
        active: dict[str, dict[str, Tracked]] = {}
        for rule, fingerprint, state, labels, annotations, value, *instants in self._db.execute(
            "SELECT rule, fingerprint, state, labels, annotations, value, active_at_ns, last_true_ns, cleared_at_ns"
            " FROM active"
        ):
            active.setdefault(rule, {})[fingerprint] = Tracked(
                _unpack(labels), _unpack(annotations), _state(state), _number(value), fingerprint, *instants
            )
        judged = dict(self._db.execute("SELECT rule, seq FROM judged"))
        notices = self._db.execute("SELECT id, alerts FROM notices ORDER BY number").fetchall()
        return Restored(active, judged, tuple(Notice(i, tuple(map(_alert, orjson.loads(text)))) for i, text in notices))

    def _history(self, since_ns: int, until_ns: int, limit: int) -> list[Transition]:
        rows = self._db.execute(
            "SELECT at_ns, rule, fingerprint, state, labels, annotations, value FROM history"
            " WHERE at_ns >= ? AND at_ns < ? ORDER BY at_ns DESC, number DESC LIMIT ?",
            (since_ns, until_ns, limit),
        )
        return [
            Transition(
                at_ns,
                rule,
                Alert(_unpack(labels), _unpack(annotations), _state(state), at_ns, 0, _number(value), fingerprint),
            )
            for at_ns, rule, fingerprint, state, labels, annotations, value in rows
        ]


def _identity(turn: Turn, t: Tracked) -> tuple[str, str, str, str, str, float]:
    return turn.rule, t.fingerprint, t.state, _pack(t.labels), _pack(t.annotations), t.value


def _instants(t: Tracked) -> tuple[int, int, int]:
    return t.active_at_ns, t.last_true_ns, t.cleared_at_ns


def _pack(labels: object) -> str:
    return orjson.dumps(labels).decode()


def _unpack(text: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in orjson.loads(text).items()}


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _alert(fields: dict[str, Any]) -> Alert:
    return Alert(**{**fields, "value": _number(fields["value"])})


def _state(text: str) -> AlertState:
    states: dict[str, AlertState] = {"pending": "pending", "firing": "firing", "resolved": "resolved"}
    return states.get(text, "inactive")
