"""An inbox: what is put is in a file, whole, with its newest cursor, through rotation, crashes and full disks."""

import asyncio
import errno
from pathlib import Path

import msgspec
import pytest

from kit.agent_parts import StillClock
from whodid.agent.inbox import FileInbox, rotated_files
from whodid.sources.receiver import Origin, Received

ORIGIN = Origin("syslog-1514", labels={"sender": "router"})


def open_inbox(directory: Path, **more: object) -> FileInbox:
    return FileInbox(directory, ORIGIN, StillClock(), **more)  # type: ignore[arg-type]


def lines(directory: Path) -> list[str]:
    """The lines of all records, oldest first."""
    files = [*rotated_files(directory), directory / "inbox.log"]
    return [msgspec.json.decode(line, type=Received).line for path in files for line in path.read_bytes().splitlines()]


def put(inbox: FileInbox, *texts: str) -> None:
    asyncio.run(inbox.put([Received(text, cursor=f"at {text}") for text in texts]))


def test_records_are_written_and_the_newest_cursor_known(tmp_path: Path) -> None:
    inbox = open_inbox(tmp_path / "in")
    put(inbox, "a", "b\nc")
    assert lines(tmp_path / "in") == ["a", "b\nc"]
    assert inbox.cursor() == "at b\nc"
    assert open_inbox(tmp_path / "in").cursor() == "at b\nc"


def test_its_directory_says_where_the_records_come_from(tmp_path: Path) -> None:
    open_inbox(tmp_path / "in")
    assert msgspec.json.decode((tmp_path / "in/origin.json").read_bytes(), type=Origin) == ORIGIN
    assert (tmp_path / "in").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("left", [b'{"line":"half', b'{"line":"' + b"x" * 200_000])
def test_what_a_crash_left_of_a_line_is_taken_off(tmp_path: Path, left: bytes) -> None:
    put(open_inbox(tmp_path / "in"), "a")
    with (tmp_path / "in/inbox.log").open("ab") as file:
        file.write(left)
    again = open_inbox(tmp_path / "in")
    assert again.cursor() == "at a"
    put(again, "b")
    assert lines(tmp_path / "in") == ["a", "b"]


def test_only_half_a_line_is_no_line(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/inbox.log").write_bytes(b'{"line":"half')
    assert open_inbox(tmp_path / "in").cursor() == ""
    assert (tmp_path / "in/inbox.log").read_bytes() == b""


def test_it_rotates_and_removes_what_is_sent_but_never_the_newest_cursor(tmp_path: Path) -> None:
    inbox = open_inbox(tmp_path / "in", segment_bytes=40)
    put(inbox, "first line")
    put(inbox, "second line")
    put(inbox, "third line")
    assert lines(tmp_path / "in") == ["first line", "second line", "third line"]
    assert len(rotated_files(tmp_path / "in")) == 2
    sent = {rotated_files(tmp_path / "in")[0].stat().st_ino}
    inbox.sweep(lambda stat: stat.st_ino in sent)
    assert lines(tmp_path / "in") == ["second line", "third line"]
    again = open_inbox(tmp_path / "in", segment_bytes=40)
    assert again.cursor() == "at third line"
    again.sweep(lambda stat: True)
    assert lines(tmp_path / "in") == ["third line"]


def test_a_crash_right_after_rotation_does_not_lose_the_cursor(tmp_path: Path) -> None:
    put(open_inbox(tmp_path / "in"), "a")
    (tmp_path / "in/inbox.log").rename(tmp_path / "in/inbox.log.00000001")
    again = open_inbox(tmp_path / "in")
    again.sweep(lambda stat: True)
    assert open_inbox(tmp_path / "in").cursor() == "at a"


def test_who_sends_waits_while_it_is_full(tmp_path: Path) -> None:
    inbox = open_inbox(tmp_path / "in", most_bytes=20, segment_bytes=10)

    async def fill() -> None:
        await inbox.put([Received("a line that alone is more than may wait")])
        waiting = asyncio.create_task(inbox.put([Received("another")]))
        while not rotated_files(tmp_path / "in"):  # noqa: ASYNC110 – a file tells nobody
            await asyncio.sleep(0.001)
        assert inbox.full()
        assert not waiting.done()
        async with asyncio.timeout(10):
            while not waiting.done():
                inbox.sweep(lambda stat: True)
                await asyncio.sleep(0.001)

    asyncio.run(fill())
    assert lines(tmp_path / "in")[-1] == "another"


def test_a_full_disk_delays_and_loses_nothing(tmp_path: Path) -> None:
    failures = [OSError(errno.ENOSPC, "No space left on device"), None]

    def sync(fd: int) -> None:
        if (problem := failures.pop(0)) is not None:
            raise problem

    inbox = open_inbox(tmp_path / "in", sync=sync)
    put(inbox, "a", "b")
    assert lines(tmp_path / "in") == ["a", "b"]
    assert failures == []


def test_a_finished_inbox_is_done_when_all_of_it_is_sent(tmp_path: Path) -> None:
    inbox = open_inbox(tmp_path / "in")
    put(inbox, "a")
    assert not inbox.sweep(lambda stat: True)
    inbox.finish()
    assert not inbox.sweep(lambda stat: False)
    assert inbox.sweep(lambda stat: True)
