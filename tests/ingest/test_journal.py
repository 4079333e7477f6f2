"""The files of what is acknowledged and not yet in the table: what of them counts after a crash."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.ingest.check import Facts
from whodid.ingest.journal import Batch, Journal, JournalError, Segment

FIRST = 41
BATCHES = [(b"first batch", 3), (b"", 0), (b"second \xff batch" * 40, 7)]


def batch(rows: bytes, first_seq: int, lines: int, *, metadata: bool = False, label_levels: bool = False) -> Batch:
    return Batch(rows, first_seq, Facts(1, lines, metadata, False, label_levels))


def write(journal: Journal) -> Segment:
    seq = FIRST
    for rows, lines in BATCHES:
        journal.append(batch(rows, seq, lines))
        seq += lines
    segment = journal.close_segment()
    assert segment is not None
    return segment


def test_a_segment_knows_what_was_put_into_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(batch(b"x", 1, 2))
    journal.append(batch(b"y", 3, 4, metadata=True))
    journal.append(batch(b"z", 7, 1, label_levels=True))
    segment = journal.close_segment()
    assert segment is not None
    assert (segment.first_seq, segment.facts.lines, segment.last_seq) == (1, 7, 7)
    assert (segment.facts.metadata, segment.facts.levels, segment.facts.label_levels) == (True, False, True)
    assert segment.bytes == segment.path.stat().st_size
    assert journal.close_segment() is None


def test_a_restart_finds_every_segment_in_the_order_of_numbers(tmp_path: Path) -> None:
    journal, written = Journal(tmp_path / "journal"), []
    for first_seq in (9, 1000, 1_000_000):
        journal.append(batch(b"rows", first_seq, 5, metadata=first_seq == 1000))
        segment = journal.close_segment()
        assert segment is not None
        written.append((segment.path, segment.first_seq, segment.facts, segment.bytes))
    found = Journal(tmp_path / "journal").recover()
    assert [(one.path, one.first_seq, one.facts, one.bytes) for one in found] == written
    assert all(one.tried for one in found), "the earlier server may have begun to insert it"


def test_what_is_removed_does_not_come_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.remove(write(journal))
    assert journal.recover() == []
    assert list((tmp_path / "journal").iterdir()) == []


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    segment = write(journal)
    assert (tmp_path / "journal").stat().st_mode & 0o077 == 0
    assert segment.path.stat().st_mode & 0o077 == 0


@given(st.data())
def test_a_file_cut_anywhere_keeps_its_whole_batches(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """The server died while it wrote: whoever was told that a batch is safe finds it."""
    directory = tmp_path_factory.mktemp("cut") / "journal"
    journal = Journal(directory)
    ends, lines = [0], [0]
    for rows, count in BATCHES:
        journal.append(batch(rows, FIRST + lines[-1], count))
        assert journal.open_segment is not None
        ends.append(journal.open_segment.bytes)
        lines.append(lines[-1] + count)
    segment = journal.close_segment()
    assert segment is not None
    cut = data.draw(st.integers(0, ends[-1]))
    tail = data.draw(st.sampled_from([b"", b"\0" * 100]))  # a power cut may leave zeros where the file had grown
    content = segment.path.read_bytes()[:cut]
    segment.path.write_bytes(content + tail)
    whole = max(n for n, end in enumerate(ends) if end <= cut)
    found = Journal(directory).recover()
    if whole == 0:
        assert found == []
    else:
        assert [(one.first_seq, one.facts.lines, one.bytes) for one in found] == [(FIRST, lines[whole], ends[whole])]
        assert found[0].path.read_bytes() == content[: ends[whole]]


@pytest.mark.parametrize("place", [-5, -len(BATCHES[2][0]) - 8], ids=["a line", "the head before them"])
def test_bytes_that_changed_on_disk_are_told_and_kept_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: int
) -> None:
    journal = Journal(tmp_path / "journal")
    segment = write(journal)
    content = bytearray(segment.path.read_bytes())
    content[place] ^= 1
    segment.path.write_bytes(content)
    [found] = Journal(tmp_path / "journal").recover()
    assert (found.facts.lines, found.bytes) == (3, found.path.stat().st_size)
    [kept] = (tmp_path / "journal").glob("*.damaged")
    assert content.endswith(kept.read_bytes())
    assert str(kept) in caplog.text


@pytest.mark.parametrize("broken", ["write", "fdatasync"])
def test_a_first_append_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Else the next segment, which begins with the same number, would share its file."""
    journal = Journal(tmp_path / "journal")

    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, broken, fails)
        with pytest.raises(JournalError, match="No space left"):
            journal.append(batch(b"bad", 1, 1))
    assert list((tmp_path / "journal").iterdir()) == []
    assert journal.open_segment is None
    journal.append(batch(b"good", 1, 1))
    assert len(Journal(tmp_path / "journal").recover()) == 1


def test_what_cannot_be_cut_back_is_cut_before_anything_is_promised_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(batch(b"good", 1, 1))
    cut_really = os.ftruncate

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fails)
        with pytest.raises(JournalError):
            journal.append(batch(b"bad", 2, 1))
        patch.undo()
        patch.setattr(os, "ftruncate", fails)
        with pytest.raises(JournalError, match="cannot be cut back"):
            journal.append(batch(b"not yet", 2, 1))
        patch.setattr(os, "ftruncate", cut_really)
    journal.append(batch(b"again", 2, 1))
    segment = journal.close_segment()
    assert segment is not None
    assert (segment.last_seq, b"bad" in segment.path.read_bytes()) == (2, False)


@pytest.mark.parametrize("broken", ["write", "fdatasync"])
def test_a_failed_append_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(batch(b"good", 1, 1))
    write_really = os.write

    def half(file: int, data: memoryview) -> int:
        if len(data) < 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_really(file, data[: len(data) // 2])

    def fails(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, broken, half if broken == "write" else fails)
        with pytest.raises(JournalError, match=r"cannot write .*: (No space left|Input/output error)"):
            journal.append(batch(b"bad" * 100, 2, 1))
    journal.append(batch(b"good again", 2, 5))
    segment = journal.close_segment()
    assert segment is not None
    assert (segment.last_seq, b"bad" in segment.path.read_bytes()) == (6, False)
    [found] = Journal(tmp_path / "journal").recover()
    assert (found.facts, found.bytes) == (segment.facts, segment.bytes)


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    (tmp_path / "journal").rmdir()
    with pytest.raises(JournalError, match=f"cannot begin {tmp_path}/journal/.*: No such file"):
        journal.append(batch(b"x", 1, 1))
    (tmp_path / "journal").mkdir()
    journal.append(batch(b"x", 1, 1))
    assert journal.open_segment is not None
