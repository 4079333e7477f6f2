"""Docker's json-file logs on the disk: which there are, of whom, and what is inside. Called by the agent.

The directory of a container holds its `config.v2.json` and `<id>-json.log`, which the engine rotates by renaming
(`max-size`, `max-file`) and may compress: to the machinery of files (files.py) a log like any other, exactly once and
without a cursor. Containers come and go; whoever follows the files asks again. Reading them takes root.
"""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from whodid.sources.docker_container import Container, Filter, is_wanted, read_container
from whodid.sources.receiver import Origin

_CONFIG_BYTES: Final = 4 << 20
_DRIVER: Final = "json-file"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DockerFile:
    """One container's log on the disk."""

    path: str
    origin: Origin
    """Its labels, and the format of what is inside the envelope (format `docker`)."""


class DockerFiles:
    """All containers below one directory of an engine. `known_formats`: those that may be suggested."""

    def __init__(self, directory: str, known_formats: Sequence[str], filters: Sequence[Filter] = ()) -> None:
        self._directory = Path(directory) / "containers"
        self._known_formats = tuple(known_formats)
        self._filters = tuple(filters)
        self._read: dict[str, tuple[int, DockerFile | None]] = {}  # by id, with the time of its configuration
        self._told: set[str] = set()

    def look(self) -> list[DockerFile]:
        """The logs that are there now and may be read; the very same objects while nothing about them changes."""
        try:
            ids = sorted(entry.name for entry in os.scandir(self._directory) if entry.is_dir())
        except OSError as e:
            if not isinstance(e, FileNotFoundError):
                self._tell(f"the logs below {self._directory} cannot be read ({e.strerror}): Docker's API is asked")
            return []
        self._read = {id: self._look_at(id) for id in ids}
        return [found for _, found in self._read.values() if found is not None]

    def has(self, id: str) -> bool:
        """Whether a container's log is there and may be read, now."""
        return id.isalnum() and os.access(self._log_path(id), os.R_OK)

    def _look_at(self, id: str) -> tuple[int, DockerFile | None]:
        path = self._directory / id / "config.v2.json"
        before = self._read.get(id)
        try:
            changed_ns = path.stat().st_mtime_ns
            if before is not None and before[0] == changed_ns:
                return before
            inspected = _read_json(path)
            inspected["HostConfig"] = _read_json(path.with_name("hostconfig.json"))
        except (OSError, ValueError):  # being written, or being removed: the next look decides
            return before or (0, None)
        container = read_container(inspected)
        found = self._describe(container, id)
        if before is not None and before[1] == found:
            found = before[1]
        return changed_ns, found

    def _describe(self, container: Container, id: str) -> DockerFile | None:
        if container.driver != _DRIVER or container.id != id or not self.has(id):
            return None
        if not is_wanted(container, self._filters):
            return None
        return DockerFile(str(self._log_path(id)), container.origin(self._known_formats))

    def _log_path(self, id: str) -> Path:
        return self._directory / id / f"{id}-json.log"

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            _log.warning("%s", message)


def _read_json(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        found = json.loads(file.read(_CONFIG_BYTES))
    return found if isinstance(found, dict) else {}
