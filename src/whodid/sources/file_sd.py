"""Targets listed in files, as Prometheus' and Promtail's `file_sd_configs` have them: labels, `__path__` among them.

A file is read again when it has changed, and at the latest after `refresh_interval`. One that cannot be read keeps the
targets it had last, and that is said once. Each target is plain labels here; what becomes of them is the agent's
business. Source: Prometheus' manual, "file_sd_config".
"""
# ruff: noqa: PTH207
# Globs are given as Prometheus' users write them, relative ones too.

import glob
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import yaml

from whodid.document import Document, Fields, compose, is_null, plain
from whodid.errors import WhodidError
from whodid.model.clock import SECOND

LOOK_EVERY_S: Final = 1.0
"""A change of a file is noticed so soon."""
_MOST_BYTES: Final = 16 << 20
_NAME: Final = re.compile(r"[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)")
_log = logging.getLogger(__name__)
Target = Mapping[str, str]
"""The labels of one target."""


@dataclass(frozen=True, slots=True)
class FileSdSettings:
    """Files that list what is to be followed; names as in `file_sd_configs`."""

    files: tuple[str, ...]
    """Files with targets, `.json`, `.yml` or `.yaml`; the last part of a name may hold `*`."""
    refresh_interval_ns: int = 300 * SECOND
    """How often they are read again at least; a change is noticed within a second."""

    def __post_init__(self) -> None:
        """Raises ValueError."""
        for name in self.files:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"files: {name!r} must end with .json, .yml or .yaml, and may hold * behind its last slash only"
                )
        if not self.files:
            raise ValueError("files: name at least one file with targets")


class _Group(msgspec.Struct, forbid_unknown_fields=True):
    """One member of such a file, in JSON."""

    targets: list[str] = []
    labels: dict[str, str] = {}


class ListUnreadable(WhodidError):
    """The file is no list of targets; the text says why."""


@dataclass(slots=True)
class _Known:
    """What was last read of one file."""

    signature: tuple[int, ...] = ()
    targets: tuple[Target, ...] = ()
    problem: str = ""


class FileSd:
    """The files of one `file_sd`."""

    def __init__(self, settings: FileSdSettings) -> None:
        self._settings = settings
        self._known: dict[str, _Known] = {}
        self._targets: tuple[Target, ...] = ()
        self._look_at_s = self._read_at_s = float("-inf")

    def look(self, now_s: float) -> tuple[Target, ...]:
        """The targets of all files, in their order; the very same object while nothing has changed."""
        if now_s < self._look_at_s:
            return self._targets
        self._look_at_s = now_s + LOOK_EVERY_S
        again = now_s >= self._read_at_s
        if again:
            self._read_at_s = now_s + self._settings.refresh_interval_ns / SECOND
        names = dict.fromkeys(name for pattern in self._settings.files for name in sorted(glob.glob(pattern)))
        self._known = {name: self._look_at(name, again=again) for name in names}
        found = tuple(target for known in self._known.values() for target in known.targets)
        self._targets = self._targets if found == self._targets else found
        return self._targets

    def _look_at(self, name: str, *, again: bool) -> _Known:
        known = self._known.get(name) or _Known()
        try:
            stat = Path(name).stat()
            signature: tuple[int, ...] = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            if signature == known.signature and not again:
                return known
            targets, problem = tuple(read_targets(Path(name))), ""
        except (OSError, UnicodeDecodeError, ListUnreadable) as e:
            reason = e.strerror or str(e) if isinstance(e, OSError) else str(e)
            targets, problem, signature = known.targets, reason, known.signature
        if problem and problem != known.problem:
            _log.error("%s cannot be read as a list of targets (%s): those that it named last stay", name, problem)
        elif known.problem and not problem:
            _log.info("%s can be read again", name)
        return _Known(signature, targets, problem)


def read_targets(path: Path) -> Iterator[Target]:
    """The targets of one file. Raises OSError, UnicodeDecodeError and ListUnreadable."""
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ListUnreadable(f"it is larger than {_MOST_BYTES} bytes")
    groups = _of_json(data) if path.suffix.lower() == ".json" else _of_yaml(data.decode("utf-8"), str(path))
    found = {"__meta_filepath": str(path)}
    return iter([{**group.labels, **found, "__address__": address} for group in groups for address in group.targets])


def _of_json(data: bytes) -> list[_Group]:
    try:
        return msgspec.json.decode(data, type=list[_Group])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise ListUnreadable(str(e)) from None


def _of_yaml(text: str, file: str) -> list[_Group]:
    document = compose(text, file)
    groups = [] if document.root is None or is_null(document.root) else list(_groups(document, document.root))
    if document.mistakes:
        raise ListUnreadable(str(document.mistakes[0]))
    return groups


def _groups(document: Document, root: yaml.Node) -> Iterator[_Group]:
    if not isinstance(root, yaml.SequenceNode):
        document.wrong(root, "must be a list of groups, each with `targets` and `labels`")
        return
    for node in root.value:
        fields = Fields(document, node, "a group", ("targets", "labels"))
        yield _Group(fields.strings("targets"), plain(fields.texts("labels")))


__all__ = ["LOOK_EVERY_S", "FileSd", "FileSdSettings", "ListUnreadable", "Target", "read_targets"]
