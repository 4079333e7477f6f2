"""Which days go, and that they go."""

import asyncio
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.chdb_store import shared_store
from kit.ingest_bench import until
from kit.stepped_clock import SteppedClock
from whodid.ingest.retention import (
    DAY_NS,
    EVERY_S,
    Day,
    Policy,
    days_to_drop,
    enforce,
    keep_enforcing,
    last_sequence,
)
from whodid.model.clock import SECOND
from whodid.store.sql import LINE_COLUMNS
from whodid.store.store import StoreError

NOON = 20_000 * DAY_NS + DAY_NS // 2
WEEK = Policy(7 * DAY_NS, None, 100)


def days(*numbers: int, size: int = 10) -> list[Day]:
    return [Day(20_000 - ago, size) for ago in numbers]


def drop(found: list[Day], policy: Policy, used: int = 0, total: int = 1000) -> list[int]:
    return [20_000 - number for number in days_to_drop(found, policy, NOON, used, total)]


def test_a_day_goes_when_its_last_moment_is_too_old() -> None:
    assert drop(days(0, 1, 6, 7, 8, 9), WEEK) == [9, 8]
    assert days_to_drop([Day(20_000, 1)], WEEK, 20_008 * DAY_NS - 1, 0, 1) == []
    assert days_to_drop([Day(20_000, 1)], WEEK, 20_008 * DAY_NS, 0, 1) == [20_000]


def test_too_many_bytes_take_the_oldest_days_first() -> None:
    policy = Policy(7 * DAY_NS, 25, 100)
    assert drop(days(3, 0, 2, 1), policy) == [3, 2]
    assert drop(days(0, 1), policy) == []


def test_a_full_disk_takes_days_until_it_is_not() -> None:
    policy = Policy(7 * DAY_NS, None, 85)
    assert drop(days(0, 1, 2, 3, size=40), policy, used=850) == []
    assert drop(days(0, 1, 2, 3, size=40), policy, used=851) == [3]
    assert drop(days(0, 1, 2, 3, size=40), policy, used=900) == [3, 2]


def test_today_stays_even_on_a_full_disk() -> None:
    assert drop(days(0, 1, size=1), Policy(DAY_NS, 0, 1), used=1000) == [1]


def test_days_of_a_clock_that_ran_ahead_stay() -> None:
    assert drop(days(-3, 0, 2, size=10), Policy(7 * DAY_NS, 5, 100)) == [2]


DAYS = st.dictionaries(st.integers(19_980, 20_003), st.integers(0, 1000), max_size=20).map(
    lambda sizes: [Day(number, size) for number, size in sizes.items()]
)
POLICIES = st.builds(
    Policy, st.integers(1, 30).map(lambda n: n * DAY_NS), st.none() | st.integers(0, 5000), st.integers(1, 100)
)


@given(DAYS, POLICIES, st.integers(0, 10_000))
def test_what_is_dropped_is_the_oldest_and_no_more_than_needed(found: list[Day], policy: Policy, used: int) -> None:
    total = 10_000
    dropped = days_to_drop(found, policy, NOON, used, total)
    numbers = sorted(day.number for day in found)
    assert dropped == numbers[: len(dropped)]
    assert all(number < 20_000 for number in dropped)
    kept = [day for day in found if day.number not in dropped]
    past = [day for day in kept if day.number < 20_000]
    assert all((day.number + 1) * DAY_NS > NOON - policy.period_ns for day in past)
    left = used - sum(day.bytes for day in found if day.number in dropped)
    if past:
        assert policy.max_bytes is None or sum(day.bytes for day in kept) <= policy.max_bytes
        assert left <= total * policy.max_disk_percent // 100
    if dropped:
        without_last = days_to_drop([d for d in found if d.number not in dropped], policy, NOON, left, total)
        assert without_last == []


# The shared store holds other tests' lines, all of this century: these days are long before them.
OLD_DAY = 3000


async def put(*numbers: int) -> int:
    stream = uuid.uuid4().int >> 64
    for number in numbers:
        values = f"{stream}, {number * DAY_NS + 5}, 0, 'line', map(), '', 0"
        await shared_store().write(f"INSERT INTO lines ({LINE_COLUMNS}) SELECT {values}")
    return stream


async def left(stream: int) -> list[int]:
    table = await shared_store().select(
        f"SELECT arraySort(groupArray(intDiv(ts, {DAY_NS}))) AS days FROM lines WHERE stream_id = {stream}"
    )
    found: list[int] = table["days"][0].as_py()
    return found


async def test_days_that_are_too_old_are_gone(tmp_path: Path) -> None:
    stream = await put(OLD_DAY, OLD_DAY - 6, OLD_DAY - 8, OLD_DAY - 20)
    policy = Policy(7 * DAY_NS, None, 100)
    dropped = await enforce(shared_store(), policy, tmp_path, OLD_DAY * DAY_NS + DAY_NS // 2, lambda: None)
    assert set(dropped) >= {OLD_DAY - 20, OLD_DAY - 8}
    assert set(dropped).isdisjoint({OLD_DAY - 6, OLD_DAY})
    assert await left(stream) == [OLD_DAY - 6, OLD_DAY]
    assert await enforce(shared_store(), policy, tmp_path, OLD_DAY * DAY_NS + DAY_NS // 2, lambda: None) == []


async def test_what_is_remembered_of_lines_is_forgotten_even_if_only_some_days_could_go(tmp_path: Path) -> None:
    await put(OLD_DAY - 30, OLD_DAY - 31)
    written: list[str] = []

    class Shaky:
        select = shared_store().select

        async def write(self, sql: str) -> None:
            if written:
                raise StoreError("disk on fire")
            await shared_store().write(sql)
            written.append(sql)

    forgotten: list[int] = []
    with pytest.raises(StoreError, match="fire"):
        policy, now_ns = Policy(7 * DAY_NS, None, 100), OLD_DAY * DAY_NS
        await enforce(Shaky(), policy, tmp_path, now_ns, lambda: forgotten.append(len(written)))  # type: ignore[arg-type]
    assert forgotten[0] == 1


async def test_it_is_tried_again_every_hour_whatever_happened(tmp_path: Path) -> None:
    clock = SteppedClock(OLD_DAY * DAY_NS)
    calls: list[int] = []

    class Broken:
        async def select(self, sql: str) -> object:
            calls.append(clock.now_ns())
            raise OSError("disk on fire")

    task = asyncio.create_task(keep_enforcing(Broken(), WEEK, tmp_path, clock, lambda: None))  # type: ignore[arg-type]
    for hour in range(3):
        await until(lambda tried=hour: len(calls) > tried and bool(clock._sleepers))
        assert not task.done()
        clock.advance(EVERY_S)
    task.cancel()
    assert [at - calls[0] for at in calls[:3]] == [0, 3600 * SECOND, 7200 * SECOND]


async def test_a_sequence_number_is_never_given_out_twice(tmp_path: Path) -> None:
    stream = await put(OLD_DAY - 40)
    highest = await last_sequence(shared_store(), tmp_path)
    await enforce(shared_store(), Policy(7 * DAY_NS, None, 100), tmp_path, OLD_DAY * DAY_NS, lambda: None)
    assert await left(stream) == []
    assert await last_sequence(shared_store(), tmp_path) >= highest
    assert int((tmp_path / "last-sequence").read_text()) >= highest
