"""Where Promtail stood becomes where the agent begins: its positions.yaml, read once.

Offsets of files become places, only of files that the agent has none of yet. Cursors of journals and instants of
containers stand in a file of the agent's own, `promtail.json`, whose being there says that it is done; they count until
something newer is in the inbox. Files that were rotated away were Promtail's business. Called by `run.py`.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from whodid.agent.flights import StateUnwritable, sync_directory
from whodid.agent.positions import Positions
from whodid.agent.receivers import docker_logs, finders_of
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.errors import WhodidError
from whodid.formats.docker import instant_of
from whodid.model.clock import SECOND, Clock
from whodid.sources.file import FollowedFile
from whodid.sources.patterns import is_excluded, names
from whodid.sources.siblings import COMPRESSED, open_regular
from whodid.sources.source import Place

FILE_NAME = "promtail.json"
_log = logging.getLogger(__name__)


class PositionsUnreadable(WhodidError):
    """Promtail's positions cannot be read, so that all would be sent again."""


class TakenOver(msgspec.Struct, frozen=True):
    """What was taken over that is no file."""

    file: str = ""
    """The positions.yaml; empty: there was none."""
    at_ns: int = 0
    journals: Mapping[str, str] = {}
    """The cursor of each journal, by the job of its source."""
    containers: Mapping[str, int] = {}
    """Seconds since 1970 of the last line of each container, by its id."""


@dataclass(slots=True)
class _Count:
    """What is to be told."""

    files: int = 0
    containers: int = 0
    shorter: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)


def take_over(
    settings: AgentSettings, positions: Positions, clock: Clock, sync: Callable[[int], None] = os.fsync
) -> TakenOver:
    """What was taken over, now or once. Raises PositionsUnreadable and StateUnwritable."""
    marker, path = settings.state_dir / FILE_NAME, settings.promtail_positions
    done = _read(marker)
    if path is None or (done is not None and done.file == str(path)):
        return done or TakenOver()
    # Promtail's parts take memory: only who has a use for them loads them.
    from whodid.promtail.load import PromtailConfigError
    from whodid.promtail.positions import read_positions

    try:
        stood = read_positions(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        _log.info("no positions of Promtail at %s: everything is read from its beginning", path)
        return done or TakenOver()
    except (OSError, UnicodeDecodeError, PromtailConfigError) as e:
        reason = e.strerror if isinstance(e, OSError) else e
        raise PositionsUnreadable(
            f"cannot read where Promtail stood ({path}): {reason}; mend the file, or remove it to read everything again"
        ) from e
    taken = TakenOver(str(path), clock.now_ns(), stood.journals, stood.containers)
    count = _Count()
    for source in settings.sources:
        for one in _followed(source, clock):
            _take_files(one, stood.offsets, positions, count)
        _take_containers(source, stood.containers, positions, clock, count)
    positions.save()
    _write(marker, taken, sync)
    _tell(taken, count, [key for key in stood.offsets if key not in count.paths], stood.unread)
    return taken


def _followed(source: SourceSettings, clock: Clock) -> Iterator[SourceSettings]:
    """A source's files, and those that it finds in lists of targets."""
    if source.paths:
        yield source
    for find in finders_of(source, clock, None):
        yield from find()


def _take_files(source: SourceSettings, offsets: Mapping[str, int], positions: Positions, count: _Count) -> None:
    patterns = [os.path.abspath(pattern) for pattern in source.paths]  # noqa: PTH100 – the kernel's strings
    known = {position.place.path for position in positions.to_read_on(source.job)}
    for path, offset in offsets.items():
        if not any(names(pattern, path) for pattern in patterns) or is_excluded(path, source.exclude):
            continue
        count.paths.add(path)
        if path in known or path.endswith(COMPRESSED):
            continue
        place = _place(path, path, offset)
        if place is None:
            continue
        if place.offset < offset:
            count.shorter.append(path)
            continue
        positions.follow(source.job, [[place]])
        count.files += 1


def _take_containers(
    source: SourceSettings, containers: Mapping[str, int], positions: Positions, clock: Clock, count: _Count
) -> None:
    """Those whose logs are read from the disk: the first line that is not older is looked for."""
    logs = docker_logs(source, clock)
    for one in logs.sources() if logs and containers else ():
        (path,) = one.paths
        seconds = containers.get(Path(path).parent.name)
        known = {position.place.path for position in positions.to_read_on(one.job)}
        if seconds is None or path in known:
            continue
        place = _first_since(path, seconds * SECOND)
        if place is not None:
            positions.follow(one.job, [[place]])
            count.containers += 1


def _first_since(path: str, ns: int) -> Place | None:
    """The first line of a container's log, or of what was rotated of it, that is not older; the end where all are."""
    last = None
    for file in (*_rotated(path), path):
        at = 0
        with Path(file).open("rb") as lines:
            for line in lines:
                stated = instant_of(line)
                if stated is not None and stated >= ns:
                    return _place(file, path, at)
                at += len(line) if line.endswith(b"\n") else 0
        last = _place(file, path, at)
    return last


def _rotated(path: str) -> Sequence[str]:
    """What Docker has rotated of a log and not compressed, oldest first."""
    found = [p for p in Path(path).parent.glob(f"{Path(path).name}.*") if p.suffix[1:].isdecimal()]
    return [str(p) for p in sorted(found, key=lambda p: -int(p.suffix[1:]))]


def _place(file: str, path: str, offset: int) -> Place | None:
    """A place in a file that was written under a path; at its beginning if it is shorter."""
    sibling = open_regular(file)
    if sibling is None:
        return None
    offset = offset if sibling.stat.st_size >= offset else 0
    followed = FollowedFile(path, sibling.fd, offset)
    try:
        return followed.place(offset)
    finally:
        followed.close()


def _tell(taken: TakenOver, count: _Count, strangers: Sequence[str], unread: Sequence[str]) -> None:
    _log.info(
        "took over from Promtail (%s): %d files, %d journals, %d containers (%d of them on the disk)",
        taken.file, count.files, len(taken.journals), len(taken.containers), count.containers,
    )  # fmt: skip
    for paths, what in (
        (count.shorter, "shorter than Promtail knew them, so they are new ones and read from their beginning"),
        (strangers, "known to Promtail and not followed here"),
        (unread, "no positions of files, journals or containers"),
    ):
        if paths:
            _log.info("%d of its positions are %s: %s", len(paths), what, ", ".join(sorted(paths)[:20]))


def _read(marker: Path) -> TakenOver | None:
    try:
        return msgspec.json.decode(marker.read_bytes(), type=TakenOver)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as e:
        _log.error(
            "%s cannot be read (%s): Promtail's positions are taken over again where nothing newer is", marker, e
        )
        return None


def _write(marker: Path, taken: TakenOver, sync: Callable[[int], None]) -> None:
    temporary = marker.with_suffix(".new")
    try:
        with temporary.open("wb") as file:
            file.write(msgspec.json.encode(taken))
            file.flush()
            sync(file.fileno())
        temporary.replace(marker)
        sync_directory(marker.parent, sync)
    except OSError as e:
        raise StateUnwritable(f"cannot write {marker}: {e.strerror}; make room or give access to it") from e
