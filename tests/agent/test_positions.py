"""The state file: survives, is whole or is kept aside, forgets nothing too early."""

import hashlib
import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from whodid.agent.batch import Batch, Span
from whodid.agent.flights import Flight, StateUnwritable
from whodid.agent.positions import FILE_NAME, TOMBSTONE_NS, Positions
from whodid.sources.source import Place


def place(offset: int, id: str = "f") -> Place:
    return Place(id, "/l/app.log", 1, 2, 3, "aa", offset, "bb", 4)


def batch(begin: int, end: int, id: str = "f") -> Batch:
    return Batch(f"k{end}", b"\x00\xffbody", 7, (Span("job", place(end, id), begin, 99, True),))


def take_off(positions: Positions, begin: int, end: int) -> Flight:
    flight = positions.begin(batch(begin, end))
    positions.write_down(flight)
    return flight


def offset(positions: Positions) -> int:
    known = positions.get("f")
    assert known is not None
    return known.place.offset


def test_what_is_in_flight_survives_and_reading_goes_on_behind_it(tmp_path: Path) -> None:
    first = Positions(tmp_path / "state", 0)
    first.follow("job", [[place(10)]])
    first.save()
    take_off(first, 10, 50)
    take_off(first, 50, 70)
    second = Positions(tmp_path / "state", 0)
    assert second.agent_id == first.agent_id
    assert [flight.batch for flight in second.in_flight] == [batch(10, 50), batch(50, 70)]
    (position,) = second.to_read_on("job")
    assert (position.place.offset, position.last_ns, position.stated) == (70, 99, True)
    assert offset(second) == 10
    assert second.to_read_on("another job") == []


def test_what_is_not_written_down_never_was(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[place(10)]])
    positions.save()
    positions.begin(batch(10, 50))
    assert not positions.all_written
    positions.save()
    again = Positions(tmp_path, 0)
    assert again.in_flight == []
    assert offset(again) == 10


def test_the_place_moves_only_over_a_run_without_a_gap(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[place(10)]])
    flights = [take_off(positions, end - 10, end) for end in (20, 30, 40)]
    positions.acknowledge(flights[1])
    assert (offset(positions), positions.outstanding) == (10, 3)
    assert positions.in_flight == [flights[0], flights[2]]
    positions.save()
    assert [flight.number for flight in Positions(tmp_path, 0).in_flight] == [1, 2, 3]
    positions.acknowledge(flights[0])
    assert (offset(positions), positions.outstanding, positions.settled_unsaved) == (30, 1, 2)
    positions.save()
    assert positions.settled_unsaved == 0
    again = Positions(tmp_path, 0)
    assert (offset(again), again.in_flight) == (30, [flights[2]])
    with pytest.raises(AssertionError, match="without being on its way"):
        positions.acknowledge(flights[0])


def test_acknowledged_is_written_with_the_next_save(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[place(10)]])
    positions.save()
    flight = take_off(positions, 10, 50)
    positions.acknowledge(flight)
    assert positions.unsaved
    assert Positions(tmp_path, 0).in_flight == [flight]
    positions.save()
    again = Positions(tmp_path, 0)
    assert again.in_flight == []
    assert again.get("f") == positions.get("f")
    take_off(again, 50, 60)  # a number that was used never comes again
    assert [flight.number for flight in Positions(tmp_path, 0).in_flight] == [2]


def test_a_file_found_again_in_a_copy_stays_that(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[place(10)]])
    flight = take_off(positions, 10, 50)
    copy = replace(place(10), inode=77)
    positions.recognise(Found(copy))
    positions.save()
    for known in (*Positions(tmp_path, 0).to_read_on("job"), *positions.to_read_on("job")):
        assert (known.place.inode, known.place.offset) == (77, 50)
    positions.acknowledge(flight)
    known = positions.get("f")
    assert known is not None
    assert known.place.inode == 77


class Found:
    """A feed that went on in another file."""

    path, offset, finished = "/l/app.log", 10, False

    def __init__(self, place: Place) -> None:
        self.id, self._place = place.id, place

    def place(self, offset: int) -> Place:
        return replace(self._place, offset=offset)

    def read(self, size_bytes: int) -> bytes:
        return b""

    def size_bytes(self) -> int:
        return 100

    def close(self) -> None:
        pass


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b.replace(b"app.log", b"apx.log"), lambda b: b""])
def test_corrupt_state_is_kept_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, damage) -> None:  # type: ignore[no-untyped-def]
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[place(10)]])
    positions.save()
    damaged = damage((tmp_path / FILE_NAME).read_bytes())
    (tmp_path / FILE_NAME).write_bytes(damaged)
    with caplog.at_level(logging.ERROR):
        again = Positions(tmp_path, 77)
    assert again.to_read_on("job") == []
    assert "is corrupt" in caplog.text
    assert (tmp_path / f"{FILE_NAME}.corrupt-77").read_bytes() == damaged


def test_the_state_of_version_1_is_read(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[place(10)]])
    positions.save()
    state = json.loads((tmp_path / FILE_NAME).read_bytes())["state"]
    del state["first_flight"]
    old = json.dumps({**state, "in_flight": {"key": "k", "body": "", "entries": 1, "spans": []}}).encode()
    checksum = hashlib.blake2b(old, digest_size=16).hexdigest().encode()
    (tmp_path / FILE_NAME).write_bytes(b'{"version":1,"sum":"%s","state":%s}\n' % (checksum, old))
    again = Positions(tmp_path, 77)
    assert again.to_read_on("job") == positions.to_read_on("job") != []
    assert again.agent_id == positions.agent_id


def test_tombstones_are_dropped_after_a_week(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[place(10)]])
    positions.bury("f", 1000)
    positions.forget_old(1000 + TOMBSTONE_NS - 1)
    assert positions.get("f") is not None
    positions.forget_old(1000 + TOMBSTONE_NS)
    assert positions.get("f") is None


def test_a_file_that_comes_back_is_no_longer_gone(tmp_path: Path) -> None:
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[place(10)]])
    positions.bury("f", 1000)
    positions.follow("job", [[place(10)]])
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
        positions.save()
    with pytest.raises(StateUnwritable, match="No space left"):
        positions.write_down(positions.begin(batch(10, 50)))
    assert not positions.all_written


def test_replacement_is_atomic(tmp_path: Path) -> None:
    """Dying before the rename leaves the old state, whole."""
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[place(10)]])
    positions.save()
    before = (tmp_path / FILE_NAME).read_bytes()

    def die(fd: int) -> None:
        os.fsync(fd)
        raise KeyboardInterrupt

    dying = Positions(tmp_path, 0, sync=die)
    with pytest.raises(KeyboardInterrupt):
        dying.save()
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_file_that_cannot_be_found_keeps_its_rank_among_those_of_its_path(tmp_path: Path) -> None:
    """Else it would be read before an older one when it is there again."""
    first, second, third = (replace(place(0), id=name) for name in ("first", "second", "third"))
    positions = Positions(tmp_path, 0)
    positions.follow("job", [[first, second]])
    positions.follow("job", [[first]])
    assert [p.place.id for p in positions.to_read_on("job")] == ["first", "second"]
    positions.follow("job", [[first, third, second]])  # found between them
    assert [p.place.id for p in positions.to_read_on("job")] == ["first", "third", "second"]
