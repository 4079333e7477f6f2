"""Quiet moments: when the engine builds the indexes of the lines' grams (query/grams.py), for settled lines, and when
json_fields.py has its turn.

Built with each insert or merge it would cost a third of the push rate. So inserts and merges leave it out
(store/schema.sql), and a day's lines get it when no flood is on and nothing else changes the day's parts; the newest
lines are searched without. A merge loses it again, but each line is merged a few times only. The choice is pure
(`day_to_index`); the doing is one statement. Run as a task by server.py.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from whodid.ingest.body import Totals
from whodid.ingest.json_fields import JsonFields
from whodid.ingest.merging import FLOOD_LINES_PER_S
from whodid.model.clock import Clock
from whodid.store.sql import quote
from whodid.store.state import WITHOUT_GRAMS
from whodid.store.store import Store, StoreError

log = logging.getLogger("whodid.ingest")

LOOK_EVERY_S = 2.0
WORTH_LINES = 50_000
"""Fewer are searched in some milliseconds."""
WORTH_S = 120
"""Lines of the last two minutes more: what comes in fast is merged again soon, and its index would be lost."""
_ENGINE_STOPPED_IT = "ABORTED"
"""What merging.py's STOP MERGES does to a change of parts: the engine begins it again by itself."""

_DAYS = f"""
SELECT partition_id AS id,
    sumIf(rows, {WITHOUT_GRAMS}) AS lines,
    partition_id IN (SELECT partition_id FROM system.merges WHERE table = 'lines') AS merging
FROM system.parts WHERE active AND table = 'lines' GROUP BY partition_id
"""
_INDEXES = ("coarse_grams", "grams")
_CHANGES = """
SELECT mutation_id, match(command, 'MATERIALIZE INDEX|UPDATE json_fields') AS ours, latest_fail_reason AS failure
FROM system.mutations WHERE table = 'lines' AND NOT is_done
"""


@dataclass(frozen=True, slots=True)
class Day:
    """One partition of `lines`."""

    id: str
    lines: int
    """Those without the index."""
    merging: bool
    """Its parts are being merged: what would be built now is lost in a moment."""


def day_to_index(days: Sequence[Day], lines_per_s: float) -> str | None:
    """The day that is worth it most, or None: nothing is, or it is no time for it."""
    if lines_per_s >= FLOOD_LINES_PER_S:
        return None
    least = least_lines(lines_per_s)
    worth = [day for day in days if day.lines >= least and not day.merging]
    return max(worth, key=lambda day: day.lines).id if worth else None


def least_lines(lines_per_s: float) -> float:
    """How many lines are worth a change of parts."""
    return WORTH_LINES + lines_per_s * WORTH_S


async def keep_indexed(store: Store, totals: Totals, clock: Clock, json_fields: JsonFields) -> None:
    """Looks for ever for a day to index, one at a time; a failure is told, and searches do without the index."""
    lines, at_s = totals.lines, clock.monotonic_s()
    while True:
        await clock.sleep(LOOK_EVERY_S)
        seconds = clock.monotonic_s() - at_s
        rate, lines, at_s = (totals.lines - lines) / max(seconds, 1e-3), totals.lines, at_s + seconds
        try:
            if await _is_changing(store):
                continue
            days = [Day(**row) for row in (await store.select(_DAYS)).to_pylist()]
            if day := day_to_index(days, rate):
                built = ", ".join(f"MATERIALIZE INDEX {name} IN PARTITION ID {quote(day)}" for name in _INDEXES)
                await store.write(f"ALTER TABLE lines {built} SETTINGS mutations_sync = 0")
            elif rate < FLOOD_LINES_PER_S and not any(day.merging for day in days):
                await json_fields.fill(least_lines(rate))
        except StoreError as e:
            log.error("what makes queries fast could not be built, they take longer: %s", e)


async def _is_changing(store: Store) -> bool:
    """Whether the engine is busy with a change of parts. Raises StoreError where building has failed: it is given up,
    since the changes behind it would wait for ever.
    """
    changes = (await store.select(_CHANGES)).to_pylist()
    for change in changes:
        if change["ours"] and change["failure"] and _ENGINE_STOPPED_IT not in change["failure"]:
            await store.write(f"KILL MUTATION WHERE table = 'lines' AND mutation_id = {quote(change['mutation_id'])}")
            raise StoreError(change["failure"])
    return bool(changes)
