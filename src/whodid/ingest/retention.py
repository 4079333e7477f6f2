"""Which days may go, and letting them go. A day is one partition, dropped as a unit.

The choice is pure (`days_to_drop`); the doing is one statement a day. Called once an hour by server.py.
"""

import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from whodid.model.clock import SECOND, Clock, to_datetime
from whodid.store.store import Store

log = logging.getLogger("whodid.retention")

DAY_NS = 86_400 * SECOND
EVERY_S = 3600.0
_SEQUENCE_FILE = "last-sequence"


@dataclass(frozen=True, slots=True)
class Policy:
    """What to keep; see config's Retention."""

    period_ns: int
    max_bytes: int | None
    max_disk_percent: int


@dataclass(frozen=True, slots=True)
class Day:
    """One partition: the day's number since 1970 and its size on disk."""

    number: int
    bytes: int


def days_to_drop(days: Sequence[Day], policy: Policy, now_ns: int, disk_used: int, disk_total: int) -> list[int]:
    """The days to drop, oldest first. Today is never dropped: a full disk must not erase the incident being read."""
    today = now_ns // DAY_NS
    ordered = sorted(days, key=lambda day: day.number)
    kept_bytes = sum(day.bytes for day in ordered)
    allowed_disk = disk_total * policy.max_disk_percent // 100
    drop = []
    for day in ordered:
        too_old = (day.number + 1) * DAY_NS <= now_ns - policy.period_ns
        too_much = policy.max_bytes is not None and kept_bytes > policy.max_bytes
        if day.number >= today or not (too_old or too_much or disk_used > allowed_disk):
            break
        drop.append(day.number)
        kept_bytes -= day.bytes
        disk_used -= day.bytes
    return drop


async def enforce(store: Store, policy: Policy, data_dir: Path, now_ns: int, forget: Callable[[], None]) -> list[int]:
    """Drops what the policy lets go; returns the days dropped. `forget` is called behind each, also if that fails."""
    table = await store.select(
        "SELECT partition, sum(bytes_on_disk) AS size FROM system.parts "
        "WHERE active AND table = 'lines' GROUP BY partition"
    )
    days = [Day(int(row["partition"]), row["size"]) for row in table.to_pylist()]
    usage = shutil.disk_usage(data_dir)
    dropped = days_to_drop(days, policy, now_ns, usage.used, usage.total)
    if dropped:
        await remember_sequence(store, data_dir)
    for number in dropped:
        try:
            await store.write(f"ALTER TABLE lines DROP PARTITION {number}")
        finally:
            forget()
        log.info("retention: the lines of %s are dropped", to_datetime(number * DAY_NS).date())
    return dropped


async def remember_sequence(store: Store, data_dir: Path) -> None:
    """Writes down the highest sequence number before lines go: it must never be given out a second time."""
    highest = max(await _highest_stored(store), _highest_remembered(data_dir))
    fresh = data_dir / f"{_SEQUENCE_FILE}.new"
    with fresh.open("w") as file:
        file.write(f"{highest}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(data_dir / _SEQUENCE_FILE)


async def last_sequence(store: Store, data_dir: Path) -> int:
    """The highest sequence number ever given out, as far as a restart can know; 0 for a new store."""
    return max(await _highest_stored(store), _highest_remembered(data_dir))


async def _highest_stored(store: Store) -> int:
    table = await store.select("SELECT max(seq) AS seq FROM lines")
    return int(table["seq"][0].as_py() or 0)


def _highest_remembered(data_dir: Path) -> int:
    try:
        return int((data_dir / _SEQUENCE_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return 0


async def keep_enforcing(
    store: Store, policy: Policy, data_dir: Path, clock: Clock, forget: Callable[[], None]
) -> None:
    """Enforces now and then every hour, for ever; a failure is told and tried again."""
    while True:
        try:
            await enforce(store, policy, data_dir, clock.now_ns(), forget)
        except Exception as e:
            log.error("retention could not be enforced, next try in an hour: %s", e)
        await clock.sleep(EVERY_S)
