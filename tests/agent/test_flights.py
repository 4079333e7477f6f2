"""The log of pushes on their way: whole or not there, in order without a gap, gone when told."""

import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.agent.batch import Batch, Span
from whodid.agent.flights import Flight, FlightLog, StateUnwritable
from whodid.sources.source import Place

SPAN = Span("job", Place("f", "/l/é\n.log", 1, 2, 3, "aa", 50, "bb", 4), 10, 99, True)


def flight(number: int, body: bytes = b"\n{}\n\x00\xff") -> Flight:
    return Flight(number, Batch(f"key {number}", body, 7, (SPAN,)))


def written(directory: Path, *numbers: int) -> list[Path]:
    log = FlightLog(directory)
    log.load(numbers[0])
    for number in numbers:
        log.write(flight(number))
        assert log.last_written == number
    return [directory / f"{number}.batch" for number in numbers]


@given(body=st.binary())
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    directory = tmp_path_factory.mktemp("flights")
    log = FlightLog(directory)
    assert log.load(5) == []
    log.write(flight(5, body))
    assert FlightLog(directory).load(5) == [flight(5, body)]


def test_those_before_the_first_are_removed(tmp_path: Path) -> None:
    old, kept, last = written(tmp_path, 8, 9, 10)
    assert FlightLog(tmp_path).load(9) == [flight(9), flight(10)]
    assert not old.exists()
    assert kept.exists()
    assert last.exists()


@pytest.mark.parametrize("kept_bytes", [0, 10, 32, 33, 100, -1])
def test_one_torn_at_the_end_was_never_sent(tmp_path: Path, kept_bytes: int, caplog: pytest.LogCaptureFixture) -> None:
    _, last = written(tmp_path, 1, 2)
    os.truncate(last, kept_bytes % last.stat().st_size)
    with caplog.at_level(logging.WARNING):
        log = FlightLog(tmp_path)
        assert log.load(1) == [flight(1)]
    assert not caplog.text
    log.write(flight(2))
    assert FlightLog(tmp_path).load(1) == [flight(1), flight(2)]


def test_a_damaged_one_before_others_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _, middle, _ = written(tmp_path, 1, 2, 3)
    middle.write_bytes(middle.read_bytes().replace(b"key 2", b"key 7"))
    with caplog.at_level(logging.ERROR):
        assert FlightLog(tmp_path).load(1) == [flight(1)]
    assert "the batch 2 on its way is damaged" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["1.batch"]


def test_a_full_disk_is_said_and_it_may_be_tried_again(tmp_path: Path) -> None:
    full = True

    def sync(fd: int) -> None:
        if full:
            raise OSError(28, "No space left on device")

    log = FlightLog(tmp_path, sync)
    log.load(1)
    with pytest.raises(StateUnwritable, match=r"1\.batch: No space left on device; make room"):
        log.write(flight(1))
    assert log.last_written == 0
    full = False
    log.write(flight(1))
    assert FlightLog(tmp_path).load(1) == [flight(1)]


def test_never_out_of_order(tmp_path: Path) -> None:
    log = FlightLog(tmp_path)
    log.load(3)
    with pytest.raises(AssertionError, match="their order is the proof"):
        log.write(flight(4))


def test_dropped_is_gone_and_may_be_gone_already(tmp_path: Path) -> None:
    written(tmp_path, 1)
    log = FlightLog(tmp_path)
    log.drop(1)
    log.drop(1)
    assert log.load(1) == []


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("mine")
    written(tmp_path, 1)
    FlightLog(tmp_path).load(2)
    assert [path.name for path in tmp_path.iterdir()] == ["README"]
