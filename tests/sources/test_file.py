"""One open file: reading on, noticing replacement, its token."""

import os
from pathlib import Path

from whodid.sources.file import HEAD_BYTES, FollowedFile, fingerprint


def opened(path: Path, offset: int = 0) -> FollowedFile:
    return FollowedFile(str(path), os.open(path, os.O_RDONLY), offset)


def test_young_file_keeps_its_identity_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "young.log"
    path.write_bytes(b"a")
    file = opened(path)
    assert file.read(100) == b"a"
    early = file.place(1)
    with path.open("ab") as more:
        more.write(b"b" * 1000)
    assert len(file.read(5000)) == 1000
    late = file.place(1001)
    file.close()
    assert (early.head_bytes, late.head_bytes) == (1, HEAD_BYTES)
    assert early.id == late.id
    assert fingerprint(path.read_bytes()[: early.head_bytes]) == early.head_hash


def test_replaced_content_is_not_returned(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"old content\n")
    file = opened(path)
    file.read(100)
    path.write_bytes(b"new content, and longer than before\n")
    assert file.read(100) == b""
    assert file.replaced
    file.close()


def test_place_remembers_what_was_read_even_if_it_was_truncated(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntwo\n")
    file = opened(path)
    file.read(100)
    whole = file.place(4)
    os.truncate(path, 0)
    assert file.place(4) == whole
    file.close()


def test_copy_is_recognised_before_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"line of the file\n" * 500)
    file = opened(path)
    for content, expected in (
        (b"", True),
        (path.read_bytes()[:4096], True),
        (path.read_bytes(), True),
        (b"line of", False),
        (b"line of another\n", False),
    ):
        other = tmp_path / "a.log.1"
        other.write_bytes(content)
        fd = os.open(other, os.O_RDONLY)
        assert file.includes(fd) is expected
        os.close(fd)
    file.close()
