"""The live tail: history, then what is committed, without a gap; resumed by sequence number, closed with a reason."""

import asyncio
import time

import pytest

from kit.api_house import House
from kit.asgi_socket import lines_of
from whodid.api.routes import tail
from whodid.model.result import Matrix, Streams
from whodid.query.engine import RangeRequest
from whodid.query.errors import QueryTimeout

DB = '{job="db"}'


async def test_history_first_then_what_comes(house: House) -> None:
    await house.store({"job": "db"}, "one", "two")
    await house.store({"job": "web"}, "another stream")
    async with house.tail(DB) as socket:
        assert lines_of(await socket.frame()) == ["one", "two"]
        await house.store({"job": "web"}, "not asked for")
        seq = await house.store({"job": "db"}, "three", user="raz")
        frame = await socket.frame()
        assert lines_of(frame) == ["three"]
        assert frame["streams"][0]["stream"]["user"] == "raz"
        assert frame["seq"] == str(seq)
        await house.store({"job": "db", "host": "new"}, "of a stream that was not there before")
        assert lines_of(await socket.frame()) == ["of a stream that was not there before"]


async def test_an_empty_history_still_tells_where_to_resume(house: House) -> None:
    seq = await house.store({"job": "web"}, "x")
    async with house.tail(DB) as socket:
        assert await socket.frame() == {"streams": [], "seq": str(seq)}


async def test_the_query_s_stages_hold_for_history_and_live(house: House) -> None:
    await house.store({"job": "db"}, "n=1", "n=2")
    async with house.tail(DB + ' | logfmt | n="2" | line_format "{{.n}} {{.user}}"') as socket:
        assert lines_of(await socket.frame()) == ["2 "]
        await house.store({"job": "db"}, "n=1", "n=2", user="raz")
        assert lines_of(await socket.frame()) == ["2 raz"]


async def test_the_newest_of_a_long_history_in_frames(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "FRAME_ROWS", 4)
    seq = await house.store({"job": "db"}, *(f"line {n:02}" for n in range(20)))
    async with house.tail(DB, limit="10") as socket:
        frames = [await socket.frame() for _ in range(3)]
    assert [line for frame in frames for line in lines_of(frame)] == [f"line {n:02}" for n in range(10, 20)]
    # A client that loses the connection between two frames must not resume behind what it never saw.
    assert [frame.get("seq") for frame in frames] == [None, None, str(seq)]


async def test_frames_of_one_commit_resume_before_it_until_the_last(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "FRAME_ROWS", 2)
    async with house.tail(DB) as socket:
        before = (await socket.frame())["seq"]
        after = await house.store({"job": "db"}, *"abcde")
        frames = [await socket.frame() for _ in range(3)]
    assert [lines_of(frame) for frame in frames] == [["a", "b"], ["c", "d"], ["e"]]
    assert [frame["seq"] for frame in frames] == [before, before, str(after)]


async def test_start_bounds_the_history(house: House) -> None:
    hour_ns = 3600 * 10**9
    await house.store({"job": "db"}, "old", ns=time.time_ns() - 2 * hour_ns)
    await house.store({"job": "db"}, "new")
    async with house.tail(DB) as socket:
        assert lines_of(await socket.frame()) == ["new"]
    async with house.tail(DB, start=str(time.time_ns() - 3 * hour_ns)) as socket:
        assert lines_of(await socket.frame()) == ["old", "new"]


async def test_resume_goes_on_without_gap_or_repeat(house: House) -> None:
    async with house.tail(DB) as socket:
        await socket.frame()
        await house.store({"job": "db"}, "seen")
        seen = (await socket.frame())["seq"]
    for n in range(3):
        await house.store({"job": "db"}, f"missed {n}")
    async with house.tail(DB, resume=seen) as socket:
        lines: list[str] = []
        while len(lines) < 3:
            lines += lines_of(await socket.frame())
        assert lines == ["missed 0", "missed 1", "missed 2"]
        await house.store({"job": "db"}, "live")
        assert lines_of(await socket.frame()) == ["live"]


async def test_a_resume_after_long_reads_in_bounded_steps(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "SCAN_LINES", 3)
    begin = await house.store({"job": "db"}, "seen")
    await house.store({"job": "db"}, *(f"{n}" for n in range(8)))
    async with house.tail(DB, resume=str(begin)) as socket:
        frames = [await socket.frame() for _ in range(3)]
    assert [lines_of(frame) for frame in frames] == [["0", "1", "2"], ["3", "4", "5"], ["6", "7"]]


@pytest.mark.parametrize("resume", ["999999999999", "-1", "x", "²", "9" * 5000])
async def test_a_resume_that_means_nothing_begins_with_history(house: House, resume: str) -> None:
    """A number beyond the last is of a store that has been replaced since."""
    await house.store({"job": "db"}, "one")
    async with house.tail(DB, resume=resume) as socket:
        assert lines_of(await socket.frame()) == ["one"]


async def test_labels_by_category(house: House) -> None:
    await house.store({"job": "db"}, "x", user="raz")
    flags = {"x-loki-response-encoding-flags": "categorize-labels"}
    for headers, parameters in ((flags, {}), ({}, {"categorize": "1"})):
        async with house.tail(DB, headers=headers, **parameters) as socket:
            frame = await socket.frame()
            assert frame["encodingFlags"] == ["categorize-labels"]
            assert frame["streams"][0]["stream"] == {"job": "db", "service_name": "db"}
            assert frame["streams"][0]["values"][0][2]["structuredMetadata"]["user"] == "raz"


async def test_delay_for_holds_lines_back(house: House) -> None:
    waited: list[float] = []
    waiting, go = asyncio.Event(), asyncio.Event()

    class Clock:
        now_ns, monotonic_s = house.services.clock.now_ns, house.services.clock.monotonic_s

        async def sleep(self, seconds: float) -> None:
            waited.append(seconds)
            waiting.set()
            await go.wait()

    house.services.clock = Clock()  # type: ignore[assignment]
    async with house.tail(DB, delay_for="2") as socket:
        await socket.frame()
        await house.store({"job": "db"}, "late")
        reading = asyncio.ensure_future(socket.frame())
        await asyncio.wait_for(waiting.wait(), 10)
        assert not reading.done()
        go.set()
        assert lines_of(await reading) == ["late"]
        assert waited == [2.0]


BAD = [
    ({}, "parse error"),
    ({"query": "{job="}, "parse error at line 1"),
    ({"query": 'count_over_time({job="a"}[1m])'}, "tail takes a log query, not a metric query"),
    ({"query": DB, "limit": "0"}, "limit must be a positive value"),
    ({"query": DB, "limit": "x"}, "invalid syntax"),
    ({"query": DB, "start": "yesterday"}, "could not parse 'start' parameter"),
    ({"query": DB, "delay_for": "6"}, "delay_for can't be greater than 5"),
    ({"query": DB, "delay_for": "²"}, "delay_for can't be greater than 5"),
    ({"query": '{job="שלום", ' + "א" * 200}, "parse error"),
]


@pytest.mark.parametrize(("parameters", "words"), BAD)
async def test_a_bad_question_closes_with_the_reason(house: House, parameters: dict[str, str], words: str) -> None:
    origin = {"origin": "http://localhost"}
    async with house.tail(**{"query": "", **parameters}, headers=origin) as socket:
        code, reason = await socket.close_said()
    assert (code, words in reason) == (1008, True), reason
    assert len(reason.encode()) <= 123, "what a close frame can hold (RFC 6455)"
    assert house.services.tails == 0


@pytest.mark.parametrize(("parameters", "words"), BAD)
async def test_who_is_no_page_is_told_before_the_connection_is_one(
    house: House, parameters: dict[str, str], words: str
) -> None:
    async with house.tail(**{"query": "", **parameters}) as socket:
        assert not socket.accepted
        assert socket.refused is not None
        assert (socket.refused[0], words in socket.refused[1]) == (400, True)
    assert house.services.tails == 0


async def test_a_query_that_fails_closes_with_the_reason(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*asked: object) -> None:
        raise QueryTimeout

    async with house.tail(DB) as socket:
        await socket.frame()
        monkeypatch.setattr(house.services.live, "committed", fails)
        await house.store({"job": "db"}, "x")
        code, reason = await socket.close_said()
    assert (code, reason[:17]) == (1011, "request timed out")


async def test_a_client_that_does_not_read_is_closed_and_holds_up_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "SEND_TIMEOUT_S", 0.05)
    async with house.tail(DB) as slow, house.tail(DB) as other:
        await slow.frame(), await other.frame()
        slow.reading.clear()
        await house.store({"job": "db"}, "one")
        assert lines_of(await other.frame()) == ["one"]
        code, reason = await slow.close_said()
        assert (code, "reconnect with resume=<seq>" in reason) == (1013, True)
        assert house.services.tails == 1
        await house.store({"job": "db"}, "two")
        assert lines_of(await other.frame()) == ["two"]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tail that is six lines behind skips to the newest three."""
    monkeypatch.setattr(tail, "BEHIND_LINES", 6)
    monkeypatch.setattr(tail, "SCAN_LINES", 3)


@pytest.mark.usefixtures("hasty")
async def test_what_a_tail_cannot_keep_up_with_is_told(house: House) -> None:
    async with house.tail(DB) as socket:
        first = await socket.frame()
        socket.reading.clear()
        await house.store({"job": "db"}, "held back")  # the frame that the client does not take yet
        ns = time.time_ns()
        last = await house.store({"job": "db"}, *(f"line {n}" for n in range(9)), ns=ns, user="noa")
        socket.reading.set()
        assert lines_of(await socket.frame()) == ["held back"]
        frame = await socket.frame()
        assert lines_of(frame) == ["line 6", "line 7", "line 8"]
        assert frame["seq"] == str(last)
        assert [entry["timestamp"] for entry in frame["dropped_entries"]] == [str(ns + n * 10**6) for n in range(3)]
        labels = frame["dropped_entries"][0]["labels"]
        assert (labels["job"], labels["user"]) == ("db", "noa")
        await house.store({"job": "db"}, "next")
        frame = await socket.frame()
        assert (lines_of(frame), "dropped_entries" in frame) == (["next"], False)
    # Nothing is lost for a client that wants it all: it resumes before what was dropped.
    async with house.tail(DB, resume=first["seq"]) as socket:
        lines: list[str] = []
        while len(lines) < 11:
            frame = await socket.frame()
            assert "dropped_entries" not in frame
            lines += lines_of(frame)
    assert lines == ["held back", *(f"line {n}" for n in range(9)), "next"]


@pytest.mark.usefixtures("hasty")
async def test_lines_that_nobody_asked_for_are_not_missed(house: House) -> None:
    async with house.tail(DB) as socket:
        await socket.frame()
        await house.store({"job": "web"}, *(f"line {n}" for n in range(9)))
        await house.store({"job": "db"}, "mine")
        frame = await socket.frame()
        assert (lines_of(frame), "dropped_entries" in frame) == (["mine"], False)


async def test_a_client_that_takes_not_even_the_goodbye_is_left(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "SEND_TIMEOUT_S", 0.05)
    monkeypatch.setattr(tail, "GOODBYE_TIMEOUT_S", 0.05)
    async with house.tail(DB) as slow:
        await slow.frame()
        slow.reading.clear()
        slow.deaf = True
        await house.store({"job": "db"}, "one")
        await asyncio.wait_for(slow.ended(), 10)


async def test_tails_are_counted_and_limited(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MAX_TAILS", 2)
    async with house.tail(DB) as first, house.tail(DB) as second:
        await first.frame(), await second.frame()
        assert house.services.tails == 2
        async with house.tail(DB) as third:
            assert third.refused == (400, "max concurrent tail requests limit exceeded, count > limit (3 > 2)")
        assert house.services.tails == 2
        await first.leave()
        assert house.services.tails == 1
        async with house.tail(DB) as third:
            await third.frame()
    assert house.services.tails == 0


async def test_what_is_committed_while_history_is_read_comes_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history query may already see it; it belongs to the live part."""
    read = house.services.engine.range

    async def reads_late(request: RangeRequest) -> Streams | Matrix:
        await house.store({"job": "db"}, "in between")
        return await read(request)

    await house.store({"job": "db"}, "before")
    monkeypatch.setattr(house.services.engine, "range", reads_late)
    async with house.tail(DB) as socket:
        assert lines_of(await socket.frame()) == ["before"]
        assert lines_of(await socket.frame()) == ["in between"]
        await house.store({"job": "db"}, "after")
        assert lines_of(await socket.frame()) == ["after"]


async def test_nothing_is_lost_between_history_and_live(house: House) -> None:
    """Lines that are committed while tails open: each tail has every line once, by history or live."""
    count, tails = 12, 4

    async def write() -> None:
        for n in range(count):
            await house.store({"job": "db"}, f"line {n:02}", ns=time.time_ns())

    async def read() -> list[str]:
        lines: list[str] = []
        async with house.tail(DB, limit="1000") as socket:
            while len(lines) < count:
                lines += lines_of(await socket.frame())
        return lines

    writing = asyncio.ensure_future(write())
    reading = []
    for _ in range(tails):
        reading.append(asyncio.ensure_future(read()))
        await house.services.ingest.bus.wait(house.services.ingest.bus.last_seq)
    await writing
    for lines in await asyncio.gather(*reading):
        assert lines == [f"line {n:02}" for n in range(count)]
