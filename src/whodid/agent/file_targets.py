"""The targets of a `file_sd` as sources for the collector: one for each path, as they come and go.

Relabelling works on a target's labels once, as in Promtail: `__path__`, `__path_exclude__` and `__host__` say what is
followed, what begins with `__` goes. Reading the lists is sources/file_sd.py. Called by `receivers.py`.
"""

import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from whodid.agent.settings import SourceSettings
from whodid.model.clock import Clock
from whodid.sources.file_sd import FileSd, FileSdSettings, Target

Relabel = Callable[[Mapping[str, str]], Mapping[str, str] | None]
Paths = Callable[[str], list[str]]
"""The globs of a path with alternatives in braces."""
_log = logging.getLogger(__name__)


class FileTargets:
    """The targets of one source. Holds the list of the last look."""

    def __init__(
        self, settings: SourceSettings, file_sd: FileSdSettings, clock: Clock, relabel: Relabel, paths: Paths
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._relabel = relabel
        self._paths = paths
        self._files = FileSd(file_sd)
        self._targets: Sequence[Target] | None = None
        self._sources: Sequence[SourceSettings] = ()
        self._told: set[str] = set()

    def sources(self) -> Sequence[SourceSettings]:
        """What is to be followed now; the very same object while nothing has changed."""
        targets = self._files.look(self._clock.monotonic_s())
        if targets is not self._targets:
            self._targets = targets
            found = [source for target in targets for source in self._source_of(target)]
            by_paths: dict[tuple[str, ...], SourceSettings] = {}
            for source in found:
                if by_paths.setdefault(source.paths, source) != source:
                    self._tell(f"{source.paths[0]} is named by two targets; it has the labels of the first")
            self._sources = list(by_paths.values())
        return self._sources

    def _source_of(self, target: Target) -> list[SourceSettings]:
        own = self._settings
        labels = self._relabel({**own.labels, **target})
        if labels is None:
            return []
        here = this_host(os.environ)
        if labels.get("__host__", here) != here:
            return []
        path, excluded = labels.get("__path__", ""), labels.get("__path_exclude__", "")
        if not path:
            self._tell(f"a target of {target['__meta_filepath']} has no __path__, and follows nothing")
            return []
        public = {name: value for name, value in labels.items() if not name.startswith("__")}
        return [
            replace(
                own,
                file_sd=None,
                relabel_configs=(),
                paths=tuple(self._paths(path)),
                exclude=(*own.exclude, *(self._paths(excluded) if excluded else ())),
                labels=public,
            )
        ]

    def _tell(self, message: str) -> None:
        if message not in self._told and len(self._told) < 1000:
            self._told.add(message)
            _log.warning("job %s: %s", self._settings.job, message)


def this_host(environment: Mapping[str, str]) -> str:
    """The name by which `__host__` means this machine, as Promtail finds it out."""
    return environment.get("HOSTNAME") or socket.gethostname()
