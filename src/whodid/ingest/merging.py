"""When the engine may merge its parts: not in the seconds of a flood, since merging costs a third of the machine then.

Merging later is also less work: many small parts become one in one go, instead of a few at a time. The choice is pure
(`may_merge`); the doing is one statement. Too many parts would make queries slow and, in the end, inserts refused, so
that a flood that does not end is merged in between. Run as a task by server.py.
"""

import logging
from dataclasses import dataclass

from whodid.ingest.body import Totals
from whodid.model.clock import Clock
from whodid.store.store import Store, StoreError

log = logging.getLogger("whodid.ingest")

LOOK_EVERY_S = 0.5
FLOOD_LINES_PER_S = 25_000
"""Below this, merging beside the inserts is hardly felt."""
MOST_PARTS = 150
"""In one day: the engine slows inserts down at a thousand, queries feel a hundred."""
FEW_PARTS = 40


@dataclass(frozen=True, slots=True)
class Load:
    """What the choice rests on."""

    lines_per_s: float
    parts: int
    """Of the day that has the most."""


def may_merge(merging: bool, load: Load) -> bool:
    """Whether to merge from now on. Once too many parts have come together, merging goes on until few are left."""
    if load.lines_per_s < FLOOD_LINES_PER_S or load.parts >= MOST_PARTS:
        return True
    return merging and load.parts > FEW_PARTS


async def keep_merging_aside(store: Store, totals: Totals, clock: Clock) -> None:
    """Looks at the load for ever, and stops or starts merges; a failure is told, and merging goes on."""
    merging, lines, at_s = True, totals.lines, clock.monotonic_s()
    while True:
        await clock.sleep(LOOK_EVERY_S)
        seconds = clock.monotonic_s() - at_s
        rate, lines, at_s = (totals.lines - lines) / max(seconds, 1e-3), totals.lines, at_s + seconds
        if merging and rate < FLOOD_LINES_PER_S:
            continue  # nothing to ask the engine for: nearly always
        try:
            wanted = may_merge(merging, Load(rate, await _parts(store)))
            if wanted != merging:
                await store.write(f"SYSTEM {'START' if wanted else 'STOP'} MERGES lines")
                merging = wanted
        except StoreError as e:
            log.error("merging could not be %s: %s", "stopped" if merging else "started", e)


async def _parts(store: Store) -> int:
    table = await store.select(
        "SELECT count() AS n FROM system.parts WHERE active AND table = 'lines' "
        "GROUP BY partition ORDER BY n DESC LIMIT 1"
    )
    return int(table["n"][0].as_py()) if table.num_rows else 0
