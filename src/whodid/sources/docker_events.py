"""What happens to containers, as the engine tells it: one JSON object becomes one record. Pure.

The object is the line; what it says are attributes: the operation is the engine's own word (`start`, `die`,
`exec_start` …), the command of an exec stands behind it. Source: Docker Engine API, "Monitor events".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from whodid.sources.receiver import Received

_NAMES: Final = {
    "name": "container",
    "image": "image",
    "exitCode": "exit_code",
    "signal": "signal",
    "execID": "exec",
    "oldName": "previous",
}
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one container."""

    ns: int
    id: str
    operation: str
    command: str
    attributes: Mapping[str, str]
    line: str

    def record(self, cursor: str) -> Received:
        """As it is stored: beside the container's log, as a stream of its own."""
        out = {"operation": self.operation, "command": self.command}
        out |= {ours: self.attributes.get(theirs, "").removeprefix("/") for theirs, ours in _NAMES.items()}
        if self.operation == "health_status":
            out["outcome"] = "completed" if self.command == "healthy" else "failed"
            out["message"] = out.pop("command")
        elif code := out["exit_code"]:
            out["outcome"] = "completed" if code == "0" else "failed"
        labels = {
            "stream": "events",
            "container": out["container"],
            "compose_project": self.attributes.get("com.docker.compose.project", ""),
            "compose_service": self.attributes.get("com.docker.compose.service", ""),
        }
        return Received(
            self.line,
            self.ns,
            {name: value for name, value in labels.items() if value},
            {name: value for name, value in out.items() if value},
            cursor=cursor,
        )


class EventReader:
    """Cuts an answer into events. Holds at most one, within bounds."""

    def __init__(self) -> None:
        self._data = b""
        self.malformed = 0

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes."""
        *lines, self._data = (self._data + data).split(b"\n")
        if len(self._data) > _MOST_BYTES:
            self._data = b""
            self.malformed += 1
        events = []
        for line in lines:
            if line.strip():
                event = read_event(line)
                if event is None:
                    self.malformed += 1
                else:
                    events.append(event)
        return events


def read_event(line: bytes) -> Event | None:
    """One event of a container; None for anything else."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("timeNano"), int):
        return None
    actor = found.get("Actor")
    action = found.get("Action")
    if not isinstance(actor, dict) or not isinstance(action, str) or not isinstance(actor.get("ID"), str):
        return None
    attributes: Any = actor.get("Attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    operation, _, command = action.partition(": ")
    return Event(
        max(0, found["timeNano"]),
        actor["ID"],
        operation,
        command.strip(),
        {name: value for name, value in attributes.items() if isinstance(value, str)},
        line.strip().decode("utf-8", "replace"),
    )
