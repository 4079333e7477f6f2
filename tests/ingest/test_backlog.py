"""From the journal into the table: at its pace, in order, nothing lost and nothing twice whatever fails."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kit.ingest_bench import IngestBench, until
from kit.shaky_store import ShakyStore
from whodid.ingest.backlog import AGAIN_S, GAP_S, MUCH_BYTES, STEADY_GAP_S
from whodid.ingest.committer import FULL_BYTES
from whodid.ingest.journal import Segment
from whodid.ingest.limits import Limits
from whodid.model.clock import SECOND
from whodid.model.entry import Entry, Stream
from whodid.store.sql import LINE_COLUMNS
from whodid.wire.push_protobuf import encode_push

DAY_NS = 86_400 * SECOND
LINE = "y" * FULL_BYTES
"""A body with it is full: it is answered from the journal."""


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[IngestBench]:
    bench = IngestBench(tmp_path, store=ShakyStore())
    await bench.start()
    await push_full(bench, "begin")  # goes into the table at once: from here on the gap holds back
    await until(lambda: bench.ingest.journal_bytes == 0)
    yield bench
    await bench.stop()


def shaky(bench: IngestBench) -> ShakyStore:
    assert isinstance(bench.store, ShakyStore)
    return bench.store


async def push_full(bench: IngestBench, text: str, **labels: str) -> None:
    """Returns when it is acknowledged; the clock stands still."""
    body = bench.body(text + LINE, metadata={"said": text}, **labels)
    assert await asyncio.wait_for(bench.ingest.push(body, bench.tenant, text), 30) == []


async def stored(bench: IngestBench) -> list[str]:
    """What is in the table, without asking for what is not."""
    index = set(bench.index.streams(bench.tenant))
    table = await bench.store.select(
        f"SELECT substring(line, 1, 5) AS said, stream_id FROM lines WHERE length(line) = {5 + len(LINE)} ORDER BY seq"
    )
    said = [row["said"] for row in table.to_pylist() if row["stream_id"] in index]
    return [text for text in said if text != "begin"]


def files(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "journal").iterdir())


async def test_it_is_acknowledged_from_the_journal_and_comes_into_the_table_after_the_gap(
    bench: IngestBench, tmp_path: Path
) -> None:
    before = bench.ingest.bus.last_seq
    await push_full(bench, "first")
    await push_full(bench, "secon")
    assert (await stored(bench), bench.ingest.bus.last_seq, len(files(tmp_path))) == ([], before, 1)
    assert bench.ingest.journal_bytes > 2 * FULL_BYTES
    commits = bench.ingest.totals.commits
    await bench.asleep()
    bench.clock.advance(STEADY_GAP_S * 1.01)
    await until(lambda: bench.ingest.bus.last_seq == before + 2)
    assert await stored(bench) == ["first", "secon"]
    assert (bench.ingest.totals.commits - commits, bench.ingest.journal_bytes, files(tmp_path)) == (1, 0, [])


async def test_for_who_reads_the_gap_is_short(bench: IngestBench) -> None:
    await push_full(bench, "first")
    reader = asyncio.create_task(bench.ingest.settled())
    await bench.asleep()
    bench.clock.advance(GAP_S * 1.01)
    await asyncio.wait_for(reader, 30)
    assert await stored(bench) == ["first"]


async def test_for_much_the_gap_is_short(bench: IngestBench) -> None:
    before = bench.ingest.bus.last_seq
    for number in range(MUCH_BYTES // FULL_BYTES + 1):
        await push_full(bench, f"{number:05}")
    assert bench.ingest.bus.last_seq == before
    await bench.asleep()
    bench.clock.advance(GAP_S * 1.01)
    await until(lambda: bench.ingest.bus.last_seq > before)


async def test_what_is_much_too_much_need_not_wait(tmp_path: Path) -> None:
    bench = IngestBench(tmp_path, dataclasses.replace(Limits(), max_journal_bytes=6 * FULL_BYTES))
    await bench.start()
    await push_full(bench, "begin")
    await until(lambda: bench.ingest.journal_bytes == 0)
    for text in ("first", "secon", "third"):
        await push_full(bench, text)
    await until(lambda: bench.ingest.journal_bytes == 0)  # the clock stands still
    assert await stored(bench) == ["first", "secon", "third"]
    await bench.stop()


async def test_a_small_push_behind_a_full_one_keeps_its_place(bench: IngestBench) -> None:
    before = bench.ingest.bus.last_seq
    await push_full(bench, "first")
    small = bench.body("small")
    assert await asyncio.wait_for(bench.ingest.push(small, bench.tenant), 30) == []
    assert bench.ingest.bus.last_seq == before
    assert [row.line[:5] for row in await bench.rows()][1:] == ["first", "small"]


async def test_a_push_that_needs_a_judgement_waits_for_those_before_it(bench: IngestBench) -> None:
    await push_full(bench, "first")
    odd = encode_push([Stream({"a": "b"}, [Entry(1, "old", {}), Entry(bench.now, "good", {})])])
    [refused] = await asyncio.wait_for(bench.ingest.push(odd, bench.tenant), 30)
    assert "too old" in refused.text
    assert [row.line[:5] for row in await bench.rows()][1:] == ["first", "good"]


async def test_what_the_table_does_not_take_is_tried_again(
    bench: IngestBench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shaky(bench).failing = 2
    await push_full(bench, "first")
    await bench.asleep()
    bench.clock.advance(STEADY_GAP_S * 1.01)
    for pause_s in AGAIN_S[:2]:
        failing = shaky(bench).failing
        await until(lambda failing=failing: shaky(bench).failing < failing or failing == 0)  # type: ignore[misc]
        assert await stored(bench) == []
        assert len(files(tmp_path)) == 1
        await bench.asleep()
        bench.clock.advance(pause_s)
    await bench.settled()
    await until(lambda: bench.ingest.journal_bytes == 0)
    assert await stored(bench) == ["first"]
    assert re.search(r"1 acknowledged lines stay in .*\.rows and are tried again: no space left", caplog.text)


async def test_while_the_table_takes_nothing_readers_get_what_there_is(bench: IngestBench) -> None:
    shaky(bench).failing = 1
    await push_full(bench, "first")
    await bench.settled()
    assert await stored(bench) == []


async def test_an_insert_that_failed_behind_its_rows_stores_nothing_twice(bench: IngestBench) -> None:
    shaky(bench).failing, shaky(bench).broken_off = 1, True
    await push_full(bench, "first")
    await bench.settled()
    await bench.asleep()
    bench.clock.advance(AGAIN_S[0])
    await until(lambda: bench.ingest.journal_bytes == 0)
    assert await stored(bench) == ["first"]


async def test_a_restart_brings_in_what_was_acknowledged(bench: IngestBench, tmp_path: Path) -> None:
    shaky(bench).failing = 99  # this server never gets it into the table
    await push_full(bench, "first", level="error")
    await push_full(bench, "secon")
    assert await stored(bench) == []
    await bench.stop()
    shaky(bench).failing = 0
    assert len(files(tmp_path)) == 1
    await bench.start()
    assert await stored(bench) == ["first", "secon"]
    rows = (await bench.rows())[1:]
    assert [(row.level, row.metadata) for row in rows] == [
        ("error", [("said", "first")]),
        ("unknown", [("said", "secon")]),
    ]
    assert bench.ingest.bus.last_seq == rows[-1].seq
    assert files(tmp_path) == []
    # A client that saw no answer sends it again.
    body = bench.body("first" + LINE, metadata={"said": "first"}, level="error")
    assert await bench.push(body, "first", repeated=True) == []
    assert await stored(bench) == ["first", "secon"]


async def test_a_restart_behind_a_half_done_insert_adds_the_other_half(bench: IngestBench, tmp_path: Path) -> None:
    """An insert over several days writes a part for each; a crash may leave the first of them only."""
    shaky(bench).failing = 99
    entries = [Entry(bench.now - day * DAY_NS, f"day {day}{LINE}", {}) for day in range(3)]
    before = bench.ingest.bus.last_seq
    await asyncio.wait_for(bench.ingest.push(encode_push([Stream({"a": "b"}, entries)]), bench.tenant), 30)
    await bench.stop()
    [stream_id] = [key for key, labels in bench.index.streams(bench.tenant).items() if labels.get("a") == "b"]
    line = f"'day 1{LINE}'"
    await bench.store.write(
        f"INSERT INTO lines ({LINE_COLUMNS}) "
        f"SELECT {stream_id}, {entries[1].ns}, {before + 2}, {line}, map(), 'unknown', 0"
    )
    await bench.start()
    assert bench.ingest.bus.last_seq <= before  # the table takes nothing yet: who reads from here on sees all three
    await bench.stop()
    shaky(bench).failing = 0
    await bench.start()
    assert await stored(bench) == ["day 0", "day 1", "day 2"]
    assert bench.ingest.bus.last_seq >= before + 3


async def test_a_clean_stop_leaves_nothing_in_the_journal(bench: IngestBench, tmp_path: Path) -> None:
    await push_full(bench, "first")
    await bench.stop()
    assert files(tmp_path) == []
    assert await stored(bench) == ["first"]


async def test_a_table_too_far_behind_holds_back_what_comes_next(tmp_path: Path) -> None:
    bench = IngestBench(tmp_path, dataclasses.replace(Limits(), max_journal_bytes=3 * FULL_BYTES), ShakyStore())
    await bench.start()
    await push_full(bench, "begin")
    await until(lambda: bench.ingest.journal_bytes == 0)
    shaky(bench).failing = 1
    for text in ("first", "secon", "third"):
        await push_full(bench, text)
    [held] = await bench.enqueue(bench.ingest.push(bench.body("later" + LINE), bench.tenant))
    await until(lambda: not shaky(bench).failing)
    await bench.asleep()
    assert not held.done()
    bench.clock.advance(AGAIN_S[0])
    assert await asyncio.wait_for(held, 30) == []
    await bench.settled()
    assert await stored(bench) == ["first", "secon", "third", "later"]
    await bench.stop()


async def test_fewer_lines_than_promised_are_an_error_and_the_file_stays(
    bench: IngestBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the reason: an insert that reads nothing succeeds in the engine's eyes."""
    monkeypatch.setattr(Segment, "engine_path", "/proc/self/fd/{nothing}")
    await push_full(bench, "first")
    await bench.settled()
    assert (await stored(bench), len(files(tmp_path))) == ([], 1)
    monkeypatch.undo()
    await bench.asleep()
    bench.clock.advance(AGAIN_S[0])
    await until(lambda: bench.ingest.journal_bytes == 0)
    assert await stored(bench) == ["first"]


async def test_a_data_directory_whose_name_is_a_pattern_to_the_engine(tmp_path: Path) -> None:
    directory = tmp_path / "logs{a}*"
    directory.mkdir()
    bench = IngestBench(directory, store=ShakyStore())
    await bench.start()
    await push_full(bench, "first")
    await bench.settled()
    assert await stored(bench) == ["first"]
    await bench.stop()
