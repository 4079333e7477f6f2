"""What the paths and globs of a source name at this moment: files, and the directories in which more may appear.

Knows nothing of what is followed already; called by `files.py` and by `whodid check`.
"""
# ruff: noqa: PTH112, PTH116, PTH119, PTH120, PTH207
# Paths are the strings of the kernel here; pathlib would only wrap them.

import fnmatch
import glob
import os
import stat as stat_flags
from collections.abc import Iterator, Sequence

from whodid.sources.siblings import COMPRESSED


def named_files(pattern: str, exclude: Sequence[str]) -> Iterator[tuple[str, os.stat_result]]:
    """The regular, uncompressed files that a path or glob names now."""
    for path in sorted(glob.glob(pattern, recursive=True)) if glob.has_magic(pattern) else [pattern]:
        if path.endswith(COMPRESSED) or (exclude and is_excluded(path, exclude)):
            continue
        try:
            stat = os.stat(path)
        except OSError:
            continue
        if stat_flags.S_ISREG(stat.st_mode):
            yield path, stat


def is_excluded(path: str, exclude: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(path, e) or fnmatch.fnmatch(os.path.basename(path), e) for e in exclude)


def names(pattern: str, path: str) -> bool:
    """Whether a pattern names a path, as `named_files` would if it were there."""
    return _names(pattern.split("/"), path.split("/"))


def _names(pattern: list[str], path: list[str]) -> bool:
    while pattern and path:
        if pattern[0] == "**":
            return _names(pattern[1:], path) or (not path[0].startswith(".") and _names(pattern, path[1:]))
        hidden = path[0].startswith(".") and not pattern[0].startswith(".")
        if path[0] != pattern[0] and (hidden or not fnmatch.fnmatchcase(path[0], pattern[0])):
            return False
        pattern, path = pattern[1:], path[1:]
    return not path and all(part == "**" for part in pattern)


def fixed_directory(pattern: str) -> str:
    """The deepest directory of a pattern that has no wildcard."""
    directory = os.path.dirname(pattern)
    while glob.has_magic(directory):
        directory = os.path.dirname(directory)
    return directory or "."


def directories(pattern: str) -> set[str]:
    """The directories that are there now and in which something new would be named by the pattern, or lead to it."""
    found, directory = {fixed_directory(pattern)}, os.path.dirname(pattern)
    while glob.has_magic(directory):
        found.update(d.rstrip("/") for d in glob.glob(f"{directory}/", recursive=True))
        directory = os.path.dirname(directory)
    return {d for d in found if os.path.isdir(d)}
