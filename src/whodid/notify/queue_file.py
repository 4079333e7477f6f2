"""The outbox's file: deliveries in SQLite (WAL, fsync at every commit), one row for each notice and receiver.

`synchronous=FULL`: what `put` has acknowledged survives a power cut. All work happens in one thread, so the event loop
never waits for the disk. outbox.py decides what to do; this only keeps it.
"""

import asyncio
import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import orjson

from whodid.errors import WhodidError
from whodid.model.alert import Alert

T = TypeVar("T")
_VERSION = 1
HOLDS_BACK = 5
"""A delivery that failed this often no longer holds back later ones of its topic."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY,  -- the order of arrival
    id TEXT NOT NULL, receiver TEXT NOT NULL, topic TEXT NOT NULL,
    alerts TEXT NOT NULL,        -- emptied when finished
    state TEXT NOT NULL,         -- queued, delivered, failed
    attempts INTEGER NOT NULL DEFAULT 0, due_ns INTEGER NOT NULL, ended_ns INTEGER, error TEXT NOT NULL DEFAULT '',
    UNIQUE (id, receiver)
);
CREATE INDEX IF NOT EXISTS deliveries_queued ON deliveries (receiver, due_ns) WHERE state = 'queued';
"""
_NEXT = """
SELECT number, id, alerts, attempts, due_ns FROM deliveries AS d
WHERE receiver = ?1 AND state = 'queued' AND NOT EXISTS (
    SELECT 1 FROM deliveries AS earlier
    WHERE earlier.receiver = ?1 AND earlier.state = 'queued' AND earlier.topic = d.topic
      AND earlier.number < d.number AND earlier.attempts < ?2)
ORDER BY due_ns, number LIMIT 1
"""


class OutboxError(WhodidError):
    """The outbox's file cannot be used; the text names the file and the reason."""


class Delivery(NamedTuple):
    """One notice on its way to one receiver."""

    number: int
    id: str
    alerts: tuple[Alert, ...]
    attempts: int
    due_ns: int


class Counts(NamedTuple):
    """How many deliveries of a receiver stand where."""

    queued: int
    delivered: int
    failed: int
    last_error: str


class QueueFile:
    """The deliveries of all receivers in one file."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whodid-outbox")
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise OutboxError(f"{self.path}: written by a newer whodid (version {version}); update whodid")
            self._db.executescript(_SCHEMA + f"PRAGMA user_version={_VERSION};")
        except sqlite3.Error as error:
            raise OutboxError(f"{self.path}: cannot be opened as the outbox: {error}") from error

    async def close(self) -> None:
        await self._run(self._db.close)
        self._thread.shutdown()

    async def put(self, notice_id: str, receivers: Iterable[str], alerts: Sequence[Alert], now_ns: int) -> None:
        """Queues the notice for each receiver in one transaction; one that is known already is left as it is."""
        text = orjson.dumps(list(alerts)).decode()
        topic = "\n".join(sorted({alert.labels.get("alertname", "") for alert in alerts}))
        rows = [(notice_id, receiver, topic, text, now_ns) for receiver in receivers]
        sql = (
            "INSERT OR IGNORE INTO deliveries (id, receiver, topic, alerts, state, due_ns)"
            " VALUES (?, ?, ?, ?, 'queued', ?)"
        )
        await self._run(lambda: self._many(sql, rows))

    async def next(self, receiver: str) -> Delivery | None:
        """The delivery that is due first. Deliveries of one topic stay in order, so that an alert's end does not
        overtake its beginning, unless an earlier one keeps failing."""
        row = await self._run(lambda: self._db.execute(_NEXT, (receiver, HOLDS_BACK)).fetchone())
        if row is None:
            return None
        number, notice_id, text, attempts, due_ns = row
        return Delivery(number, notice_id, tuple(map(_alert, orjson.loads(text))), attempts, due_ns)

    async def finish(self, delivery: Delivery, state: str, now_ns: int, error: str = "") -> None:
        """`delivered` or `failed`. The row stays for a while, without its content."""
        sql = "UPDATE deliveries SET state = ?, ended_ns = ?, error = ?, attempts = ?, alerts = '' WHERE number = ?"
        await self._run(lambda: self._many(sql, [(state, now_ns, error, delivery.attempts + 1, delivery.number)]))

    async def postpone(self, delivery: Delivery, due_ns: int, error: str) -> None:
        sql = "UPDATE deliveries SET attempts = ?, due_ns = ?, error = ? WHERE number = ?"
        await self._run(lambda: self._many(sql, [(delivery.attempts + 1, due_ns, error, delivery.number)]))

    async def prune(self, before_ns: int) -> None:
        """Forgets deliveries that ended before this."""
        await self._run(lambda: self._many("DELETE FROM deliveries WHERE ended_ns < ?", [(before_ns,)]))

    async def counts(self) -> dict[str, Counts]:
        """By receiver, of what is remembered."""
        sql = (
            "SELECT receiver, sum(state = 'queued'), sum(state = 'delivered'), sum(state = 'failed'),"
            " coalesce((SELECT error FROM deliveries AS e WHERE e.receiver = d.receiver AND e.error <> ''"
            " ORDER BY number DESC LIMIT 1), '') FROM deliveries AS d GROUP BY receiver"
        )
        rows = await self._run(lambda: self._db.execute(sql).fetchall())
        return {receiver: Counts(*rest) for receiver, *rest in rows}

    def _many(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(sql, rows)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise OutboxError(f"{self.path}: {error}; check the disk's space and the file's owner") from error


def _alert(fields: dict[str, object]) -> Alert:
    value = fields["value"]
    return Alert(**{**fields, "value": math.nan if value is None else value})  # type: ignore[arg-type]
