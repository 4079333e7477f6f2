"""Where every source stands: which files it has, how far each is sent, what was not understood. Changes nothing.

Reads the agent's places and its status file, so it may be asked whether the agent runs or not. Called by
`whodid agent --explain`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from whodid.agent.inbox import FILE_NAME as INBOX_NAME
from whodid.agent.inbox import ORIGIN_NAME
from whodid.agent.positions import Position, read_positions
from whodid.agent.receivers import finders_of, inbox_directories
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.agent.status import FileStatus, Status
from whodid.model.clock import Clock
from whodid.sources.docker_files import DockerFiles
from whodid.sources.patterns import named_files
from whodid.sources.receiver import Origin


class FileStand(msgspec.Struct, frozen=True):
    """Where one file stands."""

    path: str
    size_bytes: int
    sent_bytes: int
    """Acknowledged by the server."""
    last_ns: int = 0
    """Instant of the last acknowledged record; 0: none yet."""
    not_understood: int = 0
    dropped: dict[str, int] = {}
    """Lines that its pipeline has dropped, by reason."""
    unread_by_stage: dict[str, int] = {}
    """Lines that a stage of its pipeline could not read, by the stage."""
    problem: str = ""
    """Why it is not read; empty: it is."""
    container: str = ""
    """Whose log it is."""

    @property
    def lag_bytes(self) -> int:
        return max(0, self.size_bytes - self.sent_bytes)


class SourceStand(msgspec.Struct, frozen=True):
    """One source and its files."""

    job: str
    format: str
    where: str
    """What is looked at: its paths, or where it listens."""
    files: list[FileStand]


def explain(agent: AgentSettings, status: Status | None, clock: Clock) -> list[SourceStand]:
    """Every source that is configured or was found, and where its files stand."""
    known = _newest(read_positions(agent.state_dir))
    told = status.files if status else {}
    stands = []
    for source, inboxes in zip(agent.sources, inbox_directories(agent), strict=True):
        containers = {} if source.paths else _containers(source, inboxes)
        paths = source.paths or tuple(containers)
        files = _files(paths, source.exclude, known, told, containers)
        for find in finders_of(source, clock, None):
            files += [file for one in find() for file in _files(one.paths, one.exclude, known, told, {})]
        stands.append(SourceStand(source.job, source.format, describe(source), files))
    return stands


def _containers(source: SourceSettings, inboxes: Path) -> dict[str, str]:
    """The files of a source that is none itself, with the container of each, if it is of one: what was received, and
    the logs of containers that are followed on the disk."""
    found: dict[str, str] = {}
    for path in sorted(inboxes.glob(f"*/{INBOX_NAME}")):
        try:
            origin = msgspec.json.decode(path.with_name(ORIGIN_NAME).read_bytes(), type=Origin)
        except (OSError, msgspec.DecodeError):  # it goes away, or is not for us to read
            origin = Origin("")
        found[str(path)] = origin.labels.get("container", "")
    if source.docker is not None and source.docker.files:
        logs = DockerFiles(source.docker.directory, (), source.docker.filters).look()
        found |= {log.path: log.origin.labels.get("container", "") for log in logs}
    return found


def describe(source: SourceSettings) -> str:
    """What a source looks at, in words."""
    if source.file_sd is not None:
        return f"what is listed in {', '.join(source.file_sd.files)}"
    if source.journal is not None:
        return f"the journal {source.journal.path}".rstrip()
    if source.syslog is not None:
        return f"syslog on {source.syslog.listen_address} ({source.syslog.listen_protocol})"
    if source.docker is not None:
        return f"containers of {source.docker.host}"
    if source.push is not None:
        return f"pushes on {source.push.listen_address}"
    return ", ".join(source.paths)


def _files(
    paths: Sequence[str],
    exclude: Sequence[str],
    known: Mapping[tuple[int, int], Position],
    told: Mapping[str, FileStatus],
    containers: Mapping[str, str],
) -> list[FileStand]:
    stands = []
    for path, stat in dict(found for pattern in paths for found in named_files(pattern, exclude)).items():
        position, status = known.get((stat.st_dev, stat.st_ino)), told.get(path, FileStatus())
        stands.append(
            FileStand(
                path=path,
                size_bytes=stat.st_size,
                sent_bytes=min(position.place.offset, stat.st_size) if position else 0,
                last_ns=position.last_ns if position else 0,
                not_understood=status.not_understood,
                dropped=status.dropped,
                unread_by_stage=status.unread_by_stage,
                problem="" if os.access(path, os.R_OK) else "this user may not read it",
                container=containers.get(path, ""),
            )
        )
    return stands


def _newest(positions: Sequence[Position]) -> dict[tuple[int, int], Position]:
    """The newest incarnation of each file, by device and inode."""
    return {(position.place.device, position.place.inode): position for position in positions}
