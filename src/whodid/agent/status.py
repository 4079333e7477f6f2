"""What the running agent tells of itself to other programs: a small file beside its state, written every few seconds.

`whodid agent --explain` reads it. It is a look at the agent, not its memory: nothing is lost if it is missing or old.
"""

import os
from pathlib import Path

import msgspec

from whodid.agent.health import Health

FILE_NAME = "status.json"


class FileStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """One followed file."""

    not_understood: int = 0
    """Records since the agent's start that its format did not understand."""
    dropped: dict[str, int] = {}
    """Lines that its pipeline has dropped, by reason."""
    unread_by_stage: dict[str, int] = {}
    """Lines that a stage of its pipeline could not read, by the stage."""


class Status(msgspec.Struct, frozen=True):
    """The agent at one moment."""

    at_ns: int
    pid: int
    started_ns: int
    entries_sent: int
    entries_refused: int
    entries_too_old: int
    attempts_failed: int
    """Pushes that the server did not take at once."""
    files: dict[str, FileStatus]
    """By path; only those with something to tell."""
    receivers: dict[str, str] = {}
    """What each receiver is doing, in words."""


def take_status(health: Health, started_ns: int, now_ns: int) -> Status:
    """The state of an agent now."""
    told = dict.fromkeys((*health.unparsed, *health.dropped, *health.unread_by_stage))
    return Status(
        at_ns=now_ns,
        pid=os.getpid(),
        started_ns=started_ns,
        entries_sent=health.entries_sent,
        entries_refused=health.entries_refused,
        entries_too_old=health.entries_too_old,
        attempts_failed=health.attempts_failed,
        files={path: _file_status(health, path) for path in told},
        receivers=dict(health.receivers),
    )


def _file_status(health: Health, path: str) -> FileStatus:
    return FileStatus(
        health.unparsed.get(path, 0),
        dict(health.dropped.get(path, {})),
        dict(health.unread_by_stage.get(path, {})),
    )


def write_status(state_dir: Path, status: Status) -> None:
    """Replaces the file. Raises OSError."""
    temporary = state_dir / f"{FILE_NAME}.new"
    temporary.write_bytes(msgspec.json.encode(status))
    temporary.replace(state_dir / FILE_NAME)


def read_status(state_dir: Path) -> Status | None:
    """What the last agent here wrote; None where there is nothing that can be read."""
    try:
        return msgspec.json.decode((state_dir / FILE_NAME).read_bytes(), type=Status)
    except (OSError, msgspec.DecodeError):
        return None


def is_running(status: Status) -> bool:
    """Whether the agent that wrote it is still there."""
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there, and another user's
    return True
