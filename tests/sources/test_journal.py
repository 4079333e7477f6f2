"""The journal through the real journalctl: every record once, over kills, rotation and vacuuming, and what is said."""

import asyncio
import json
import logging
import os
import signal
import stat
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kit.inboxes import Inboxes, wait_for
from kit.journals import BEGIN_US, why_not, write_journal
from kit.stepped_clock import SteppedClock
from whodid.model.clock import SECOND, SystemClock
from whodid.sources.journal import (
    JournalReceiver,
    JournalSettings,
    discovered,
    message,
    read_matches,
    same_record,
    single,
)
from whodid.sources.receiver import Origin, Received

real = pytest.mark.skipif(bool(why_not()), reason=why_not())
GROUP = "the group systemd-journal"
AGE_NS = 100 * 365 * 86_400 * SECOND


def messages(inboxes: Inboxes) -> list[str]:
    return [json.loads(line)["MESSAGE"] for line in inboxes.lines("journal")]


def numbered(first: int, last: int) -> list[tuple[int, dict[str, bytes]]]:
    return [
        (n, {"MESSAGE": b"line %d" % n, "_SYSTEMD_UNIT": b"cron.service", "_PID": b"77", "PRIORITY": b"6"})
        for n in range(first, last)
    ]


def receiver(path: Path, **settings: Any) -> JournalReceiver:
    return JournalReceiver(JournalSettings(path=str(path), max_age_ns=AGE_NS, **settings), SystemClock())


@asynccontextmanager
async def running(source: JournalReceiver, inboxes: Inboxes) -> Any:
    task = asyncio.create_task(source.run(inboxes))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@real
async def test_records_come_with_their_fields_and_the_journals_instant(tmp_path: Path) -> None:
    fields = {"MESSAGE": "straße\nzwei".encode(), "_PID": b"1", "BLOB": b"\x00\xff", "_SYSTEMD_UNIT": b"x.service"}
    write_journal(tmp_path / "a.journal", [(5, fields)])
    inboxes = Inboxes()
    async with running(receiver(tmp_path), inboxes):
        await wait_for(lambda: inboxes.lines("journal"), "the record")
    record = inboxes.by_key["journal"].records[0]
    assert record.ns == (BEGIN_US + 5000) * 1000
    told = json.loads(record.line)
    assert told["MESSAGE"] == "straße\nzwei"
    assert told["BLOB"] == "\x00\ufffd"
    assert told["_SYSTEMD_UNIT"] == "x.service"
    assert inboxes.origins["journal"].format == "journal"


@real
async def test_what_comes_later_is_followed_and_a_restart_goes_on_exactly_behind(tmp_path: Path) -> None:
    journal, inboxes = tmp_path / "a.journal", Inboxes()
    write_journal(journal, numbered(0, 100))
    for step in range(3):
        async with running(receiver(tmp_path), inboxes):
            await wait_for(lambda: len(messages(inboxes)) >= 100 + step * 20, "what was there")  # noqa: B023
            write_journal(journal, numbered(100 + step * 20, 110 + step * 20))
            await wait_for(lambda: len(messages(inboxes)) >= 110 + step * 20, "what is followed")  # noqa: B023
        write_journal(journal, numbered(110 + step * 20, 120 + step * 20))
    async with running(receiver(tmp_path), inboxes):
        await wait_for(lambda: len(messages(inboxes)) >= 160, "the rest")
    assert messages(inboxes) == [f"line {n}" for n in range(160)]


@real
async def test_the_first_start_begins_behind_a_cursor_of_somebody_else(tmp_path: Path) -> None:
    write_journal(tmp_path / "a.journal", numbered(0, 20))
    theirs, ours = Inboxes(), Inboxes()
    async with running(receiver(tmp_path), theirs):
        await wait_for(lambda: len(messages(theirs)) == 20, "all records")
    begin = theirs.by_key["journal"].records[7].cursor
    settings = JournalSettings(path=str(tmp_path), max_age_ns=AGE_NS)
    async with running(JournalReceiver(settings, SystemClock(), begin=begin), ours):
        await wait_for(lambda: messages(ours), "the rest")
    assert messages(ours) == [f"line {n}" for n in range(8, 20)]
    async with running(JournalReceiver(settings, SystemClock(), begin=begin), ours):
        write_journal(tmp_path / "a.journal", numbered(20, 21))
        await wait_for(lambda: "line 20" in messages(ours), "what came later")
    assert messages(ours) == [f"line {n}" for n in range(8, 21)]  # what is in the inbox counts more


@real
async def test_lines_and_rules_as_promtail_has_them(tmp_path: Path) -> None:
    fields = {"MESSAGE": b"said", "_SYSTEMD_UNIT": b"x.service", "PRIORITY": b"3"}
    write_journal(tmp_path / "a.journal", [(1, fields), (2, {"_SYSTEMD_UNIT": b"silent.service"})])
    inboxes, settings = Inboxes(), JournalSettings(path=str(tmp_path), max_age_ns=AGE_NS)
    async with running(JournalReceiver(settings, SystemClock(), make=message, discovers=True), inboxes):
        await wait_for(lambda: inboxes.lines("journal"), "the record")
    (record,) = inboxes.by_key["journal"].records
    assert (record.line, record.ns) == ("said", (BEGIN_US + 1000) * 1000)
    assert record.discovered.items() >= {
        "__journal_message": "said",
        "__journal__systemd_unit": "x.service",
        "__journal_priority": "3",
        "__journal_priority_keyword": "error",
    }.items()  # fmt: skip


def test_of_several_values_the_last_counts() -> None:
    fields = {"B": ["1", "2"], "A": "x", "PRIORITY": "9"}
    assert single(fields) == {"A": "x", "B": "2", "PRIORITY": "9"}
    assert message(fields) is None
    assert discovered(fields) == {
        "__journal_a": "x", "__journal_b": "2", "__journal_priority": "9", "__journal_priority_keyword": "9"
    }  # fmt: skip


@real
async def test_a_child_that_is_killed_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal, inboxes = tmp_path / "a.journal", Inboxes()
    write_journal(journal, numbered(0, 50))
    async with running(receiver(tmp_path), inboxes):
        for step in range(3):
            await wait_for(lambda: len(messages(inboxes)) >= 50 + step * 10, "records")  # noqa: B023
            for pid in children_named("journalctl"):
                os.kill(pid, signal.SIGKILL)
            write_journal(journal, numbered(50 + step * 10, 60 + step * 10))
        await wait_for(lambda: len(messages(inboxes)) >= 80, "the rest")
    assert messages(inboxes) == [f"line {n}" for n in range(80)]
    assert "journalctl ended with status -9" in caplog.text
    assert children_named("journalctl") == []


def children_named(name: str) -> list[int]:
    """Living children of this very process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = path.read_text().partition(") ")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if head.endswith(f"({name}") and int(parent) == os.getpid() and state != "Z":
            found.append(int(path.parent.name))
    return found


@real
async def test_records_that_were_vacuumed_away_are_missed_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inboxes = Inboxes()
    write_journal(tmp_path / "a.journal", numbered(0, 10))
    async with running(receiver(tmp_path), inboxes):
        await wait_for(lambda: len(messages(inboxes)) == 10, "the first file")
    (tmp_path / "a.journal").unlink()
    write_journal(tmp_path / "b.journal", numbered(20, 30))
    async with running(receiver(tmp_path), inboxes):
        await wait_for(lambda: len(messages(inboxes)) == 20, "what is left")
    assert messages(inboxes) == [f"line {n}" for n in [*range(10), *range(20, 30)]], "none is skipped"
    assert "does not have the record any more" in caplog.text
    assert "2026-11-23T06:32:35.02Z" in caplog.text


@real
async def test_a_rotated_journal_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    inboxes = Inboxes()
    write_journal(tmp_path / "a.journal", numbered(0, 10))
    async with running(receiver(tmp_path), inboxes):
        await wait_for(lambda: len(messages(inboxes)) == 10, "the first file")
        (tmp_path / "a.journal").rename(tmp_path / "a@0001.journal")
        write_journal(tmp_path / "a.journal", numbered(10, 20))
        await wait_for(lambda: len(messages(inboxes)) == 20, "the new file")
    (tmp_path / "a.journal").rename(tmp_path / "a@0002.journal")
    write_journal(tmp_path / "a.journal", numbered(20, 30))
    async with running(receiver(tmp_path), inboxes):
        await wait_for(lambda: len(messages(inboxes)) == 30, "after a restart")
    assert messages(inboxes) == [f"line {n}" for n in range(30)]
    assert "any more" not in caplog.text


@real
async def test_a_full_inbox_holds_the_journal_back(tmp_path: Path) -> None:
    inboxes = Inboxes()
    write_journal(tmp_path / "a.journal", numbered(0, 3))
    async with running(receiver(tmp_path), inboxes):
        await wait_for(lambda: len(messages(inboxes)) == 3, "the beginning")
        inboxes.by_key["journal"].room.clear()
        write_journal(tmp_path / "a.journal", numbered(3, 6))
        await wait_for(lambda: inboxes.by_key["journal"].busy, "the receiver waits")
        assert len(messages(inboxes)) == 3
        inboxes.by_key["journal"].room.set()
        await wait_for(lambda: len(messages(inboxes)) == 6, "the rest")


@real
async def test_matches_choose(tmp_path: Path) -> None:
    write_journal(tmp_path / "a.journal", [(1, {"MESSAGE": b"a", "_PID": b"1"}), (2, {"MESSAGE": b"b", "_PID": b"2"})])
    inboxes = Inboxes()
    async with running(receiver(tmp_path, matches="_PID=2"), inboxes):
        await wait_for(lambda: messages(inboxes), "a record")
    assert messages(inboxes) == ["b"]


@real
async def test_a_huge_field_is_cut(tmp_path: Path) -> None:
    write_journal(tmp_path / "a.journal", [(1, {"MESSAGE": b"x" * 300_000, "_PID": b"1"}), (2, {"MESSAGE": b"after"})])
    inboxes = Inboxes()
    async with running(receiver(tmp_path, max_field_bytes=1000), inboxes):
        await wait_for(lambda: len(messages(inboxes)) == 2, "both records")
    first, second = messages(inboxes)
    assert first == "x" * 1000 + "… [whodid: field cut here, 299000 more bytes]"
    assert second == "after"


def test_the_first_start_looks_back_so_far(tmp_path: Path) -> None:
    source = JournalReceiver(JournalSettings(max_age_ns=60 * SECOND, matches="A=1 + B=2"), SteppedClock(1000 * SECOND))
    command = source.command("")
    assert command[0] == "journalctl"
    assert command[-4:] == ["--since=@940", "A=1", "+", "B=2"]
    assert "--cursor=abc" in source.command("abc")
    assert not [word for word in source.command("abc") if word.startswith("--since")]


@pytest.mark.parametrize("text", ["--vacuum-size=1", "-u ssh", "unit=ssh", "/usr/bin/sshd"])
def test_matches_are_no_options(text: str) -> None:
    with pytest.raises(ValueError, match="no FIELD=value"):
        read_matches(text)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            "echo 'Hint: You are currently not seeing messages from other users and the system.' >&2",
            GROUP,
        ),
        (
            "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1",
            GROUP,
        ),
        ("echo 'what is this'", "no fields of a record"),
    ],
)
async def test_what_journalctl_complains_about_is_told_once(
    script: str, told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fake = tmp_path / "journalctl"
    fake.write_text(f"#!/bin/sh\necho run >>{tmp_path}/runs\n{script}\n")
    fake.chmod(stat.S_IRWXU)
    source = JournalReceiver(JournalSettings(), SystemClock(), [str(fake)])
    with caplog.at_level(logging.WARNING):
        async with running(source, Inboxes()):
            await wait_for(lambda: (tmp_path / "runs").exists() and len((tmp_path / "runs").read_text()) > 8, "2 runs")
    assert caplog.text.count(told) == 1


@real
async def test_a_cursor_that_is_none_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    inboxes = Inboxes()
    await inboxes(Origin("journal")).put([Received("{}", cursor="nonsense")])
    write_journal(tmp_path / "a.journal", numbered(0, 3))
    async with running(receiver(tmp_path), inboxes):
        await wait_for(lambda: len(inboxes.lines("journal")) == 4, "the records")
    assert "takes 'nonsense' for no place to go on at" in caplog.text


async def test_without_journalctl_it_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = JournalReceiver(JournalSettings(), SystemClock(), [str(tmp_path / "nothing")])
    async with running(source, Inboxes()) as task:
        await wait_for(lambda: "no journalctl here" in caplog.text, "the message")
        assert not task.done()


def test_a_copy_of_a_record_is_the_same() -> None:
    assert same_record("s=a;i=1;b=c;m=2;t=3;x=4", "s=b;i=9;b=c;m=2;t=3;x=4")
    assert not same_record("s=a;i=1;b=c;m=2;t=3;x=4", "s=a;i=1;b=c;m=2;t=3;x=5")
    assert not same_record("nonsense", "other")
