"""Where Promtail stood, from its positions.yaml: offsets of files, cursors of journals, instants of containers.

Imported once, by path, when the agent takes over: Promtail tells files apart by nothing else. Source: Promtail's
behaviour (keys `/path`, `cursor-<job_name>` – once `journal-<job_name>` –, `cursor-<container id>`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import yaml

from whodid.document import Fields, compose, plain
from whodid.promtail.load import PromtailConfigError

_JOURNAL, _CURSOR = "journal-", "cursor-"
_WHOLE = re.compile(r"[0-9]{1,18}")
_SYSTEMD = re.compile(r"s=[0-9a-f]+;i=.+")


@dataclass(frozen=True, slots=True)
class Positions:
    """A positions.yaml."""

    offsets: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Bytes read of each file, by its path."""
    journals: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """systemd's cursor of each journal, by the job_name of its scrape config."""
    containers: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Seconds since 1970 up to which each container's log was read, by its id."""
    unread: tuple[str, ...] = ()
    """Keys whose value is none of these."""


def read_positions(text: str, file: str) -> Positions:
    """The positions in a text. Raises PromtailConfigError for a file that is none."""
    document = compose(text, file)
    if document.root is None and not document.mistakes:
        return Positions()
    values: dict[str, str] = {}
    if isinstance(document.root, yaml.Node):
        values = plain(Fields(document, document.root, "positions.yaml", ("positions",)).texts("positions"))
    if document.mistakes:
        raise PromtailConfigError(document.mistakes)
    offsets, journals, containers, unread = dict[str, int](), dict[str, str](), dict[str, int](), []
    for key, value in values.items():
        if key.startswith(_JOURNAL) and value:
            journals.setdefault(key.removeprefix(_JOURNAL), value)
        elif key.startswith(_CURSOR) and _SYSTEMD.fullmatch(value):
            journals[key.removeprefix(_CURSOR)] = value
        elif not _WHOLE.fullmatch(value):
            unread.append(key)
        elif key.startswith(_CURSOR):
            containers[key.removeprefix(_CURSOR)] = int(value)
        else:
            offsets[key] = int(value)
    return Positions(offsets, journals, containers, tuple(unread))
