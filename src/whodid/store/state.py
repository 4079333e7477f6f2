"""How the engine is: parts, merges, memory, and what waits for its threads. For /metrics; nothing is decided by it.

The numbers are ClickHouse's own (its system tables parts, merges, metrics and events). Where they do not come in time,
the engine is too busy to be asked, and what waits says so. Read by api/routes/status.py.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from whodid.store.store import Store, StoreError

log = logging.getLogger("whodid.store")

PATIENCE_S = 2.0
"""Who watches asks every few seconds, and must get what there is."""
WITHOUT_GRAMS = "secondary_indices_uncompressed_bytes < marks * 8192"
"""SQL on system.parts: a part of `lines` without its index of grams, which takes 16 KiB a granule (schema.sql)."""
_SQL = f"""
SELECT 'parts' AS name, toFloat64(count()) AS value FROM system.parts WHERE active AND table = 'lines'
UNION ALL SELECT 'rows', sum(rows) FROM system.parts WHERE active AND table = 'lines'
UNION ALL SELECT 'unindexed_rows', sum(rows) FROM system.parts WHERE active AND table = 'lines' AND {WITHOUT_GRAMS}
UNION ALL SELECT 'disk_bytes', sum(bytes_on_disk) FROM system.parts WHERE active
UNION ALL SELECT 'memory_bytes', sum(value) FROM system.metrics WHERE metric = 'MemoryTracking'
UNION ALL SELECT 'merges_running', count() FROM system.merges
UNION ALL SELECT event, value FROM system.events
WHERE event IN ('Merge', 'MergedRows', 'MergedUncompressedBytes', 'MergeTotalMilliseconds')
"""


@dataclass(frozen=True, slots=True)
class EngineNumbers:
    """Since the engine was opened, where they count something."""

    parts: int
    """Of the table of lines. A query reads in each of them."""
    rows: int
    unindexed_rows: int
    """Searches read all of them; see ingest/indexing.py."""
    disk_bytes: int
    memory_bytes: int
    merges_running: int
    merges: int
    merged_rows: int
    merged_bytes: int
    """As they are without compression."""
    merge_s: float


@dataclass(frozen=True, slots=True)
class StoreState:
    """One look at the store."""

    statements: Mapping[str, int]
    """Running or waiting for a thread, by kind; see Store.statements."""
    engine: EngineNumbers | None
    """None if it did not answer in time."""


async def read_state(store: Store) -> StoreState:
    """The state now; an engine that cannot say is told to the log."""
    statements = dict(store.statements)
    try:
        async with asyncio.timeout(PATIENCE_S):
            # Not as a read: where many queries wait for their turn, it is wanted most how the engine is.
            table = await store.in_writer(lambda connection: connection.select(_SQL))
    except (StoreError, TimeoutError) as e:
        log.warning("the engine did not say how it is: %s", str(e) or f"no answer within {PATIENCE_S:g} s")
        return StoreState(statements, None)
    values = dict(zip(table["name"].to_pylist(), table["value"].to_pylist(), strict=True))
    engine = EngineNumbers(
        parts=int(values["parts"]),
        rows=int(values["rows"]),
        unindexed_rows=int(values["unindexed_rows"]),
        disk_bytes=int(values["disk_bytes"]),
        memory_bytes=max(0, int(values["memory_bytes"])),
        merges_running=int(values["merges_running"]),
        merges=int(values.get("Merge", 0)),  # events that never happened are not in the table
        merged_rows=int(values.get("MergedRows", 0)),
        merged_bytes=int(values.get("MergedUncompressedBytes", 0)),
        merge_s=values.get("MergeTotalMilliseconds", 0.0) / 1e3,
    )
    return StoreState(statements, engine)
