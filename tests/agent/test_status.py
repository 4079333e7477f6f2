"""The file in which the agent tells of itself."""

import os
from pathlib import Path

import msgspec

from whodid.agent.health import Health
from whodid.agent.status import FileStatus, is_running, read_status, take_status, write_status


def test_what_is_written_is_read(tmp_path: Path) -> None:
    health = Health(entries_sent=7)
    health.not_understood("/a.log")
    status = take_status(health, 1, 2)
    write_status(tmp_path, status)
    assert read_status(tmp_path) == status
    assert status.files == {"/a.log": FileStatus(1)}
    assert (status.pid, status.entries_sent) == (os.getpid(), 7)


def test_a_missing_or_broken_file_says_nothing(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None
    (tmp_path / "status.json").write_text("{")
    assert read_status(tmp_path) is None


def test_whether_it_runs(tmp_path: Path) -> None:
    own = take_status(Health(), 0, 0)
    assert is_running(own)
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    assert not is_running(msgspec.structs.replace(own, pid=child))
