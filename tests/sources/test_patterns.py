"""What paths and globs name, and where something new would be named."""

import gzip
import os
from pathlib import Path

import pytest

from whodid.sources.patterns import directories, fixed_directory, named_files, names

TREE = ("a/x.log", "a/b/y.log", "a/b/c/z.log", "a/.hidden/h.log", "d/x.log")
CASES = {
    # pattern: (the files, the directories)
    "a/x.log": (["a/x.log"], {"a"}),
    "a/*.log": (["a/x.log"], {"a"}),
    "*/x.log": (["a/x.log", "d/x.log"], {"", "a", "d"}),
    "a/*/*/*.log": (["a/b/c/z.log"], {"a", "a/b", "a/b/c"}),
    "a/**/*.log": (["a/b/c/z.log", "a/b/y.log", "a/x.log"], {"a", "a/b", "a/b/c"}),
    "nowhere/*.log": ([], set()),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"line\n")
    return tmp_path


@pytest.mark.parametrize("pattern", CASES)
def test_case(root: Path, pattern: str) -> None:
    files, expected = CASES[pattern]
    assert [path for path, _ in named_files(f"{root}/{pattern}", ())] == [f"{root}/{name}" for name in files]
    assert directories(f"{root}/{pattern}") == {f"{root}/{name}".rstrip("/") for name in expected}


@pytest.mark.parametrize("pattern", [*CASES, "a/**", "**/x.log", "a/.hidden/*", "*/*", "a/[xy].log", "**/b/**/*.log"])
def test_as_text_it_names_what_it_names_on_the_disk(root: Path, pattern: str) -> None:
    found = {path for path, _ in named_files(f"{root}/{pattern}", ())}
    assert {f"{root}/{name}" for name in TREE if names(f"{root}/{pattern}", f"{root}/{name}")} == found


def test_packed_and_excluded_files_pipes_and_directories_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(b"x"))
    (tmp_path / "debug.log").write_bytes(b"x")
    (tmp_path / "dir.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "a.log").write_bytes(b"x")
    assert [Path(path).name for path, _ in named_files(f"{tmp_path}/*", ["debug*"])] == ["a.log"]


def test_fixed_directory() -> None:
    assert [fixed_directory(p) for p in ("/a/b*/c/*.log", "/a/b.log", "x.log")] == ["/a", "/a", "."]
