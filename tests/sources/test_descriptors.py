"""The limit of open files: the agent keeps some for itself, and says so when they do not suffice."""

import logging
import resource
from pathlib import Path

import pytest

from whodid.sources.descriptors import RESERVED, Descriptors, raise_limit
from whodid.sources.files import FileSource


def test_the_limit_is_as_high_as_it_may_be() -> None:
    limit = raise_limit()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
    assert limit >= min(hard, 1 << 30) > 0


def test_files_beyond_the_limit_wait_and_are_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    descriptors = Descriptors(RESERVED + 2)
    for name in "abcd":
        (tmp_path / f"{name}.log").write_bytes(b"line\n")
    source = FileSource([f"{tmp_path}/*.log"], descriptors=descriptors)
    with caplog.at_level(logging.WARNING):
        for now_s in (0.0, 1.0):
            for feed in source.refresh(now_s):
                feed.read(100)
    assert [Path(feed.path).name for feed in source.feeds] == ["a.log", "b.log"]
    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path}/c.log and perhaps others are not read: 2 files are open")
    assert "LimitNOFILE" in message

    (tmp_path / "a.log").unlink()
    for now_s in (2.0, 100.0):
        source.refresh(now_s)
    for feed in source.feeds:
        if feed.finished:
            feed.close()
    source.refresh(101.0)
    assert [Path(feed.path).name for feed in source.feeds] == ["b.log", "c.log"]
    source.close()
    assert descriptors.taken == 0
