"""The write path as its callers see it: streams, idempotency, numbering, pace, failures, stopping."""

import asyncio
import dataclasses
import uuid
from pathlib import Path

import pytest

from kit.ingest_bench import IngestBench, until
from kit.shaky_store import ShakyStore
from whodid.ingest.committer import FULL_BYTES, TRICKLE_GAP_S, TooMuchPending
from whodid.ingest.limits import Limits
from whodid.ingest.pipeline import NoStreams
from whodid.model.clock import SECOND
from whodid.model.entry import Entry, Stream
from whodid.store.store import StoreError
from whodid.wire.label_text import BadLabels
from whodid.wire.push_protobuf import MalformedPush, encode_push, encode_stream

DAY_NS = 86_400 * SECOND


# ---- streams ----


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('{job="a"}', {"job": "a", "service_name": "a"}),
        ("{}", {"service_name": "unknown_service"}),
        ("", None),
        ('{job="a", empty=""}', {"job": "a", "service_name": "a"}),
        ('{service_name="mine", job="a"}', {"job": "a", "service_name": "mine"}),
        ('{container="c", job="j"}', {"container": "c", "job": "j", "service_name": "c"}),
    ],
)
async def test_labels_of_a_stream(bench: IngestBench, text: str, labels: dict[str, str] | None) -> None:
    [entry] = [encode_push([Stream({}, [Entry(bench.now, "x", {})])])[6:]]
    if labels is None:
        with pytest.raises(BadLabels, match="couldn't parse labels"):
            await bench.push(encode_stream(text, [entry]))
        assert await bench.rows() == []
    else:
        assert await bench.push(encode_stream(text, [entry])) == []
        assert [row.labels for row in await bench.rows()] == [labels]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{" + ", ".join(f'l{n}="x"' for n in range(20)) + "}", "has 20 label names; limit 15"),
        ('{%s="x"}' % ("n" * 1025), "label name too long"),
        ('{job="%s"}' % ("v" * 2049), "label value too long"),
        ('{job="%s"}' % ("ü" * 1025), "label value too long"),
    ],
)
async def test_a_refused_stream_does_not_take_the_others_with_it(bench: IngestBench, text: str, words: str) -> None:
    entry = encode_push([Stream({}, [Entry(bench.now, "refused", {})])])[6:]
    body = bench.body("one", n="1") + encode_stream(text, [entry, entry]) + bench.body("two", n="2")
    [refused] = await bench.refusals(body)
    assert words in refused.text
    assert len(refused.text) < 3000
    assert (refused.lines, refused.is_stream) == (2, True)
    assert [(row.labels["n"], row.line) for row in await bench.rows()] == [("1", "one"), ("2", "two")]


@pytest.mark.parametrize("text", ['{a-b="c"}', '{job="%s"}' % ("v" * 300_000), '{job="a", job="b"}'])
async def test_labels_that_cannot_be_read_refuse_the_whole_body(bench: IngestBench, text: str) -> None:
    """As in Loki: who writes such a body writes the others of it as badly."""
    entry = encode_push([Stream({}, [Entry(bench.now, "refused", {})])])[6:]
    with pytest.raises(BadLabels, match="couldn't parse labels") as caught:
        await bench.push(bench.body("one", n="1") + encode_stream(text, [entry]))
    assert len(str(caught.value)) < 3000
    assert await bench.rows() == []


async def test_fifteen_labels_are_accepted(bench: IngestBench) -> None:
    assert await bench.push(bench.body("x", **{f"l{n}": "x" for n in range(15)})) == []
    assert len((await bench.rows())[0].labels) == 16


async def test_the_same_labels_in_another_order_are_the_same_stream(bench: IngestBench) -> None:
    entry = encode_push([Stream({}, [Entry(bench.now, "x", {})])])[6:]
    for text in ('{a="1", b="2"}', '{b="2",a="1"}', '{ b = `2`, a="1", c="" }'):
        assert await bench.push(encode_stream(text, [entry])) == []
    assert len(bench.index.streams(bench.tenant)) == 1
    assert len(await bench.rows()) == 3


@pytest.mark.parametrize("body", [b"", b"\x10\x02"], ids=["empty", "foreign field only"])
async def test_a_push_without_streams_is_told_so(bench: IngestBench, body: bytes) -> None:
    with pytest.raises(NoStreams, match="at least one valid stream is required"):
        await bench.push(body)


async def test_streams_without_entries_are_accepted_and_store_nothing(bench: IngestBench) -> None:
    before = bench.ingest.bus.last_seq
    assert await bench.push(encode_push([Stream({"a": "b"}, []), Stream({"c": "d"}, [])])) == []
    assert await bench.rows() == []
    assert bench.ingest.bus.last_seq == before


async def test_garbage_is_refused_before_it_is_queued(bench: IngestBench) -> None:
    with pytest.raises(MalformedPush):
        await bench.push(b"garbage")


async def test_tenants_have_streams_of_their_own(bench: IngestBench) -> None:
    body, other = bench.body("mine"), str(uuid.uuid4())
    await bench.push(body)
    bench.clock.advance(1)
    await bench.ingest.push(body, other)
    assert await bench.lines() == ["mine"]
    assert set(bench.index.streams(bench.tenant)).isdisjoint(bench.index.streams(other))


async def test_a_push_of_thousands_of_streams(bench: IngestBench) -> None:
    streams = [Stream({"n": str(n)}, [Entry(bench.now, str(n), {})]) for n in range(6000)]
    assert await bench.push(encode_push(streams)) == []
    rows = await bench.rows()
    assert len(rows) == 6000
    assert all(row.labels["n"] == row.line for row in rows)
    await bench.store.write(f"DELETE FROM streams WHERE tenant = '{bench.tenant}'")  # later tests load the table too


# ---- nothing twice ----


async def test_a_key_is_stored_once(bench: IngestBench) -> None:
    body = bench.body("once")
    assert await bench.push(body, "key") == []
    assert await bench.push(body, "key") == []
    assert await bench.push(body, "key", repeated=True) == []
    assert await bench.lines() == ["once"]
    assert bench.ingest.totals.repeated == 2


async def test_without_a_key_or_with_another_it_is_stored_again(bench: IngestBench) -> None:
    body = bench.body("again")
    for key in ("", "", "a", "b"):
        await bench.push(body, key)
    assert await bench.lines() == ["again"] * 4


async def test_twins_that_come_at_the_same_time_are_stored_once(bench: IngestBench) -> None:
    # The stream is new, so both would wait for the stream index before either is queued.
    body = bench.body("once", fresh="stream")
    twins = [asyncio.create_task(bench.ingest.push(body, bench.tenant, "key")) for _ in range(5)]
    await until(lambda: bool(bench.waiting))
    await bench.asleep()
    bench.clock.advance(1)
    assert await asyncio.wait_for(asyncio.gather(*twins), 30) == [[]] * 5
    assert await bench.lines() == ["once"]


async def test_a_twin_gets_the_same_answer(bench: IngestBench) -> None:
    body = encode_push([Stream({"a": "b"}, [Entry(1, "old", {}), Entry(bench.now, "new", {})])])
    first = await bench.push(body, "key")
    assert "too old" in first[0]
    assert await bench.push(body, "key") == first


async def test_a_key_is_free_again_when_its_push_was_malformed(bench: IngestBench) -> None:
    broken = encode_stream('{a="b"}', [b"\x12\x02\x12\x09"])
    twins = await bench.enqueue(bench.ingest.push(broken, bench.tenant, "key"))
    twins.append(asyncio.create_task(bench.ingest.push(broken, bench.tenant, "key")))
    await asyncio.sleep(0)
    bench.clock.advance(1)
    answers = await asyncio.wait_for(asyncio.gather(*twins, return_exceptions=True), 30)
    assert [type(answer) for answer in answers] == [MalformedPush, MalformedPush]
    assert await bench.push(bench.body("right"), "key") == []
    assert await bench.lines() == ["right"]


async def test_a_push_whose_client_goes_away_keeps_its_twin_alive(bench: IngestBench) -> None:
    body = bench.body("kept")
    [first] = await bench.enqueue(bench.ingest.push(body, bench.tenant, "key"))
    twin = asyncio.create_task(bench.ingest.push(body, bench.tenant, "key"))
    await asyncio.sleep(0)
    first.cancel()
    bench.clock.advance(1)
    assert await asyncio.wait_for(twin, 30) == []
    assert await bench.lines() == ["kept"]


async def test_after_a_restart_a_repeated_key_is_found_in_the_store(bench: IngestBench) -> None:
    body = bench.body("once", "twice")
    await bench.push(body, "key")
    await bench.start()
    assert await bench.push(body, "key", repeated=True) == []
    assert await bench.lines() == ["once", "twice"]
    await bench.start()
    other = bench.body("else")
    assert await bench.push_all(other) == [[]]
    assert await bench.push(body, "key", repeated=True) == []
    assert sorted(await bench.lines()) == ["else", "once", "twice"]


async def test_a_half_stored_commit_is_healed(bench: IngestBench) -> None:
    """A commit over several days' partitions may be cut by a crash: part of the rows got in, and nobody was told."""
    lines = [Entry(bench.now - n * DAY_NS, f"day {n}", {}) for n in range(3)]
    await bench.push(encode_push([Stream({"a": "b"}, lines[1:])]), "key")  # what the crash left
    await bench.start()
    assert await bench.push(encode_push([Stream({"a": "b"}, lines)]), "key", repeated=True) == []
    assert await bench.lines() == ["day 0", "day 1", "day 2"]


async def test_what_was_stored_and_became_too_old_meanwhile_is_not_taken_away(bench: IngestBench) -> None:
    limit_s = Limits().reject_older_ns // SECOND
    body = encode_push(
        [Stream({"a": "b"}, [Entry(bench.now - (limit_s - 60) * SECOND, "old", {}), Entry(bench.now, "new", {})])]
    )
    assert await bench.push(body, "key") == []
    await bench.start()
    bench.clock.advance(120)
    await bench.push(body, "key", repeated=True)
    assert sorted(await bench.lines()) == ["new", "old"]


# ---- numbers ----


async def test_numbers_rise_with_every_line_in_the_order_of_commits(bench: IngestBench) -> None:
    for n in range(3):
        await bench.push(bench.body(f"{n}.0", f"{n}.1", n=str(2 - n)))
    rows = await bench.rows()
    assert [row.line for row in rows] == ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1"]
    numbers = [row.seq for row in rows]
    assert numbers == sorted(set(numbers))
    assert bench.ingest.bus.last_seq == numbers[-1]


async def test_numbers_go_on_after_a_restart(bench: IngestBench) -> None:
    await bench.push(bench.body("before"))
    last = bench.ingest.bus.last_seq
    await bench.start()
    assert bench.ingest.bus.last_seq == last
    await bench.push(bench.body("after"))
    assert [row.seq > last for row in await bench.rows()] == [False, True]


async def test_who_waits_is_woken_when_the_rows_can_be_read(bench: IngestBench) -> None:
    before = bench.ingest.bus.last_seq
    waiting = asyncio.create_task(bench.ingest.bus.wait(before))
    await bench.push(bench.body("x"))
    assert await asyncio.wait_for(waiting, 30) == bench.ingest.bus.last_seq > before
    assert await bench.lines() == ["x"]


# ---- pace ----


async def test_a_trickle_is_committed_about_six_times_a_second(bench: IngestBench) -> None:
    commits = bench.ingest.totals.commits
    for gap in range(6):
        tasks = []
        for n in range(8):
            tasks += await bench.enqueue(bench.ingest.push(bench.body(f"line {gap}.{n}"), bench.tenant))
            assert bench.ingest.totals.commits == commits + gap
            bench.clock.advance(TRICKLE_GAP_S / 8 + 1e-6)
        await asyncio.wait_for(asyncio.gather(*tasks), 30)
    assert bench.ingest.totals.commits == commits + 6
    assert 5 < 1 / TRICKLE_GAP_S < 7
    assert len(await bench.lines()) == 48


async def test_a_small_push_waits_for_the_gap_and_no_longer(bench: IngestBench) -> None:
    await bench.push(bench.body("first"))
    [task] = await bench.enqueue(bench.ingest.push(bench.body("second"), bench.tenant))
    bench.clock.advance(TRICKLE_GAP_S / 2)
    await asyncio.sleep(0.05)
    assert not task.done()
    bench.clock.advance(TRICKLE_GAP_S)
    assert await asyncio.wait_for(task, 30) == []


async def test_a_full_batch_is_committed_at_once(bench: IngestBench) -> None:
    await bench.push(bench.body("first"))
    small = asyncio.create_task(bench.ingest.push(bench.body("small"), bench.tenant))
    full = asyncio.create_task(bench.ingest.push(bench.body("y" * FULL_BYTES), bench.tenant))
    assert await asyncio.wait_for(asyncio.gather(small, full), 30) == [[], []]  # the clock stands still


async def test_too_much_pending_is_told_and_goes_away(tmp_path: Path) -> None:
    bench = IngestBench(tmp_path, dataclasses.replace(Limits(), max_pending_bytes=1000))
    await bench.start()
    [waiting] = await bench.enqueue(bench.ingest.push(bench.body("w" * 2000), bench.tenant))
    with pytest.raises(TooMuchPending, match="send this again later"):
        await bench.ingest.push(bench.body("refused"), bench.tenant, "key")
    bench.clock.advance(1)
    assert await asyncio.wait_for(waiting, 30) == []
    assert await bench.push(bench.body("accepted"), "key") == []
    assert [len(line) for line in await bench.lines()] == [2000, 8]
    await bench.stop()


# ---- failures and stopping ----


async def test_a_failure_of_the_store_answers_everybody_and_the_next_commit_works(tmp_path: Path) -> None:
    store = ShakyStore()
    bench = IngestBench(tmp_path, store=store)
    await bench.start()
    bodies = [bench.body(f"line {n}", n=str(n)) for n in range(3)]
    pushes = await bench.enqueue(*[bench.ingest.push(body, bench.tenant, f"key {n}") for n, body in enumerate(bodies)])
    before, store.failing = bench.ingest.bus.last_seq, 1
    bench.clock.advance(1)
    answers = await asyncio.wait_for(asyncio.gather(*pushes, return_exceptions=True), 30)
    assert [type(answer) for answer in answers] == [StoreError] * 3
    assert "no space left" in str(answers[0])
    assert "send them again" in str(answers[0])
    # Not an error of the engine that a door could take for the fault of a query.
    assert {answer.code for answer in answers if isinstance(answer, StoreError)} == {""}
    assert bench.ingest.bus.last_seq == before
    for n, body in enumerate(bodies):
        assert await bench.push(body, f"key {n}", repeated=True) == []
    assert sorted(await bench.lines()) == ["line 0", "line 1", "line 2"]
    assert min(row.seq for row in await bench.rows()) > before + 3, "numbers of a failed commit are not given out again"
    await bench.stop()


async def test_nothing_is_acknowledged_while_commits_are_held(bench: IngestBench) -> None:
    async with bench.ingest.held() as last_seq:
        [one, two] = await bench.enqueue(
            *[bench.ingest.push(bench.body(line), bench.tenant) for line in ("one", "x" * FULL_BYTES)]
        )
        bench.clock.advance(10)
        for _ in range(5):
            assert await bench.lines() == []
        assert (one.done(), two.done(), bench.ingest.bus.last_seq) == (False, False, last_seq)
    assert await asyncio.wait_for(asyncio.gather(one, two), 30) == [[], []]
    assert len(await bench.lines()) == 2


async def test_a_failure_of_the_stream_index_is_told_and_the_key_is_free_again(bench: IngestBench) -> None:
    async def fail(*_: object) -> None:
        raise StoreError("disk full", "NOT_ENOUGH_SPACE")

    add, bench.index.add = bench.index.add, fail  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="send them again") as caught:
        await bench.push(bench.body("x", fresh="stream"), "key")
    assert caught.value.code == ""  # a door would take a code for the fault of a query
    bench.index.add = add  # type: ignore[method-assign]
    assert await bench.push(bench.body("x", fresh="stream"), "key") == []
    assert await bench.lines() == ["x"]


async def test_stopping_finishes_the_commit_under_way_and_answers_the_rest(tmp_path: Path) -> None:
    store = ShakyStore()
    bench = IngestBench(tmp_path, store=store)
    await bench.start()
    [under_way] = await bench.enqueue(bench.ingest.push(bench.body("under way"), bench.tenant))
    jobs, store.gate = store.jobs, asyncio.Event()
    bench.clock.advance(1)
    await until(lambda: store.jobs > jobs)
    [late] = await bench.enqueue(bench.ingest.push(bench.body("late"), bench.tenant))
    stopping = asyncio.create_task(bench.stop())
    await asyncio.sleep(0.01)
    assert not under_way.done()
    store.gate.set()
    await asyncio.wait_for(stopping, 30)
    assert await asyncio.wait_for(under_way, 30) == []
    with pytest.raises(TooMuchPending, match="stopping"):
        await asyncio.wait_for(late, 30)
    with pytest.raises(TooMuchPending, match="stopping"):
        await asyncio.wait_for(bench.ingest.push(bench.body("too late"), bench.tenant), 30)
    assert await bench.lines() == ["under way"]


async def test_totals_count_what_happened(bench: IngestBench) -> None:
    before = dataclasses.replace(bench.ingest.totals)
    await bench.push(encode_push([Stream({"a": "b"}, [Entry(1, "old", {}), Entry(bench.now, "new", {})])]), "key")
    await bench.push(b"", "key")  # a repeated key is not even read
    totals = bench.ingest.totals
    assert (totals.lines - before.lines, totals.commits - before.commits) == (1, 1)
    assert (totals.refused - before.refused, totals.repeated - before.repeated) == (1, 1)
