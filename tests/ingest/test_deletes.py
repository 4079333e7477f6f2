"""Delete requests on the real engine: hidden at once, shown again when cancelled, rewritten in time, over restarts."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kit.delete_bench import ASKER, DeleteBench
from kit.ingest_bench import until
from whodid.ingest import deletes
from whodid.ingest.delete_request import NoSuchRequest, NotCancellable, TrailIsPermanent
from whodid.ingest.deletes import CANCEL_PERIOD_NS, LATEST_NS
from whodid.ingest.retention import last_sequence
from whodid.ingest.trail import TRAIL_TENANT
from whodid.model.clock import SECOND
from whodid.model.result import Matrix
from whodid.query.engine import RangeRequest
from whodid.store.store import StoreError

AFTER_CANCEL_S = CANCEL_PERIOD_NS / SECOND + 1
LATE_S = LATEST_NS / SECOND + 1


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DeleteBench]:
    """Answers do not wait for the engine's mask: it writes one for each of the parts that other tests left."""
    monkeypatch.setattr(deletes, "WAIT_S", 0.01)
    bench = DeleteBench(tmp_path)
    await bench.start()
    yield bench
    await bench.stop()


async def test_no_reader_sees_them_when_it_answers(bench: DeleteBench) -> None:
    await bench.put("keep", "secret 1", "secret 2", job="a")
    await bench.put("secret 3", job="b")
    request = await bench.delete('{job="a"} |= "secret"')
    assert (request.lines, request.status) == (2, "hidden")
    assert await bench.lines() == ["keep", "secret 3"]
    await bench.put("secret 4", job="a")
    assert await bench.lines('{job="a"}') == ["keep", "secret 4"], "what comes later is not what was asked for"


async def test_what_only_python_can_find(bench: DeleteBench) -> None:
    await bench.put("user=noa n=1", "user=raz n=2", job="a")
    assert (await bench.delete('{job="a"} | logfmt | user="noa"')).lines == 1
    assert await bench.lines() == ["user=raz n=2"]


async def test_what_is_done_with_is_listed_for_a_month_at_most(
    bench: DeleteBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.put("a", "b", job="a")
    young, old = [await bench.delete('{job="none"}'), await bench.delete('{job="nobody"}')]
    hidden = await bench.delete('{job="a"} |= "a"')
    listed = lambda: {request.id for request in bench.deletes.requests(bench.tenant)}  # noqa: E731
    await bench.deletes.tidy()
    assert listed() == {young.id, old.id, hidden.id}
    monkeypatch.setattr(deletes, "MOST_KEPT", 1)
    await bench.deletes.tidy()
    assert listed() == {old.id, hidden.id}, "the youngest one, and what is not done"
    bench.clock.ahead_s = deletes.KEPT_NS / SECOND + 1
    await bench.deletes.tidy()
    assert listed() == {hidden.id}
    await bench.start()
    assert listed() == {hidden.id}, "nor do they come back"


async def test_ranges_that_tails_share_are_forgotten(bench: DeleteBench) -> None:
    from whodid.logql.parser import parse

    await bench.put("secret", job="a")
    last = bench.write.ingest.bus.last_seq
    asked = [parse('{job="a"}')], last - 5, last, bench.tenant
    assert [row.line for row in (await bench.engine.committed(*asked))[0]] == ["secret"]  # type: ignore[arg-type]
    await bench.delete('{job="a"}')
    assert (await bench.engine.committed(*asked))[0] == []  # type: ignore[arg-type]


async def test_answers_that_are_remembered_are_forgotten_even_if_a_cancellation_fails(
    bench: DeleteBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines may be there again before something else goes wrong."""

    async def counted() -> float:
        end_ns = bench.clock.now_ns() // (3600 * SECOND) * 3600 * SECOND + 3600 * SECOND
        query = 'sum(count_over_time({job="test"}[2h])) or vector(0)'
        request = RangeRequest(query, end_ns - SECOND, end_ns, SECOND, 100, "forward", tenant=bench.tenant)
        answer = await bench.engine.range(request)
        assert isinstance(answer, Matrix)
        return answer.series[0].points[0][1]

    async def broken(*_: object) -> None:
        raise StoreError("disk on fire")

    await bench.put("a", "b")
    assert await counted() == 2
    request = await bench.delete('{job="test"} |= "a"')
    assert await counted() == 1
    monkeypatch.setattr(bench.deletes, "_note", broken)
    with pytest.raises(StoreError, match="fire"):
        await bench.deletes.cancel(request.id, bench.tenant, ASKER)
    assert await counted() == 2


async def test_each_request_is_a_line_of_the_trail_that_nobody_deletes(bench: DeleteBench) -> None:
    await bench.put("secret", job="a")
    request = await bench.delete('{job="a"}')
    [line] = await bench.trail(request.id)
    assert line.startswith('noa from 203.0.113.7 deletes 1 lines of {job="a"} from 1970-01-01T00:00:00Z to ')
    await bench.deletes.cancel(request.id, bench.tenant, replace(ASKER, user=""))
    assert [line.split(" of ")[0] for line in await bench.trail(request.id)] == [
        "203.0.113.7 cancels the deletion",
        "noa from 203.0.113.7 deletes 1 lines",
    ]
    for tenant in (TRAIL_TENANT, f"{bench.tenant}|{TRAIL_TENANT}"):
        with pytest.raises(TrailIsPermanent):
            await bench.deletes.create('{job="whodid"}', 0, 1, tenant, ASKER)


async def test_without_the_trail_nothing_is_deleted(bench: DeleteBench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*event: object) -> None:
        raise StoreError("the disk burns")

    await bench.put("secret", job="a")
    monkeypatch.setattr(bench.deletes._trail, "record", fails)
    with pytest.raises(StoreError):
        await bench.delete('{job="a"}')
    assert (await bench.lines(), bench.deletes.requests(bench.tenant)) == (["secret"], [])


async def test_a_cancelled_request_shows_its_lines_again(bench: DeleteBench) -> None:
    await bench.put("one", "two", "three", job="a")
    request = await bench.delete('{job="a"} |~ "one|two"')
    assert [r.id for r in bench.deletes.requests(bench.tenant)] == [request.id]
    await bench.deletes.cancel(request.id, bench.tenant, ASKER)
    assert await bench.lines() == ["one", "three", "two"]
    assert bench.deletes.requests(bench.tenant) == []
    with pytest.raises(NoSuchRequest):
        await bench.deletes.cancel(request.id, bench.tenant, ASKER)
    with pytest.raises(NoSuchRequest):
        await bench.deletes.cancel("ffffffff", bench.tenant, ASKER)
    with pytest.raises(NoSuchRequest):
        await bench.deletes.cancel((await bench.delete('{job="a"}')).id, "another tenant", ASKER)


async def test_a_dashboard_counts_what_there_is(bench: DeleteBench) -> None:
    await bench.put("one", "two", "three", job="a")
    assert await bench.count() == 3
    request = await bench.delete('{job="a"} |~ "one|two"')
    assert await bench.count() == 1
    await bench.deletes.cancel(request.id, bench.tenant, ASKER)
    assert await bench.count() == 3


async def test_to_and_fro_leaves_each_line_once(bench: DeleteBench) -> None:
    await bench.put("one", "two", job="a")
    numbers = [row.seq for row in await bench.write.rows()]
    for _ in range(3):
        request = await bench.delete('{job="a"}')
        assert (request.lines, await bench.lines()) == (2, [])
        await bench.deletes.cancel(request.id, bench.tenant, ASKER)
    assert [(row.seq, row.line) for row in await bench.write.rows()] == list(zip(numbers, ["one", "two"], strict=True))


async def test_what_another_request_hides_stays_hidden(bench: DeleteBench) -> None:
    await bench.put("one", "two", "three", job="a")
    first = await bench.delete('{job="a"} |~ "one|two"')
    second = await bench.delete('{job="a"} |~ "two|three"')
    assert (first.lines, second.lines, await bench.lines()) == (2, 1, [])
    await bench.deletes.cancel(first.id, bench.tenant, ASKER)
    assert await bench.lines() == ["one"]
    await bench.deletes.cancel(second.id, bench.tenant, ASKER)
    assert await bench.lines() == ["one", "three", "two"]


def statuses(bench: DeleteBench) -> list[str]:
    return [request.status for request in bench.deletes.requests(bench.tenant)]


async def test_the_bytes_go_when_nobody_can_cancel_any_more(bench: DeleteBench) -> None:
    await bench.put("secret", job="a")
    request = await bench.delete('{job="a"}')
    await bench.settle(quiet=True)
    assert statuses(bench) == ["hidden"], "it can still be cancelled"
    bench.clock.ahead_s = AFTER_CANCEL_S
    await bench.settle(quiet=False)
    assert statuses(bench) == ["hidden"], "the server is busy"
    await bench.settle(quiet=True)
    assert await bench.on_disk("secret") == 0
    [done] = bench.deletes.requests(bench.tenant)
    assert [line.split(" of {")[0] for line in await bench.trail(request.id)] == [
        "noa from 203.0.113.7 deletes 1 lines",
        "whodid has carried out the deletion of 1 lines",
    ]
    assert (done.id, done.status, done.conditions) == (request.id, "done", ())
    with pytest.raises(NotCancellable, match="already processed is not allowed"):
        await bench.deletes.cancel(request.id, bench.tenant, ASKER)


async def test_what_is_being_rewritten_cannot_be_cancelled(bench: DeleteBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that comes meanwhile is taken, and is not carried out with it."""
    await bench.put("one", "two", job="a")
    request = await bench.delete('{job="a"} |= "one"')
    bench.clock.ahead_s = LATE_S
    late: list[str] = []

    async def rewrite() -> None:
        with pytest.raises(NotCancellable):
            await bench.deletes.cancel(request.id, bench.tenant, ASKER)
        late.append((await bench.delete('{job="a"} |= "two"')).id)

    monkeypatch.setattr(bench.deletes, "_rewrite", rewrite)
    await bench.settle(quiet=False)
    assert [r.status for r in bench.deletes.requests(bench.tenant)] == ["done", "hidden"]
    await bench.deletes.cancel(late[0], bench.tenant, ASKER)
    assert await bench.lines() == ["two"]


async def test_a_busy_server_rewrites_too_but_later(bench: DeleteBench) -> None:
    await bench.put("secret", job="a")
    await bench.delete('{job="a"}')
    bench.clock.ahead_s = LATE_S
    await bench.settle(quiet=False)
    assert await bench.on_disk("secret") == 0


async def test_a_rewriting_waits_for_the_youngest_request(bench: DeleteBench) -> None:
    await bench.put("one", "two", job="a")
    await bench.delete('{job="a"} |= "one"')
    bench.clock.ahead_s = AFTER_CANCEL_S
    young = await bench.delete('{job="a"} |= "two"')
    await bench.settle(quiet=True)
    await bench.deletes.cancel(young.id, bench.tenant, ASKER)
    assert await bench.lines() == ["two"]


async def test_lines_that_the_engine_has_merged_away_come_back_too(bench: DeleteBench) -> None:
    await bench.put("one", "two", job="a")
    request = await bench.delete('{job="a"} |= "one"')
    await until(lambda: not bench.deletes._watching)
    await bench.deletes._rewrite()  # as a merge does
    assert await bench.on_disk("one") == 0
    await bench.deletes.cancel(request.id, bench.tenant, ASKER)
    assert await bench.lines() == ["one", "two"]


async def test_a_copy_is_made_in_pieces_and_goes_with_the_lines(
    bench: DeleteBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletes, "_COPIED_AT_ONCE", 3)

    async def copied(name: str) -> int:
        table = await bench.write.store.select(f"SELECT count() AS n FROM deleted_lines WHERE request = '{name}'")
        return int(table["n"][0].as_py())

    await bench.put(*(f"line {n}" for n in range(10)), job="a")
    first = await bench.delete('{job="a"}')
    assert await copied(first.id) == 10
    await bench.deletes.cancel(first.id, bench.tenant, ASKER)
    assert (await copied(first.id), len(await bench.lines())) == (0, 10)
    second = await bench.delete('{job="a"}')
    bench.clock.ahead_s = AFTER_CANCEL_S
    await bench.settle(quiet=True)
    assert await copied(second.id) == 0


async def test_what_is_too_much_to_copy_cannot_be_cancelled(
    bench: DeleteBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletes, "CANCELLABLE_LINES", 1)
    await bench.put("one", "two", job="a")
    request = await bench.delete('{job="a"}')
    with pytest.raises(NotCancellable, match="already processed"):
        await bench.deletes.cancel(request.id, bench.tenant, ASKER)
    assert await bench.lines() == []


async def test_over_a_restart_hidden_is_hidden_and_can_be_cancelled(bench: DeleteBench) -> None:
    await bench.put("one", "two", job="a")
    request = await bench.delete('{job="a"} |= "one"')
    await bench.start()
    assert await bench.lines() == ["two"]
    assert bench.deletes.requests(bench.tenant) == [request]
    await bench.deletes.cancel(request.id, bench.tenant, ASKER)
    await bench.start()
    assert (await bench.lines(), bench.deletes.requests(bench.tenant)) == (["one", "two"], [])


async def test_a_server_killed_before_the_engine_was_told_goes_on(
    bench: DeleteBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.put("secret", job="a")

    async def killed(sql: str) -> None:
        raise StoreError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(bench.deletes, "_mutate", killed)
        with pytest.raises(StoreError):
            await bench.delete('{job="a"}')
    assert await bench.lines() == ["secret"]
    await bench.start()
    assert await bench.lines() == []
    assert [r.status for r in bench.deletes.requests(bench.tenant)] == ["hidden"]


async def test_numbers_of_deleted_lines_are_not_given_out_again(bench: DeleteBench, tmp_path: Path) -> None:
    await bench.put("newest", job="a")
    last = bench.write.ingest.bus.last_seq
    await bench.delete('{job="a"}')
    bench.clock.ahead_s = AFTER_CANCEL_S
    await bench.settle(quiet=True)
    assert await last_sequence(bench.write.store, tmp_path) >= last


async def test_while_the_engine_is_busy_reads_leave_the_lines_out_themselves(bench: DeleteBench) -> None:
    """A long merge holds the mask back: the answer does not wait for it, and nobody sees the lines."""
    await bench.put("keep", "secret", job="a")
    await bench.write.store.write("SYSTEM STOP MERGES lines")
    try:
        request = await asyncio.wait_for(bench.delete('{job="a"} |= "secret"'), 10)
        assert (request.status, await bench.lines()) == ("hidden", ["keep"])
        await bench.start()  # and a server that starts now
        assert await bench.lines() == ["keep"]
    finally:
        await bench.write.store.write("SYSTEM START MERGES lines")
    await until(lambda: not bench.deletes._watching)
    assert await bench.lines() == ["keep"]


async def test_of_what_is_committed_before_it_answers_nothing_is_left(bench: DeleteBench) -> None:
    """Pushes go on in many hands, in the journal and past it: each line acknowledged before it is gone."""
    acknowledged: list[str] = []
    numbers, stop = itertools.count(), False

    async def pour(padding: str) -> None:
        while not stop:
            lines = [f"secret {next(numbers)} {padding}" for _ in range(200)]
            await bench.put(*lines, job="a")
            acknowledged.extend(lines)

    pouring = [asyncio.create_task(pour("x" * size)) for size in (0, 10, 100, 4000, 6000)]
    await until(lambda: len(acknowledged) > 3000)
    asked = len(acknowledged)
    end_ns = bench.clock.now_ns() + 60 * SECOND
    request = await bench.deletes.create('{job="a"} |= "secret"', 0, end_ns, bench.tenant, ASKER)
    gone = set(acknowledged)
    stop = True
    await asyncio.gather(*pouring)
    left = set(await bench.lines(limit=5000))
    assert not gone & left
    assert asked < len(gone) <= request.lines, "what came while it was carried out, too"
    assert request.lines + len(left) == len(acknowledged)
    await bench.deletes.cancel(request.id, bench.tenant, ASKER)
    assert await bench.count() == len(acknowledged)


@pytest.mark.parametrize("query", ['{job="a"} |= "secret"', '{job="a"} | logfmt | kind="secret"'])
async def test_in_a_flood_that_stops_merging_it_is_hidden_at_once_and_rewritten_later(
    bench: DeleteBench, query: str
) -> None:
    """SYSTEM STOP MERGES (merging.py) holds masks and rewritings back too; they come when merging goes on."""
    await bench.put("kind=keep", "kind=secret", job="a")
    await bench.write.store.write("SYSTEM STOP MERGES lines")
    try:
        request = await asyncio.wait_for(bench.delete(query), 10)
        assert (request.status, await bench.lines(), await bench.count()) == ("hidden", ["kind=keep"], 1)
        bench.clock.ahead_s = LATE_S
        await bench.deletes.settle(quiet=False)
        await bench.put("kind=secret later", job="a")
        left = await bench.lines()
        assert left == ["kind=keep", "kind=secret later"]
        assert (statuses(bench), await bench.on_disk("kind=secret")) == (["hidden"], 1), "not done before it is gone"
    finally:
        await bench.write.store.write("SYSTEM START MERGES lines")
    await until(lambda: not bench.deletes._watching)
    await bench.write.store.write("SYSTEM STOP MERGES lines")
    try:
        settling = asyncio.create_task(bench.deletes.settle(quiet=False))
        await until(lambda: bool(bench.deletes._watching))
        assert (settling.done(), statuses(bench), await bench.lines()) == (False, ["hidden"], left)
    finally:
        await bench.write.store.write("SYSTEM START MERGES lines")
    await asyncio.wait_for(settling, 60)
    assert (statuses(bench), await bench.on_disk("kind=secret"), await bench.lines()) == (["done"], 0, left)


async def test_nothing_to_delete_is_done_at_once(bench: DeleteBench) -> None:
    request = await bench.delete('{job="nobody"}')
    assert (request.status, request.lines) == ("done", 0)
    assert len(await bench.trail(request.id)) == 1


async def test_it_looks_again_and_again(bench: DeleteBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quiet means: nothing was committed since the last look. A failure is told and tried again."""
    looks: list[bool] = []

    async def look(*, quiet: bool) -> None:
        looks.append(quiet)
        if len(looks) == 2:
            await bench.put("new", job="a")
            raise StoreError("the disk burns")

    monkeypatch.setattr(bench.deletes, "settle", look)
    task = asyncio.create_task(bench.deletes.run())
    await until(lambda: len(looks) >= 4)
    task.cancel()
    assert looks[:4] == [False, True, False, True]
