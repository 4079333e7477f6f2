"""Where every source stands: which files it has, how far each is sent, what was not understood. Changes nothing.

Reads the agent's places and its status file, so it may be asked whether the agent runs or not. Called by
`whodid agent --explain`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from whodid.agent.positions import Position, read_positions
from whodid.agent.settings import SourceSettings
from whodid.agent.status import Status
from whodid.sources.patterns import named_files


class FileStand(msgspec.Struct, frozen=True):
    """Where one file stands."""

    path: str
    size_bytes: int
    sent_bytes: int
    """Acknowledged by the server."""
    last_ns: int = 0
    """Instant of the last acknowledged record; 0: none yet."""
    not_understood: int = 0
    problem: str = ""
    """Why it is not read; empty: it is."""

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


def explain(sources: Sequence[SourceSettings], state_dir: Path, status: Status | None) -> list[SourceStand]:
    """Every source that is configured or was found, and where its files stand."""
    known = _newest(read_positions(state_dir))
    told = status.files if status else {}
    counts = {path: file.not_understood for path, file in told.items()}
    return [
        SourceStand(source.job, source.format, describe(source), _files(source, known, counts)) for source in sources
    ]


def describe(source: SourceSettings) -> str:
    """What a source looks at, in words."""
    return ", ".join(source.paths)


def _files(
    source: SourceSettings, known: Mapping[tuple[int, int], Position], counts: Mapping[str, int]
) -> list[FileStand]:
    stands = []
    for path, stat in dict(found for pattern in source.paths for found in named_files(pattern, source.exclude)).items():
        position = known.get((stat.st_dev, stat.st_ino))
        stands.append(
            FileStand(
                path=path,
                size_bytes=stat.st_size,
                sent_bytes=min(position.place.offset, stat.st_size) if position else 0,
                last_ns=position.last_ns if position else 0,
                not_understood=counts.get(path, 0),
                problem="" if os.access(path, os.R_OK) else "this user may not read it",
            )
        )
    return stands


def _newest(positions: Sequence[Position]) -> dict[tuple[int, int], Position]:
    """The newest incarnation of each file, by device and inode."""
    return {(position.place.device, position.place.inode): position for position in positions}
