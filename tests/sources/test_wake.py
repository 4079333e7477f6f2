"""A change in a watched directory wakes the reader soon and says what it was; no directory is no error."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from whodid.sources.inotify import Inotify
from whodid.sources.source import News
from whodid.sources.wake import Waker


@pytest.fixture
async def waker() -> AsyncIterator[Waker]:
    made = Waker(asyncio.Event())
    yield made
    made.close()


async def woken(waker: Waker) -> News:
    await asyncio.wait_for(waker._event.wait(), 5)
    waker._event.clear()
    return waker.take()


async def test_wakes_on_an_append_and_names_the_file(tmp_path: Path, waker: Waker) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"1\n")
    waker.watch(frozenset({str(tmp_path)}))
    first = await woken(waker)
    assert (first.unsure, str(tmp_path) in first.structure) == (True, True)
    took = []
    for _ in range(5):
        begin = time.perf_counter()
        with log.open("ab") as file:
            file.write(b"2\n")
        assert await woken(waker) == News(written=frozenset({str(log)}))
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.1


async def test_what_comes_and_goes_is_told_apart_from_what_is_written(tmp_path: Path, waker: Waker) -> None:
    (tmp_path / "old").write_bytes(b"")
    waker.watch(frozenset({str(tmp_path)}))
    await woken(waker)
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "more").mkdir()
    assert (await woken(waker)).structure == {str(tmp_path / name) for name in ("old", "new", "more")}


async def test_directories_are_taken_up_and_let_go_without_losing_the_others(tmp_path: Path, waker: Waker) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    waker.watch(frozenset({str(one)}))
    await woken(waker)
    (one / "a").write_bytes(b"")
    waker.watch(frozenset({str(one), str(two)}))
    assert (await woken(waker)).structure == {str(one / "a"), str(two)}
    waker.watch(frozenset({str(two)}))
    (one / "a").write_bytes(b"1")
    (two / "b").write_bytes(b"1")
    assert (await woken(waker)).structure == {str(two / "b")}


async def test_a_directory_that_is_replaced_is_taken_up_anew(tmp_path: Path, waker: Waker) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    wanted = frozenset({str(tmp_path), str(logs)})
    waker.watch(wanted)
    await woken(waker)
    logs.rename(tmp_path / "old")
    logs.mkdir()
    assert str(logs) in (await woken(waker)).structure
    waker.watch(wanted)
    await woken(waker)
    (logs / "a").write_bytes(b"")
    assert (await woken(waker)).structure == {str(logs / "a")}
    assert not waker.take().blind


QUEUE = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())


async def test_lost_events_are_a_reason_to_look_at_everything(tmp_path: Path, waker: Waker) -> None:
    waker.watch(frozenset({str(tmp_path)}))
    await woken(waker)
    names = [str(tmp_path / name) for name in ("a", "b")]
    for _ in range(QUEUE // 2 + 10):  # in one go, so that nothing is read meanwhile
        for name in names:
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
            os.unlink(name)
    assert (await woken(waker)).unsure


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE])
async def test_without_enough_watches_it_says_so_once_and_that_it_is_blind(
    tmp_path: Path, waker: Waker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    def refuse(inotify: Inotify, directory: str) -> None:
        raise OSError(number, os.strerror(number), directory)

    monkeypatch.setattr(Inotify, "add", refuse)
    waker.watch(frozenset({str(tmp_path)}))
    waker.watch(frozenset({str(tmp_path), "/"}))
    assert waker.take().blind
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("no change notification for some log directories, they are polled")
    assert ("max_user_watches" in message) == (number == errno.ENOSPC)


async def test_nothing_to_watch(waker: Waker) -> None:
    waker.watch(frozenset())
    assert waker.take() == News(unsure=True)
    waker.close()
    waker.close()
