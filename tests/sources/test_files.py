"""Following paths and globs through what really happens to log files."""

import gzip
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from whodid.sources.file import fingerprint
from whodid.sources.files import FileSource
from whodid.sources.source import News, Place


class Follower:
    """A FileSource whose bytes are collected by the path they were written under."""

    def __init__(
        self, *patterns: Path, known: Sequence[Place] = (), gone: Sequence[Place] = (), exclude: Sequence[str] = ()
    ) -> None:
        self.source = FileSource([str(p) for p in patterns], exclude, known=known, gone=gone)
        self.seconds = 0.0
        self.read: dict[str, bytes] = {}

    def look(self, seconds: float = 1.0) -> dict[str, bytes]:
        """One look, and everything that can be read after it."""
        self.seconds += seconds
        for feed in self.source.refresh(self.seconds):
            while data := feed.read(7):
                name = Path(feed.path).name
                self.read[name] = self.read.get(name, b"") + data
            if feed.finished:
                feed.close()
        return self.read

    def places(self) -> list[Place]:
        self.source.refresh(self.seconds)
        return [f.place(f.offset) for f in self.source.feeds]

    def count(self) -> int:
        self.source.refresh(self.seconds)
        return len(self.source.feeds)


@pytest.fixture
def followers() -> Iterator[list[Follower]]:
    made: list[Follower] = []
    yield made
    for follower in made:
        follower.source.close()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_appends_and_new_files(tmp_path: Path, followers: list[Follower]) -> None:
    f = Follower(tmp_path / "*.log")
    followers.append(f)
    append(tmp_path / "a.log", b"one\n")
    f.look()
    append(tmp_path / "a.log", b"two\n")
    append(tmp_path / "late.log", b"late\n")
    assert f.look() == {"a.log": b"one\ntwo\n", "late.log": b"late\n"}


@pytest.mark.parametrize("pattern", ["app.log", "*.log*"])
def test_rename_rotation_drains_the_old_and_never_reads_it_again(
    tmp_path: Path, followers: list[Follower], pattern: str
) -> None:
    f = Follower(tmp_path / pattern)
    followers.append(f)
    path = tmp_path / "app.log"
    append(path, b"1\n")
    f.look()
    append(path, b"2\n")
    path.rename(tmp_path / "app.log.1")
    append(tmp_path / "app.log.1", b"3\n")  # the writer has not reopened yet
    f.look()
    append(tmp_path / "app.log.1", b"4\n")
    append(path, b"5\n")
    assert f.look() == {"app.log": b"1\n2\n3\n4\n5\n"}
    (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
    assert f.look(100) == f.look(100) == {"app.log": b"1\n2\n3\n4\n5\n"}


def test_renamed_file_is_let_go_after_its_silence(tmp_path: Path, followers: list[Follower]) -> None:
    f = Follower(tmp_path / "app.log")
    followers.append(f)
    append(tmp_path / "app.log", b"1\n")
    f.look()
    (tmp_path / "app.log").unlink()
    f.look()
    assert f.count() == 1
    f.look(100)
    f.look(100)
    assert f.count() == 0


def test_copytruncate_reads_the_rest_from_the_copy(tmp_path: Path, followers: list[Follower]) -> None:
    f = Follower(tmp_path / "*.log*")
    followers.append(f)
    path = tmp_path / "app.log"
    append(path, b"first line\n")
    f.look()
    append(path, b"written just before the copy\n")
    (tmp_path / "app.log.1").write_bytes(path.read_bytes())
    os.truncate(path, 0)
    append(path, b"after\n")
    assert f.look()["app.log"] == b"first line\nwritten just before the copy\n" + b"after\n"
    assert set(f.look(100)) == {"app.log"}


def test_copy_in_the_making_is_not_read_as_a_file(tmp_path: Path, followers: list[Follower]) -> None:
    f = Follower(tmp_path / "*.log*")
    followers.append(f)
    path = tmp_path / "app.log"
    append(path, b"line\n" * 100)
    f.look()
    (tmp_path / "app.log.1").write_bytes(path.read_bytes()[:333])
    f.look()
    (tmp_path / "app.log.1").write_bytes(path.read_bytes())
    f.look()
    os.truncate(path, 0)
    assert f.look() == {"app.log": b"line\n" * 100}


def test_truncation_without_a_copy_starts_again(tmp_path: Path, followers: list[Follower]) -> None:
    f = Follower(tmp_path / "app.log")
    followers.append(f)
    path = tmp_path / "app.log"
    append(path, b"old old old\n")
    f.look()
    path.write_bytes(b"new, and longer than the old\n")
    f.look()
    assert f.look() == {"app.log": b"old old old\nnew, and longer than the old\n"}


def test_resumes_where_it_was_told(tmp_path: Path, followers: list[Follower]) -> None:
    path = tmp_path / "app.log"
    append(path, b"1\n2\n")
    first = Follower(path)
    first.look()
    known = first.places()
    first.source.close()
    append(path, b"3\n")
    second = Follower(path, known=known)
    followers.append(second)
    assert second.look() == {"app.log": b"3\n"}


def test_rotations_while_away_are_read_in_order(tmp_path: Path, followers: list[Follower]) -> None:
    """Two rotations pass: the known file is .2 now, and .1 was never seen."""
    path = tmp_path / "app.log"
    append(path, b"1\n")
    first = Follower(path)
    first.look()
    known = first.places()
    first.source.close()
    append(path, b"2\n")
    path.rename(tmp_path / "app.log.2")
    (tmp_path / "app.log.1").write_bytes(b"3\n")
    path.write_bytes(b"4\n")
    second = Follower(path, known=known)
    followers.append(second)
    assert second.look() == {"app.log": b"2\n3\n4\n"}


def test_reused_inode_is_another_file(tmp_path: Path, followers: list[Follower]) -> None:
    path = tmp_path / "app.log"
    append(path, b"the old one\n")
    first = Follower(path)
    first.look()
    known = first.places()
    first.source.close()
    path.write_bytes(b"not the same at all\n")  # same inode, as after deletion and creation
    second = Follower(path, known=known)
    followers.append(second)
    assert second.look() == {"app.log": b"not the same at all\n"}


def test_compressed_and_excluded_files_are_left_alone(tmp_path: Path, followers: list[Follower]) -> None:
    f = Follower(tmp_path / "*", exclude=["debug*", str(tmp_path / "secret.log")])
    followers.append(f)
    (tmp_path / "a.log.1.gz").write_bytes(gzip.compress(b"old\n"))
    for name in ("debug.log", "secret.log", "a.log"):
        (tmp_path / name).write_bytes(name.encode())
    assert f.look() == {"a.log": b"a.log"}


def test_a_directory_that_nobody_has_named_may_be_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = FileSource([str(tmp_path / "container/a.log")], tells_missing=False)
    source.refresh(0)
    source.close()
    assert caplog.messages == []


def test_missing_directory_is_said_once_and_waited_for(
    tmp_path: Path, followers: list[Follower], caplog: pytest.LogCaptureFixture
) -> None:
    f = Follower(tmp_path / "app" / "*.log")
    followers.append(f)
    with caplog.at_level(logging.WARNING):
        f.look()
        f.look()
    assert [r.getMessage() for r in caplog.records] == [
        f"waiting for {tmp_path}/app/*.log: the directory {tmp_path}/app does not exist"
    ]
    (tmp_path / "app").mkdir()
    append(tmp_path / "app" / "x.log", b"there\n")
    assert f.look() == {"x.log": b"there\n"}
    assert f.source.directories() == {str(tmp_path / "app")}


def test_what_was_copied_and_truncated_while_away_is_found_behind_one_that_was_done(
    tmp_path: Path, followers: list[Follower]
) -> None:
    """The last file of the path was read to its end and let go before; a new one came and went since."""
    log = tmp_path / "app.log"
    append(log, b"one\n")
    first = Follower(log)
    followers.append(first)
    first.look()
    (done,) = first.places()
    log.rename(tmp_path / "app.log.2")
    append(log, b"two\n")
    os.utime(log, ns=(done.mtime_ns + 1, done.mtime_ns + 1))
    shutil.copy2(log, tmp_path / "app.log.1")
    os.truncate(log, 0)
    append(log, b"three\n")
    second = Follower(log, gone=[done])
    followers.append(second)
    assert second.look() == {"app.log": b"two\nthree\n"}


def test_a_long_silent_file_is_followed_for_a_while_after_its_rename(tmp_path: Path, followers: list[Follower]) -> None:
    """nginx writes into the renamed file until it is told to reopen, however long it has been silent before."""
    f = Follower(tmp_path / "app.log")
    followers.append(f)
    path = tmp_path / "app.log"
    append(path, b"1\n")
    f.look()
    f.look(1000)
    path.rename(tmp_path / "app.log.1")
    f.look()
    append(tmp_path / "app.log.1", b"2\n")
    append(path, b"3\n")
    assert f.look() == {"app.log": b"1\n2\n3\n"}


def test_news_of_a_file_are_enough_to_read_on_in_it_and_in_no_other(tmp_path: Path, followers: list[Follower]) -> None:
    f = Follower(tmp_path / "*.log")
    followers.append(f)
    for name in ("a.log", "b.log", "c.log"):
        append(tmp_path / name, b"1\n")
    f.look()
    for name in ("a.log", "b.log"):
        append(tmp_path / name, b"2\n")
    stirred = f.source.refresh(f.seconds, News(written=frozenset({str(tmp_path / "b.log"), str(tmp_path / "x")})))
    assert [(feed.path, feed.read(10)) for feed in stirred] == [(str(tmp_path / "b.log"), b"2\n")]
    f.look()  # once more while a file system's clock may not have moved on
    f.look(10)
    assert f.source.refresh(f.seconds + 10) == []


def test_news_of_a_truncation_are_enough_for_its_next_content(tmp_path: Path, followers: list[Follower]) -> None:
    f = Follower(tmp_path / "a.log")
    followers.append(f)
    path = tmp_path / "a.log"
    append(path, b"old\n")
    f.look()
    path.write_bytes(b"new, and longer\n")
    news = News(written=frozenset({str(path)}))
    (old, new) = f.source.refresh(f.seconds, news)
    assert (old.finished, new.read(100)) == (True, b"new, and longer\n")
    append(path, b"more\n")
    assert [feed.read(100) for feed in f.source.refresh(f.seconds, news) if not feed.finished] == [b"more\n"]


def test_a_symbolic_link_is_written_to_where_it_leads(tmp_path: Path, followers: list[Follower]) -> None:
    """As Kubernetes gives its containers' logs names."""
    real, named = tmp_path / "real", tmp_path / "named"
    real.mkdir()
    named.mkdir()
    append(real / "0.log", b"1\n")
    (named / "pod.log").symlink_to(real / "0.log")
    f = Follower(named / "*.log")
    followers.append(f)
    assert f.look() == {"pod.log": b"1\n"}
    assert f.source.directories() == {str(real), str(named)}
    append(real / "0.log", b"2\n")
    (feed,) = f.source.refresh(f.seconds, News(written=frozenset({str(real / "0.log")})))
    assert feed.read(10) == b"2\n"
    (real / "0.log").rename(real / "0.log.1")
    assert f.source.concerned(News(structure=frozenset({str(real / "0.log")})))


CONCERNED = {
    # what came or went, relative to the followed directory: is it a reason to look at everything?
    "new.log": True,
    "known.log": True,
    "unrelated.txt": False,
    "known.log.1.gz": False,
    "directory": True,
    "": True,
}


@pytest.mark.parametrize("name", CONCERNED)
def test_concerned(tmp_path: Path, followers: list[Follower], name: str) -> None:
    f = Follower(tmp_path / "*.log")
    followers.append(f)
    append(tmp_path / "known.log", b"1\n")
    (tmp_path / "directory").mkdir()
    f.look()
    path = str(tmp_path / name) if name else str(tmp_path)
    assert f.source.concerned(News(structure=frozenset({path}))) == CONCERNED[name]
    assert not f.source.concerned(News(written=frozenset({path})))


def test_news_of_a_new_file_are_enough_to_read_it(tmp_path: Path, followers: list[Follower]) -> None:
    f = Follower(tmp_path / "*.log")
    followers.append(f)
    append(tmp_path / "old.log", b"1\n")
    f.look()
    append(tmp_path / "new.log", b"first\n")
    append(tmp_path / "no.txt", b"first\n")
    (tmp_path / "old.log").rename(tmp_path / "renamed.log")
    come = News(structure=frozenset(str(tmp_path / name) for name in ("new.log", "no.txt", "renamed.log", "gone.log")))
    (feed,) = f.source.refresh(f.seconds, come)
    assert (feed.path, feed.read(10)) == (str(tmp_path / "new.log"), b"first\n")
    append(tmp_path / "new.log", b"second\n")
    (feed,) = f.source.refresh(f.seconds, News(written=frozenset({str(tmp_path / "new.log")})))
    assert feed.read(10) == b"second\n"
    assert f.look() == {"old.log": b"1\n"}


LONG = b"".join(b"%d a line that is long enough to be told from others\n" % number for number in range(20))


def stopped_at(path: Path) -> list[Place]:
    """Places of a follower that has read everything, and is gone."""
    follower = Follower(path)
    follower.look()
    known = follower.places()
    follower.source.close()
    return known


def test_a_file_that_is_missing_at_a_start_is_read_on_when_it_comes_back(
    tmp_path: Path, followers: list[Follower]
) -> None:
    path = tmp_path / "app.log"
    append(path, b"1\n")
    known = stopped_at(path)
    path.rename(tmp_path.parent / f"{tmp_path.name}.away")
    f = Follower(path, known=known)
    followers.append(f)
    assert f.look() == {}
    (tmp_path.parent / f"{tmp_path.name}.away").rename(path)
    append(path, b"2\n")
    assert f.look() == {"app.log": b"2\n"}


@pytest.mark.parametrize("read", [b"", b"1\n"])
def test_a_missing_file_that_is_copied_and_truncated_at_once_is_read_on_in_the_copy(
    tmp_path: Path, followers: list[Follower], read: bytes
) -> None:
    """In its own place: another one would be followed beside it after the next start, and send the lines again."""
    path, away = tmp_path / "app.log", tmp_path.parent / f"{tmp_path.name}.away"
    append(path, b"1\n")
    [known] = stopped_at(path)
    if not read:
        known = replace(known, offset=0, tail_hash=fingerprint(b""))
    append(path, b"2\n")
    path.rename(away)
    f = Follower(path, known=[known])
    followers.append(f)
    assert f.look() == {}
    away.rename(path)
    shutil.copy(path, tmp_path / "app.log.1")
    os.truncate(path, 0)
    append(path, b"3\n")
    assert f.look() == {"app.log": b"1\n2\n3\n".removeprefix(read)}
    assert [place.id == known.id for place in f.places()] == [True, False]


def test_a_missing_file_that_came_back_is_missing_no_more(tmp_path: Path, followers: list[Follower]) -> None:
    path, away = tmp_path / "app.log", tmp_path.parent / f"{tmp_path.name}.away"
    append(path, b"1\n")
    known = stopped_at(path)
    path.rename(away)
    f = Follower(path, known=known)
    followers.append(f)
    f.look()
    away.rename(path)
    append(path, b"2\n")
    assert f.look() == {"app.log": b"2\n"}
    path.rename(tmp_path / "app.log.1")
    assert f.look(60) == f.look(60) == {"app.log": b"2\n"}  # it is let go
    append(path, b"3\n")
    assert f.look() == {"app.log": b"2\n3\n"}


@pytest.mark.parametrize("piece", [b"", b"3"])
def test_the_inode_of_a_file_without_a_line_that_is_used_again_after_another_file(
    tmp_path: Path, followers: list[Follower], piece: bytes
) -> None:
    path, kept = tmp_path / "app.log", tmp_path / "kept"
    append(path, piece)
    before = Follower(path)
    before.look()
    path.rename(kept)
    append(path, b"1\n")
    before.look()
    first, second = before.places()
    before.source.close()
    append(path, b"2\n")
    path.rename(tmp_path / "app.log.1")
    kept.write_bytes(b"3\n")
    kept.rename(path)
    f = Follower(path, known=[replace(first, offset=0, tail_hash=fingerprint(b"")), second])
    followers.append(f)
    assert f.look() == {"app.log": b"2\n3\n"}


def test_a_rotated_piece_of_a_line_is_no_copy_of_the_file_that_begins_like_it(
    tmp_path: Path, followers: list[Follower]
) -> None:
    """Its writer died in the first line."""
    path = tmp_path / "app.log"
    append(path, b"12:00 0\n")
    f = Follower(path)
    followers.append(f)
    f.look()
    path.rename(tmp_path / "app.log.2")
    append(path, b"12:")
    path.rename(tmp_path / "app.log.1")
    append(path, b"12:01 1\n")
    assert f.look() == {"app.log": b"12:00 0\n12:12:01 1\n"}


@pytest.mark.parametrize("late", [False, True])
def test_a_volume_that_is_mounted_anew_gives_its_files_other_numbers(
    tmp_path: Path, followers: list[Follower], late: bool
) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(LONG)
    known = stopped_at(path)
    (tmp_path / "keeps the inode").hardlink_to(path)
    path.unlink()
    f = Follower(path, known=[replace(known[0], device=known[0].device + 1)])
    followers.append(f)
    if late:
        assert f.look() == {}
    path.write_bytes(LONG + b"more\n")
    assert f.look() == {"app.log": b"more\n"}


def test_a_generation_that_begins_like_the_short_one_before_it_is_read(
    tmp_path: Path, followers: list[Follower]
) -> None:
    path = tmp_path / "app.log"
    f = Follower(path)
    followers.append(f)
    append(path, b"started\n")
    f.look()
    path.unlink()
    f.look(60)  # it is let go
    append(path, b"started\nready\n")
    path.rename(tmp_path / "app.log.1")
    append(path, b"started\n")
    assert f.look() == {"app.log": b"started\nstarted\nready\nstarted\n"}


def test_a_piece_of_a_line_is_nothing_to_know_another_file_by(tmp_path: Path, followers: list[Follower]) -> None:
    path = tmp_path / "app.log"
    append(path, b"12:")
    [piece] = stopped_at(path)
    piece = replace(piece, offset=0, tail_hash=fingerprint(b""))  # it is no line yet, and not acknowledged
    path.rename(tmp_path / "app.log.3")
    packed = tmp_path / "app.log.3.gz"
    packed.write_bytes(gzip.compress((tmp_path / "app.log.3").read_bytes()))
    (tmp_path / "app.log.3").unlink()
    os.utime(packed, ns=(piece.mtime_ns, piece.mtime_ns))
    append(tmp_path / "app.log.1", b"12:01 1\n")
    append(path, b"12:02 2\n")
    f = Follower(path, known=[piece])
    followers.append(f)
    assert f.look() == {"app.log": b"12:01 1\n12:02 2\n"}


def test_a_short_file_with_the_same_beginning_is_another_one(tmp_path: Path, followers: list[Follower]) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"started\n")
    known = stopped_at(path)
    (tmp_path / "keeps the inode").hardlink_to(path)
    path.unlink()
    path.write_bytes(b"started\n")
    f = Follower(path, known=[replace(known[0], device=known[0].device + 1)])
    followers.append(f)
    assert f.look() == {"app.log": b"started\n"}


def test_a_copy_that_is_compressed_at_once_is_unpacked(tmp_path: Path, followers: list[Follower]) -> None:
    """logrotate's copytruncate and compress without delaycompress."""
    f = Follower(tmp_path / "app.log")
    followers.append(f)
    path = tmp_path / "app.log"
    append(path, b"1\n")
    f.look()
    append(path, b"2\n")
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    os.truncate(path, 0)
    append(path, b"3\n")
    assert f.look() == {"app.log": b"1\n2\n3\n"}


def test_a_file_of_which_nothing_is_known_is_not_taken_for_another_log(
    tmp_path: Path, followers: list[Follower]
) -> None:
    """An empty file is removed, and the next file, of another log, gets its inode."""
    for name in ("a.log", "b.log"):
        (tmp_path / name).touch()
    known = stopped_at(tmp_path / "a.log")
    (tmp_path / "a.log").rename(tmp_path / "b.log")
    append(tmp_path / "b.log", b"of b\n")
    f = Follower(tmp_path / "*.log", known=known)
    followers.append(f)
    assert f.look() == {"b.log": b"of b\n"}


def test_what_is_written_into_a_rotated_file_after_it_was_let_go_is_read_when_its_path_is_there_again(
    tmp_path: Path, followers: list[Follower]
) -> None:
    f = Follower(tmp_path / "app.log")
    followers.append(f)
    path = tmp_path / "app.log"
    append(path, b"1\n")
    f.look()
    path.rename(tmp_path / "app.log.1")
    f.look()
    f.look(100)
    assert f.count() == 0
    append(tmp_path / "app.log.1", b"2\n")
    append(path, b"3\n")
    assert f.look() == {"app.log": b"1\n2\n3\n"}


def test_a_rotated_file_that_is_named_too_is_let_go_when_it_is_over(tmp_path: Path, followers: list[Follower]) -> None:
    """Its writer died in the middle of a line, so that nothing else would ever say that the line is over."""
    f = Follower(tmp_path / "app.log*")
    followers.append(f)
    path = tmp_path / "app.log"
    append(path, b"1\n2 hal")
    f.look()
    path.rename(tmp_path / "app.log.1")
    append(path, b"3\n")
    f.look()
    old = next(feed for feed in f.source.feeds if feed.offset > 2)
    f.look()
    f.look(100)
    assert old.finished
    assert [f.look(seconds)["app.log"] for seconds in (1, 1)] == [b"1\n2 hal3\n"] * 2
    assert f.count() == 1
    append(tmp_path / "app.log.1", b"f\n")
    assert f.look() == {"app.log": b"1\n2 hal3\nf\n"}
