"""Rotations that were compressed while nobody read: the rest is read, or it is said how much is not."""

import gzip
import logging
import os
from pathlib import Path

import pytest

from whodid.sources.compressed import find_compressed
from whodid.sources.files import FileSource
from whodid.sources.source import Place

LINES = b"".join(b"%d a line of the log\n" % n for n in range(100))


def place_in(log: Path, offset: int) -> Place:
    """Where a reader stood in a file."""
    source = FileSource([str(log)])
    (feed,) = source.refresh(0)
    while feed.offset < offset:
        feed.read(offset - feed.offset)
    place = feed.place(offset)
    source.close()
    return place


def compress(log: Path, name: str, data: bytes = b"") -> Path:
    """What logrotate does: renames, packs, keeps the time."""
    packed = log.with_name(name)
    packed.write_bytes(gzip.compress(data or log.read_bytes()))
    stat = log.stat()
    os.utime(packed, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    log.unlink()
    return packed


def read_all(source: FileSource) -> bytes:
    data = b""
    for feed in source.refresh(0):
        while chunk := feed.read(100):
            data += chunk
    source.close()
    return data


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(LINES)
    return path


@pytest.mark.parametrize("offset", [0, 21, 700, len(LINES) - 1])
def test_the_rest_is_read_and_said(log: Path, caplog: pytest.LogCaptureFixture, offset: int) -> None:
    place = place_in(log, offset)
    compress(log, "app.log.2.gz")
    log.write_bytes(b"new\n")
    assert read_all(FileSource([str(log)], known=[place])) == LINES[offset:] + b"new\n"
    assert f"app.log.2.gz before it was read to its end: its last {len(LINES) - offset} bytes are" in caplog.text


def test_what_is_taken_up_is_taken_up_again(log: Path) -> None:
    """A crash while the unpacked rest is read: the place then names a file that never had a name."""
    place = place_in(log, 100)
    compress(log, "app.log.1.gz")
    source = FileSource([str(log)], known=[place])
    (feed,) = source.refresh(0)
    assert feed.read(50) == LINES[100:150]
    place = feed.place(150)
    source.close()
    assert read_all(FileSource([str(log)], known=[place])) == LINES[150:]


def test_nothing_is_said_of_what_was_read_to_its_end(log: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = place_in(log, len(LINES))
    compress(log, "app.log.1.gz")
    with caplog.at_level(logging.WARNING):
        assert read_all(FileSource([str(log)], known=[place])) == b""
    assert not caplog.text


def test_what_nobody_has_begun_to_read_is_said(log: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = place_in(log, len(LINES))
    compress(log, "app.log.2.gz")
    log.write_bytes(b"never seen\n")
    os.utime(log, ns=(place.mtime_ns + 1, place.mtime_ns + 1))
    compress(log, "app.log.1.gz")
    assert read_all(FileSource([str(log)], known=[place])) == b""
    assert "app.log.1.gz while the agent was away: its 11 bytes are not read" in caplog.text
    assert "app.log.2.gz" not in caplog.text


def test_another_file_is_not_taken(log: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = place_in(log, 600)
    compress(log, "app.log.1.gz", LINES[:500] + b"#" * 500)  # the same beginning, but not what was read behind it
    assert find_compressed(place) is None
    assert not caplog.text


@pytest.mark.parametrize("keep", [5, 30, -9])
def test_a_broken_one_is_said(log: Path, caplog: pytest.LogCaptureFixture, keep: int) -> None:
    place = place_in(log, 600)
    packed = compress(log, "app.log.1.gz")
    packed.write_bytes(packed.read_bytes()[:keep])
    assert find_compressed(place) is None
    assert "app.log.1.gz cannot be unpacked" in caplog.text


def test_too_much_is_said(log: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whodid.sources.compressed.MOST_BYTES", 1000)
    place = place_in(log, 600)
    compress(log, "app.log.1.gz")
    assert find_compressed(place) is None
    assert "only its first 600 bytes were read; more than 1000 bytes are left" in caplog.text


def test_what_was_written_after_it_is_found_behind_what_was_unpacked(log: Path) -> None:
    """The unpacked rest is a file of now; what tells generations apart is when it was written."""
    os.utime(log, ns=(10**18, 10**18))
    place = place_in(log, 21)
    compress(log, "app.log.2.gz")
    log.with_name("app.log.1").write_bytes(b"next\n")
    os.utime(log.with_name("app.log.1"), ns=(10**18 + 1, 10**18 + 1))
    log.write_bytes(b"new\n")
    assert read_all(FileSource([str(log)], known=[place])) == LINES[21:] + b"next\n" + b"new\n"
