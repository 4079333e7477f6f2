"""The kernel's events as they are: names, two names of one directory, directories that go."""

import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from whodid.sources.inotify import CREATE, DELETE_SELF, IGNORED, MODIFY, Event, Inotify


@pytest.fixture
def inotify() -> Iterator[Inotify]:
    made = Inotify()
    yield made
    made.close()


def told(inotify: Inotify) -> list[Event]:
    assert select.select([inotify.fd], [], [], 5)[0]
    return inotify.read()


def test_names_are_those_of_the_disk_also_where_they_are_no_utf8(tmp_path: Path, inotify: Inotify) -> None:
    inotify.add(str(tmp_path))
    odd = tmp_path / os.fsdecode(b"caf\xe9.log")
    odd.write_bytes(b"1")
    assert told(inotify) == [Event(str(odd), CREATE), Event(str(odd), MODIFY)]
    assert inotify.read() == []


def test_two_names_of_one_directory(tmp_path: Path, inotify: Inotify) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    for directory in (real, link):
        inotify.add(str(directory))
    (real / "a").touch()
    assert {event.path for event in told(inotify)} == {str(real / "a"), str(link / "a")}
    inotify.remove(str(link))
    (real / "b").touch()
    assert {event.path for event in told(inotify)} == {str(real / "b")}


def test_a_directory_that_goes_is_not_watched_any_more(tmp_path: Path, inotify: Inotify) -> None:
    directory = tmp_path / "d"
    directory.mkdir()
    inotify.add(str(directory))
    directory.rmdir()
    assert [event.mask & (DELETE_SELF | IGNORED) for event in told(inotify)] == [DELETE_SELF, IGNORED]
    assert inotify.directories == frozenset()


def test_what_is_no_directory_is_refused(tmp_path: Path, inotify: Inotify) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "absent"):
        with pytest.raises(OSError, match=name):
            inotify.add(str(tmp_path / name))
