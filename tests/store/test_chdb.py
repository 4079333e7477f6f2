"""The embedded engine: opening, its errors, its limits, and what is left after a kill.

chDB holds one path per process: what needs another path or another process runs in a child.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kit.chdb_store import shared_store
from whodid.store.chdb import READERS, ChdbStore, Settings
from whodid.store.sql import LINE_COLUMNS
from whodid.store.store import APPENDERS, Connection, StoreError

CHILD = """
import asyncio, os, sys
from pathlib import Path
from whodid.store.chdb import ChdbStore, Settings
from whodid.store.sql import LINE_COLUMNS
from whodid.store.store import StoreError
from whodid.store.streams import StreamIndex, stream_id
path = Path(sys.argv[1])
"""
DEADLINE_S = 60


def start(code: str, path: Path, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD + code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        **options,  # type: ignore[call-overload]
    )


def run(code: str, path: Path, **options: object) -> str:
    with start(code, path, **options) as child:
        out, _ = child.communicate(timeout=DEADLINE_S)
    assert child.returncode == 0, out
    return out.strip()


OPEN = """
try:
    store = ChdbStore.open(Settings(path))
except StoreError as e:
    print("refused:", e)
    sys.exit()
print("open", flush=True)
"""


async def test_rows_come_back_as_columns() -> None:
    table = await shared_store().select("SELECT number AS n, toString(number) AS s FROM numbers(3)")
    assert table.to_pydict() == {"n": [0, 1, 2], "s": ["0", "1", "2"]}


async def test_an_answer_without_rows_still_has_its_columns() -> None:
    assert (await shared_store().select("SELECT 1 AS n WHERE 0")).num_rows == 0


async def test_writes_are_in_order_and_tell_their_rows() -> None:
    store = shared_store()
    await store.write("CREATE TABLE IF NOT EXISTS ordered (n UInt64, place UInt64) ENGINE = Memory")
    await store.write("TRUNCATE TABLE ordered")
    # Each row says how many were there before it: two threads may read the table in another order.
    rows = await asyncio.gather(
        *[store.write(f"INSERT INTO ordered SELECT {n}, count() FROM ordered") for n in range(20)]
    )
    assert rows == [1] * 20
    places = (await store.select("SELECT n, place FROM ordered ORDER BY n")).to_pydict()
    assert places == {"n": list(range(20)), "place": list(range(20))}


async def test_commits_run_beside_each_other_and_beside_writes() -> None:
    store = shared_store()
    await store.write("CREATE TABLE IF NOT EXISTS counted (n UInt64) ENGINE = Memory")
    await store.write("TRUNCATE TABLE counted")
    meeting = threading.Barrier(APPENDERS + 1, timeout=30)

    def work(connection: Connection) -> int:
        meeting.wait()
        return connection.write("INSERT INTO counted SELECT 1")

    commits = [asyncio.ensure_future(store.appending(work)) for _ in range(APPENDERS)]
    await store.write("INSERT INTO counted SELECT 1")
    await asyncio.to_thread(meeting.wait)
    assert await asyncio.gather(*commits) == [1] * APPENDERS
    assert (await store.select("SELECT count() AS n FROM counted"))["n"][0].as_py() == APPENDERS + 1


async def test_an_urgent_read_does_not_wait_for_many_long_ones() -> None:
    store = shared_store()
    slow = [
        asyncio.ensure_future(store.select("SELECT max(sleepEachRow(0.2)) FROM numbers(5)")) for _ in range(READERS * 2)
    ]
    table = await asyncio.wait_for(store.urgent.select("SELECT 1 AS n"), 60)
    assert table["n"][0].as_py() == 1
    assert not any(task.done() for task in slow[READERS:])
    await asyncio.gather(*slow)


async def test_reads_do_not_wait_for_one_long_read() -> None:
    store = shared_store()
    slow = "SELECT max(sleepEachRow(0.1)) FROM numbers(15)"
    long = asyncio.ensure_future(store.select(slow))
    table = await asyncio.wait_for(store.select("SELECT 1 AS n"), 5)
    assert table["n"][0].as_py() == 1
    assert not long.done()
    await long


@pytest.mark.parametrize(
    ("sql", "options", "code"),
    [
        ("SELECT nothing_of_this_name", {}, "UNKNOWN_IDENTIFIER"),
        ("SELEC 1", {}, "SYNTAX_ERROR"),
        ("SELECT match('a', '(')", {}, "CANNOT_COMPILE_REGEXP"),
        ("SELECT sum(sipHash64(number)) FROM numbers(100000000000)", {"timeout_s": 0.1}, "TIMEOUT_EXCEEDED"),
        (
            "SELECT length(groupArray(number)) FROM numbers(50000000)",
            {"memory_bytes": 20_000_000},
            "MEMORY_LIMIT_EXCEEDED",
        ),
    ],
)
async def test_the_engines_errors_have_their_names(sql: str, options: dict[str, float], code: str) -> None:
    with pytest.raises(StoreError) as caught:
        await shared_store().select(sql, **options)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert "DB::Exception" not in str(caught.value)


async def test_the_answer_after_a_broken_off_one_is_whole() -> None:
    # A session that broke off keeps what it had begun to answer; the next answer on it would read as no rows.
    store = shared_store()
    broken = (
        ("SELECT sum(sipHash64(number)) FROM numbers(100000000000)", {"timeout_s": 0.05}),
        ("SELECT number, throwIf(number = 200000) FROM numbers(300000)", {}),
    )
    for sql, options in broken * 2:
        for _ in range(READERS):
            with pytest.raises(StoreError):
                await store.select(sql, **options)
        answers = await asyncio.gather(*[store.select("SELECT 1 AS n") for _ in range(3 * READERS)])
        assert [answer.to_pydict() for answer in answers] == [{"n": [1]}] * len(answers)


async def test_a_statement_whose_asker_is_gone_is_stopped_in_the_engine() -> None:
    store = shared_store()
    endless = "SELECT sum(sipHash64(number)) FROM numbers(10000000000000)"
    # More than there are threads: some run, some wait for their turn.
    asked = [asyncio.ensure_future(store.select(endless, timeout_s=120)) for _ in range(READERS + 2)]
    running = "SELECT count() AS n FROM system.processes WHERE query LIKE '%10000000000000%'"
    while (await store.appending(lambda c: c.select(running)))["n"][0].as_py() <= READERS:  # this one counts too
        assert not any(task.done() for task in asked)
    for task in asked:
        task.cancel()
    outcomes = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), DEADLINE_S / 2)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    answer = await asyncio.wait_for(store.select("SELECT 1 AS n"), DEADLINE_S / 2)
    assert answer["n"][0].as_py() == 1


async def test_a_statement_may_name_tens_of_thousands_of_streams() -> None:
    ids = ", ".join(str((1 << 63) + n) for n in range(30_000))
    table = await shared_store().select(f"SELECT count() AS n FROM lines WHERE stream_id IN ({ids})")
    assert table["n"][0].as_py() == 0


@pytest.mark.parametrize("name", ["plain", "a b%20c=d;e#f+g:ü'100%"])
def test_a_store_may_have_any_usual_name(name: str, tmp_path: Path) -> None:
    code = (
        OPEN
        + """
sql = "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"
print(asyncio.run(store.select(sql))["value"][0].as_py(), path.is_dir())
"""
    )
    assert run(code, tmp_path / name / "store").split() == ["open", str(2 << 30), "True"]


@pytest.mark.parametrize("name", ["what?", "a&b", "a\\b"])
def test_a_name_that_the_engine_cannot_open_is_refused_before_it_opens_another(name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="set another data_dir"):
        ChdbStore.open(Settings(tmp_path / name / "store"))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot write to the data directory .*file.*: .*; make it writable"):
        ChdbStore.open(Settings(tmp_path / "file" / "store"))


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's directory needs root to make")
def test_a_directory_of_somebody_else_is_told(tmp_path: Path) -> None:
    # Root may write everywhere, so a child without its rights tries.
    for parent in (tmp_path, *tmp_path.parents):
        if parent.owner() == "root" and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    (tmp_path / "closed").mkdir(mode=0o755)
    out = run("os.setuid(65534)\n" + OPEN, tmp_path / "closed" / "store")
    assert out.startswith("refused: cannot write to the data directory")
    assert "Permission denied" in out


def test_a_second_process_is_told_to_stop_the_first(tmp_path: Path) -> None:
    with start(OPEN + "sys.stdin.read()\nstore.close()", tmp_path / "store") as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "open"
        out = run(OPEN, tmp_path / "store")
        assert "is in use by another whodid server; stop that one, or set another data_dir" in out
        assert out.startswith("refused:")
        holder.communicate("", timeout=DEADLINE_S)
    assert run(OPEN + "store.close()", tmp_path / "store") == "open"


def test_a_killed_server_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    write = (
        OPEN
        + """
async def main():
    index = StreamIndex(store)
    for n in range(1000):
        labels = {"n": str(n)}
        await index.add("t", {stream_id("t", labels): labels})
        await store.write(
            f"INSERT INTO lines ({LINE_COLUMNS}) SELECT {stream_id('t', labels)}, {n} * 86400000000000, {n + 1}, "
            f"'line {n}', map(), '', 0"
        )
        print(n, flush=True)
asyncio.run(main())
"""
    )
    with start(write, tmp_path / "store") as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == "7":
                os.kill(child.pid, signal.SIGKILL)
                break
        answered = 7
        for line in child.stdout:
            answered = int(line)
    read = (
        OPEN
        + """
async def main():
    index = StreamIndex(store)
    await index.load()
    lines = (await store.select("SELECT stream_id, line FROM lines ORDER BY seq")).to_pylist()
    for row in lines:
        assert index.streams("t")[row["stream_id"]] == {"n": row["line"].split()[1]}, row
    print(len(lines))
asyncio.run(main())
store.close()
"""
    )
    stored = int(run(read, tmp_path / "store").split()[-1])
    assert answered + 1 <= stored <= answered + 2


def test_a_closed_store_opens_again_in_the_same_process(tmp_path: Path) -> None:
    code = (
        OPEN
        + """
asyncio.run(store.write(f"INSERT INTO lines ({LINE_COLUMNS}) SELECT 1, 1, 1, 'kept', map('a', 'b'), '', 0"))
store.close()
store = ChdbStore.open(Settings(path))
print(asyncio.run(store.select("SELECT line, metadata FROM lines")).to_pylist())
store.close()
"""
    )
    assert run(code, tmp_path / "store").splitlines()[-1] == "[{'line': 'kept', 'metadata': [('a', 'b')]}]"


async def test_a_large_part_is_not_merged_with_each_small_one() -> None:
    table = await shared_store().select(
        "SELECT name, value FROM system.merge_tree_settings WHERE name LIKE '%selector%'"
    )
    settings = dict(zip(table["name"].to_pylist(), table["value"].to_pylist(), strict=True))
    assert settings["merge_selector_base"] == "10"
    assert settings["merge_selector_enable_heuristic_to_remove_small_parts_at_right"] == "0"


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core")
async def test_a_query_uses_more_than_one_core_under_a_small_cap_of_memory() -> None:
    plan = await shared_store().select("EXPLAIN PIPELINE SELECT sum(number) FROM numbers_mt(100000000)")
    assert any("NumbersRange × " in line for line in plan["explain"].to_pylist()), plan


async def test_what_was_read_a_moment_ago_is_not_unpacked_again() -> None:
    store = shared_store()
    await store.write("INSERT INTO lines (ts, line) SELECT number, toString(number) FROM numbers(1000)")
    read = "SELECT sum(cityHash64(line)) AS bytes FROM lines"
    hits = "SELECT sumIf(value, event = 'UncompressedCacheHits') AS hits FROM system.events"
    first = await store.select(read)
    before = (await store.select(hits))["hits"][0].as_py()
    assert await store.select(read) == first
    assert (await store.select(hits))["hits"][0].as_py() > before


async def test_an_insert_is_one_file_however_large() -> None:
    store = shared_store()
    await store.write(
        f"INSERT INTO lines ({LINE_COLUMNS}) SELECT 1, 11114 * 86400000000000 + number, number, "
        "repeat('x', 100) || toString(number), map(), '', 0 FROM numbers(200000)"
    )
    kinds = "SELECT DISTINCT part_type FROM system.parts WHERE active AND table = 'lines' AND partition_id = '11114'"
    assert (await store.select(kinds))["part_type"].to_pylist() == ["Compact"]
    await store.write("OPTIMIZE TABLE lines PARTITION 11114 FINAL")
    assert (await store.select(kinds))["part_type"].to_pylist() == ["Wide"]
    await store.write("ALTER TABLE lines DROP PARTITION 11114")
