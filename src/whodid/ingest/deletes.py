"""Delete requests: lines are hidden from every reader at once, and rewritten away within minutes (docs/design/0007).

Hiding is the engine's lightweight delete, a mask beside each part: one statement, that no reader has to know of. Until
the rewriting a request can be cancelled, from a copy of its lines. Each step is written down before it is done, so a
killed server goes on where it was; requests and cancellations are lines of the trail first. Used by
api/routes/delete.py.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from whodid.ingest.delete_request import (
    WHODID,
    Asker,
    Choose,
    NoSuchRequest,
    NotCancellable,
    Request,
    TrailIsPermanent,
)
from whodid.ingest.pipeline import Ingest
from whodid.ingest.retention import remember_sequence
from whodid.ingest.trail import TRAIL_TENANT, Trail
from whodid.model.clock import SECOND, Clock, format_rfc3339
from whodid.store.sql import LINE_COLUMNS, quote
from whodid.store.store import Connection, Store, StoreError

log = logging.getLogger("whodid.deletes")

CANCEL_PERIOD_NS = 120 * SECOND
"""So long a request can be cancelled at least."""
CANCELLABLE_LINES = 1_000_000
"""A request for more lines takes effect without a copy of them, and cannot be cancelled."""
_COPIED_AT_ONCE = 200_000
_HEED_PENDING = "apply_mutations_on_fly = 1"
"""What is hidden but not masked yet is not there: neither to be copied, nor as a reason not to be shown again."""
_DOES = {
    "delete": "deletes",
    "delete_cancelled": "cancels the deletion of",
    "delete_done": "has carried out the deletion of",
}
"""Event of the trail → what it says there."""
KEPT_NS = 30 * 86_400 * SECOND
"""A request that is done or cancelled is listed so long; the trail says for as long as lines are kept that it was."""
MOST_KEPT = 1000
"""And not more of them than these, the youngest."""
LATEST_NS = 300 * SECOND
"""After this the rewriting begins even when lines never cease to come."""
_STOPPED = "(ABORTED)"
"""No failure: merging.py has stopped all changes of parts for a while."""
WAIT_S = 1.0
"""How long an answer waits for the engine's mask. Readers do not see the lines from the beginning on."""
_LOOK_EVERY_S = 5.0
_FORGOTTEN_AT_ONCE = 500
_POLL_S = 0.02
_NUMBER = "toUInt64OrZero(extract(mutation_id, '[0-9]+'))"
"""The engine numbers its changes of parts, and carries them out in that order."""


class Deletes:
    """One per server. `await load()`, then `run()` as a task."""

    def __init__(
        self,
        store: Store,
        ingest: Ingest,
        trail: Trail,
        clock: Clock,
        data_dir: Path,
        *,
        choose: Choose,
        forget: Callable[[], None],
    ) -> None:
        self._store, self._ingest, self._trail, self._clock, self._data_dir = store, ingest, trail, clock, data_dir
        self._choose, self._forget = choose, forget
        self._requests: dict[tuple[str, str], Request] = {}
        self._one_at_a_time = asyncio.Lock()
        self._watching: set[asyncio.Task[None]] = set()
        self._rewriting: set[str] = set()

    async def load(self) -> None:
        """Reads what was asked before; call once, before anything is served."""
        table = await self._store.select("SELECT * FROM deletions FINAL")
        for row in table.to_pylist():
            request = Request(**{**row, "conditions": tuple(row["conditions"])})
            self._requests[request.tenant, request.id] = request
        # The engine goes on with what it had accepted; until it is through, reads leave those lines out themselves.
        unfinished = await self._store.select(
            f"SELECT max({_NUMBER}) AS last FROM system.mutations WHERE table = 'lines' AND NOT is_done"
        )
        if number := unfinished["last"][0].as_py():
            self._watch(int(number))
        for request in [r for r in self._requests.values() if r.status == "asked"]:
            await self._hide(request, request.conditions, patient=False)

    def requests(self, tenant: str) -> list[Request]:
        """What was asked of one tenant, or several (`a|b`), and not cancelled; oldest first."""
        tenants = tenant.split("|")
        found = [r for r in self._requests.values() if r.tenant in tenants and r.status != "cancelled"]
        return sorted(found, key=lambda request: request.created_ns)

    async def create(self, query: str, start_ns: int, end_ns: int, tenant: str, asker: Asker) -> Request:
        """Deletes the lines of [start, end]: of those stored when this returns no reader sees any.

        Raises TrailIsPermanent, and what the query, the trail or the store raises.
        """
        if TRAIL_TENANT in tenant.split("|"):
            raise TrailIsPermanent("whodid's own trail cannot be deleted; it goes with retention")
        async with self._one_at_a_time:
            last_seq = await self._ingest.settled()
            doomed = await self._choose(query, start_ns, end_ns, (0, last_seq), tenant)
            now_ns = self._clock.now_ns()
            name = _name_of(tenant, query, start_ns, end_ns, now_ns)
            request = Request(name, tenant, query, start_ns, end_ns, now_ns, doomed.conditions, doomed.lines, "asked")
            await self._record("delete", request, asker)
            await self._note(request)
            request = await self._hide(request, request.conditions, patient=True)
            return await self._catch_up(request, last_seq)

    async def _catch_up(self, request: Request, seen_seq: int) -> Request:
        """Takes in what has been committed since the request came, between two commits, so that none slips through.

        Nothing may be awaited after it before the answer. The trail gets the final number when the lines are gone.
        """
        async with self._ingest.held() as last_seq:
            if last_seq == seen_seq:
                return request
            numbers = seen_seq, last_seq
            late = await self._choose(request.query, request.start_ns, request.end_ns, numbers, request.tenant)
            if not late.lines:
                return request
            conditions, lines = (*request.conditions, *late.conditions), request.lines + late.lines
            version = request.version + 1
            request = replace(request, conditions=conditions, lines=lines, status="asked", version=version)
            await self._note(request)
            return await self._hide(request, late.conditions, patient=False)

    async def cancel(self, name: str, tenant: str, asker: Asker) -> None:
        """Shows the lines of a request again.

        Raises NoSuchRequest, NotCancellable.
        """
        async with self._one_at_a_time:
            request = self._requests.get((tenant, name))
            if request is None or request.status == "cancelled":
                raise NoSuchRequest("could not find delete request with given id")
            gone = request.status != "hidden" or name in self._rewriting
            if gone or request.lines > CANCELLABLE_LINES:
                raise NotCancellable("deletion of request which is in process or already processed is not allowed")
            await self._record("delete_cancelled", request, asker)
            try:
                await self._show(request)
            finally:
                self._forget()  # even then: some of the lines may be there
            await self._note(replace(request, status="cancelled", conditions=(), version=request.version + 1))
            await self._drop_copy(request)

    async def run(self) -> None:
        """Rewrites what is hidden, in quiet moments, for ever."""
        seen = -1
        try:
            while True:
                await self._clock.sleep(_LOOK_EVERY_S)
                quiet, seen = self._ingest.bus.last_seq == seen, self._ingest.bus.last_seq
                try:
                    await self.settle(quiet=quiet)
                    await self.tidy()
                except StoreError as e:
                    log.error("deleted lines could not be rewritten, tried again: %s", e)
        finally:
            for task in self._watching:
                task.cancel()

    async def settle(self, *, quiet: bool) -> None:
        """Rewrites the parts that hold hidden lines, if it is time to."""
        now_ns = self._clock.now_ns()
        hidden = [r for r in self._requests.values() if r.status == "hidden"]
        due = [r for r in hidden if now_ns - r.created_ns >= CANCEL_PERIOD_NS]
        late = [r for r in hidden if now_ns - r.created_ns >= LATEST_NS]
        # A rewriting takes everything that is hidden in a day, so it waits for the youngest request; but not for ever.
        if not due or not (late or (quiet and len(due) == len(hidden))):
            return
        if self._watching:
            return  # a mask is not written yet, as when merging.py has stopped the engine: there is nothing to rewrite
        async with self._one_at_a_time:
            self._rewriting = {request.id for request in hidden}
        try:
            await self._rewrite()
            for request in hidden:
                await self._record("delete_done", request, WHODID)
                await self._note(replace(request, status="done", conditions=(), version=request.version + 1))
                await self._drop_copy(request)
        finally:
            self._rewriting = set()
        log.info("%d delete requests are carried out: %d lines", len(hidden), sum(r.lines for r in hidden))

    async def tidy(self) -> None:
        """Forgets requests that nothing is left to be done about, when they are old or very many."""
        over = [r for r in self._requests.values() if r.status in ("done", "cancelled")]
        over.sort(key=lambda request: request.created_ns, reverse=True)
        oldest_ns = self._clock.now_ns() - KEPT_NS
        gone = [r for n, r in enumerate(over) if n >= MOST_KEPT or r.created_ns < oldest_ns][:_FORGOTTEN_AT_ONCE]
        if not gone:
            return
        named = ", ".join(f"({quote(request.tenant)}, {quote(request.id)})" for request in gone)
        await self._store.write(f"DELETE FROM deletions WHERE (tenant, id) IN ({named})")
        for request in gone:
            del self._requests[request.tenant, request.id]

    async def _rewrite(self) -> None:
        """Takes the masked lines out of the parts, a day at a time. Ingest and other requests go on meanwhile."""
        days = await self._store.select(
            "SELECT DISTINCT partition_id FROM system.parts "
            "WHERE table = 'lines' AND active AND has_lightweight_delete ORDER BY partition_id"
        )
        for day in days["partition_id"].to_pylist() if days.num_rows else ():
            sql = f"ALTER TABLE lines APPLY DELETED MASK IN PARTITION ID '{day}' SETTINGS mutations_sync = 0"
            await self._watch(await self._begin(sql))

    async def _hide(self, request: Request, conditions: Sequence[str], *, patient: bool) -> Request:
        """Hides the lines of some conditions of a request, which are all of it or what was added to it."""
        masks: set[asyncio.Task[None]] = set()
        if conditions:
            # The last numbers may go with their lines; they must not be given out again after a restart.
            await remember_sequence(self._store, self._data_dir)
            if request.lines <= CANCELLABLE_LINES:
                await self._copy(request, conditions)
        for condition in conditions:
            days = await self._store.select(f"SELECT DISTINCT _partition_id AS day FROM lines WHERE {condition}")
            for day in days["day"].to_pylist() if days.num_rows else ():
                mask = await self._mutate(
                    f"DELETE FROM lines IN PARTITION ID '{day}' WHERE {condition}\n"
                    "SETTINGS lightweight_deletes_sync = 0"
                )
                masks.add(mask)
        if masks and patient:
            _, late = await asyncio.wait(masks, timeout=WAIT_S)
            if late:
                log.info("the engine is still busy with a deletion; nobody sees the lines meanwhile")
        hidden = replace(request, status="hidden" if request.lines else "done", version=request.version + 1)
        await self._note(hidden)
        self._forget()
        return hidden

    async def _mutate(self, sql: str) -> asyncio.Task[None]:
        """Has the engine change parts: reads heed it when this returns, and the task ends when it is done."""
        self._store.hide_pending(True)  # before the engine has it: no read may fall in between
        try:
            number = await self._begin(sql)
        except StoreError:
            self._store.hide_pending(bool(self._watching))
            raise
        watching = self._watch(number)
        self._forget()
        return watching

    async def _begin(self, sql: str) -> int:
        """The number that the engine gives a change of parts."""

        def begin(connection: Connection) -> int:
            connection.write(sql)
            table = connection.select(f"SELECT max({_NUMBER}) AS last FROM system.mutations WHERE table = 'lines'")
            return int(table["last"][0].as_py())

        return await self._store.in_writer(begin)

    def _watch(self, number: int) -> asyncio.Task[None]:
        """Reads heed the engine's pending change until it is carried out."""
        self._store.hide_pending(True)
        task = asyncio.ensure_future(self._until_done(number))
        self._watching.add(task)
        task.add_done_callback(self._watched)
        return task

    def _watched(self, task: asyncio.Task[None]) -> None:
        self._watching.discard(task)
        if not self._watching:
            self._store.hide_pending(False)
        if not task.cancelled() and (error := task.exception()):
            log.error("it is not known how far the engine is with a deletion: %s", error)

    async def _until_done(self, number: int) -> None:
        """Polls the engine, more and more rarely."""
        pause_s, told = _POLL_S, ""
        while True:
            table = await self._store.select(
                "SELECT is_done, latest_fail_reason FROM system.mutations "
                f"WHERE table = 'lines' AND {_NUMBER} = {number}"
            )
            if not table.num_rows or table["is_done"][0].as_py():
                return
            reason = table["latest_fail_reason"][0].as_py()
            if reason != told and _STOPPED not in reason:
                log.error("the engine tries a deletion again: %s", reason)
                told = reason
            await self._clock.sleep(pause_s)
            pause_s = min(1.0, pause_s * 1.5)

    async def _copy(self, request: Request, conditions: Sequence[str]) -> None:
        """Puts the lines aside, for a cancellation: masked ones may be merged away at any moment.

        In several statements if they are many, so that commits come in between.
        """
        pieces = -(-request.lines // _COPIED_AT_ONCE)
        for condition in conditions:
            table = await self._store.select(f"SELECT min(seq) AS a, max(seq) AS b FROM lines WHERE {condition}")
            first, last = int(table["a"][0].as_py()), int(table["b"][0].as_py())
            step = (last - first) // pieces + 1
            for begin in range(first, last + 1, step):
                await self._store.write(
                    f"INSERT INTO deleted_lines SELECT {quote(request.id)}, {LINE_COLUMNS} FROM lines\n"
                    f"WHERE {condition}\n  AND seq >= {begin} AND seq < {begin + step}\nSETTINGS {_HEED_PENDING}"
                )

    async def _show(self, request: Request) -> None:
        """Stores the lines that were put aside again, under their old numbers, but for what other requests hide too."""
        aside = f"FROM deleted_lines WHERE request = {quote(request.id)}"
        hidden = "0"
        for other in self._requests.values():
            if other.status == "hidden" and other.id != request.id and other.conditions:
                theirs = " OR ".join(f"({condition})" for condition in other.conditions)
                await self._store.write(
                    f"INSERT INTO deleted_lines SELECT {quote(other.id)}, {LINE_COLUMNS} {aside} AND ({theirs})"
                )
                hidden += f" OR {theirs}"
        ours = " OR ".join(f"({condition})" for condition in request.conditions)
        await self._store.write(
            f"INSERT INTO lines ({LINE_COLUMNS}) SELECT {LINE_COLUMNS} {aside} AND NOT ({hidden})\n"
            f"AND seq NOT IN (SELECT seq FROM lines WHERE {ours}) LIMIT 1 BY seq\n"
            f"SETTINGS max_partitions_per_insert_block = 0, {_HEED_PENDING}"
        )

    async def _drop_copy(self, request: Request) -> None:
        await self._store.write(f"ALTER TABLE deleted_lines DROP PARTITION {quote(request.id)}")

    async def _note(self, request: Request) -> None:
        """Writes the state of a request down, durably."""
        fields: dict[str, Any] = {name: getattr(request, name) for name in Request.__slots__}
        await self._store.write(f"INSERT INTO deletions FORMAT JSONEachRow {orjson.dumps(fields).decode()}")
        self._requests[request.tenant, request.id] = request

    async def _record(self, event: str, request: Request, asker: Asker) -> None:
        """The line of the trail."""
        first, last = format_rfc3339(request.start_ns), format_rfc3339(request.end_ns)
        who = " from ".join(filter(None, (asker.user, asker.client)))
        await self._trail.record(
            event,
            f"{who} {_DOES[event]} {request.lines} lines of {request.query} from {first} to {last}, "
            f"request {request.id}",
            {
                "operation": event,
                "statement": request.query,
                "rows": str(request.lines),
                "start": first,
                "end": last,
                "request_id": request.id,
                "tenant": request.tenant,
                "user": asker.user,
                "client": asker.client,
                "app": asker.app,
            },
        )


def _name_of(tenant: str, query: str, start_ns: int, end_ns: int, now_ns: int) -> str:
    """Eight hex digits, as Loki's are."""
    text = f"{tenant}\0{query}\0{start_ns}\0{end_ns}\0{now_ns}"
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()
