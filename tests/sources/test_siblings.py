"""Which names rotation gives, and where it put the bytes."""

import os
import re
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whodid.sources.file import FollowedFile
from whodid.sources.siblings import find_copy, find_renamed, find_successors, is_rotation_of, open_regular, originals_of

NAMES = [
    # name, rotated from, is it?
    ("app.log.1", "/l/app.log", True),
    ("app.log.12", "/l/app.log", True),
    ("app.log-20260131", "/l/app.log", True),
    ("app-20260131.log", "/l/app.log", True),
    ("app.1.log", "/l/app.log", True),
    ("app.log.2026-01-31T00:00:00", "/l/app.log", True),
    ("app.log.old", "/l/app.log", True),
    ("app.log.1.gz", "/l/app.log", False),
    ("app.log.err", "/l/app.log", False),
    ("app.log", "/l/app.log", False),
    ("application.log.1", "/l/app.log", False),
    ("syslog.1", "/l/syslog", True),
]


@pytest.mark.parametrize(("name", "path", "expected"), NAMES)
def test_is_rotation_of(name: str, path: str, expected: bool) -> None:
    assert is_rotation_of(name, path) is expected


@given(st.lists(st.sampled_from(["app", ".", "-", "_", "1", "20260131", "old", "log", "x"]), min_size=1, max_size=7))
def test_originals_of_a_name_are_those_that_would_be_rotated_to_it(parts: list[str]) -> None:
    """The rule as it is said, against the way back that is taken."""
    name = "".join(parts)
    for end in range(1, len(name) + 1):
        for begin in range(end, len(name) + 1):
            original = PurePath(name[:end] + name[begin:])
            if not original.name:
                continue
            stem, suffix = re.escape(original.stem), re.escape(original.suffix)
            age = r"[-._](?:\d[\w.:+-]*|old)"
            rotated = re.fullmatch(rf"{re.escape(original.name)}{age}|{stem}{age}{suffix}", name) is not None
            assert (original.name in originals_of(name)) == rotated, original.name


def followed(path: Path, read: int) -> FollowedFile:
    file = FollowedFile(str(path), os.open(path, os.O_RDONLY))
    file.read(read)
    return file


def test_renamed_is_found_under_any_name_but_not_without_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"first\nsecond\n")
    file = followed(path, 6)
    place = file.place(6)
    file.close()
    path.rename(tmp_path / "whatever")
    found = find_renamed(place)
    assert found is not None
    os.close(found.fd)
    (tmp_path / "whatever").write_bytes(b"another content")
    assert find_renamed(place) is None


def test_copy_needs_both_ends_of_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    header = b"#Software: the same header in every file\n" * 10
    path.write_bytes(header + b"one\ntwo\n")
    file = followed(path, len(header) + 4)
    place = file.place(file.offset)
    (tmp_path / "app.log.2").write_bytes(header + b"older content of the same length and more\n")
    assert find_copy(place) is None
    (tmp_path / "app.log.1").write_bytes(header + b"one\ntwo\n")
    found = find_copy(place)
    file.close()
    assert found is not None
    assert found.path.endswith("app.log.1")
    os.close(found.fd)


def test_successors_are_younger_unknown_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"seen\n")
    os.utime(path, ns=(100, 100))
    file = followed(path, 5)
    for name, mtime in (("app.log.4", 50), ("app.log.2", 200), ("app.log.1", 300)):
        (tmp_path / name).write_bytes(name.encode())
        os.utime(tmp_path / name, ns=(mtime, mtime))
    found = find_successors(file.place(5), lambda sibling: False)
    file.close()
    assert [Path(s.path).name for s in found] == ["app.log.2", "app.log.1"]
    for sibling in found:
        os.close(sibling.fd)


def test_open_regular_never_blocks_on_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert open_regular(str(tmp_path / "pipe")) is None
    assert open_regular(str(tmp_path / "absent")) is None
