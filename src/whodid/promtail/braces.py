"""Alternatives in Promtail's globs, `/var/log/{nginx,apache2}/*.log`, as globs without: whodid's own have none.

Source: bmatcuk/doublestar, which Promtail's globs are.
"""

from typing import Final

_MOST: Final = 100
"""Globs that one may stand for; what is beyond stays as it is written."""


def alternatives(glob: str) -> list[str]:
    """The globs that one with braces stands for."""
    done: list[str] = []
    open_: list[str] = [glob]
    while open_:
        one = open_.pop(0)
        found = _first(one)
        if found is None or len(done) + len(open_) > _MOST:
            done.append(one)
            continue
        begin, end, parts = found
        open_ = [f"{one[:begin]}{part}{one[end:]}" for part in parts] + open_
    return list(dict.fromkeys(done))


def _first(glob: str) -> tuple[int, int, list[str]] | None:
    """The first pair of braces, and the parts between its commas."""
    begin = glob.find("{")
    if begin < 0:
        return None
    depth, part, parts = 0, begin + 1, list[str]()
    for at in range(begin, len(glob)):
        if glob[at] == "{":
            depth += 1
        elif glob[at] == "}":
            depth -= 1
            if depth == 0:
                return begin, at + 1, [*parts, glob[part:at]]
        elif glob[at] == "," and depth == 1:
            parts.append(glob[part:at])
            part = at + 1
    return None
