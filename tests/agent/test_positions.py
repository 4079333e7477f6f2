"""The state file: survives, is whole or is kept aside, forgets nothing too early."""

import logging
import os
from pathlib import Path

import pytest

from whodid.agent.batch import Batch, Span
from whodid.agent.positions import FILE_NAME, TOMBSTONE_NS, Positions, StateUnwritable
from whodid.sources.source import Place


def place(offset: int, id: str = "f") -> Place:
    return Place(id, "/l/app.log", 1, 2, 3, "aa", offset, "bb", 4)


def batch(end: int) -> Batch:
    return Batch("k1", b"\x00\xffbody", 7, (Span("job", place(end), 10, 99, True),))


def test_what_is_in_flight_survives_and_reading_goes_on_behind_it(tmp_path: Path) -> None:
    first = Positions(tmp_path / "state", 0)
    first.follow("job", place(10))
    first.begin(batch(50))
    second = Positions(tmp_path / "state", 0)
    assert second.agent_id == first.agent_id
    assert second.in_flight == batch(50)
    (position,) = second.to_read_on("job")
    assert (position.place.offset, position.last_ns, position.stated) == (50, 99, True)
    acknowledged = second.get("f")
    assert acknowledged is not None
    assert acknowledged.place.offset == 10
    assert second.to_read_on("another job") == []


def test_acknowledged_is_written_with_the_next_save(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", place(10))
    positions.begin(batch(50))
    positions.acknowledge()
    assert positions.unsaved
    assert Positions(tmp_path, 0).in_flight == batch(50)
    positions.save()
    again = Positions(tmp_path, 0)
    assert again.in_flight is None
    assert again.get("f") == positions.get("f")


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b.replace(b"app.log", b"apx.log"), lambda b: b""])
def test_corrupt_state_is_kept_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, damage) -> None:  # type: ignore[no-untyped-def]
    positions = Positions(tmp_path, 0)
    positions.follow("job", place(10))
    positions.save()
    damaged = damage((tmp_path / FILE_NAME).read_bytes())
    (tmp_path / FILE_NAME).write_bytes(damaged)
    with caplog.at_level(logging.ERROR):
        again = Positions(tmp_path, 77)
    assert again.to_read_on("job") == []
    assert "is corrupt" in caplog.text
    assert (tmp_path / f"{FILE_NAME}.corrupt-77").read_bytes() == damaged


def test_tombstones_are_dropped_after_a_week(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", place(10))
    positions.bury("f", 1000)
    positions.forget_old(1000 + TOMBSTONE_NS - 1)
    assert positions.get("f") is not None
    positions.forget_old(1000 + TOMBSTONE_NS)
    assert positions.get("f") is None


def test_a_file_that_comes_back_is_no_longer_gone(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", place(10))
    positions.bury("f", 1000)
    positions.follow("job", place(10))
    positions.forget_old(TOMBSTONE_NS * 2)
    assert positions.get("f") is not None


def test_unwritable_state_says_where_and_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StateUnwritable, match="file/state"):
        Positions(tmp_path / "file" / "state", 0)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    positions = Positions(tmp_path / "state", 0, sync=full)
    with pytest.raises(StateUnwritable, match="No space left"):
        positions.begin(batch(50))
    assert positions.in_flight is None


def test_replacement_is_atomic(tmp_path: Path) -> None:
    """Dying before the rename leaves the old state, whole."""
    positions = Positions(tmp_path, 0)
    positions.follow("job", place(10))
    positions.save()
    before = (tmp_path / FILE_NAME).read_bytes()

    def die(fd: int) -> None:
        os.fsync(fd)
        raise KeyboardInterrupt

    dying = Positions(tmp_path, 0, sync=die)
    with pytest.raises(KeyboardInterrupt):
        dying.begin(batch(50))
    assert (tmp_path / FILE_NAME).read_bytes() == before
