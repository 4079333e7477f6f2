"""The little language of `| json a="x.y[0].z"`: where in a JSON document a value lies.

`parse_json_path` reads it; check.py asks it for soundness, query/ follows the steps. Source: Loki's manual, "JSON".
"""

import re

_STEP = re.compile(
    r"""(?P<dot>\.)?(?P<field>[^\W\d]\w*+)
      | \[\s*+(?:(?P<index>\d++)|"(?P<key>(?:[^"\\]++|\\.)*+)")\s*+\]""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse_json_path(path: str) -> tuple[str | int, ...]:
    """The steps of a path: names and array indexes. Raises ValueError, naming the place, for anything else.

    `a.b`, `a["odd key"]`, `["a"].b`, `a[0][1]`; a name needs a dot before it unless it is the first step.
    """
    steps: list[str | int] = []
    at = 0
    text = path.strip()
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None or (match["field"] is not None and bool(match["dot"]) != bool(steps)):
            raise ValueError(f"unexpected {text[at : at + 12]!r} at character {at + 1}")
        steps.append(_step(match))
        at = match.end()
    if not steps:
        raise ValueError("it is empty")
    return tuple(steps)


def _step(match: re.Match[str]) -> str | int:
    if match["field"] is not None:
        return match["field"]
    if match["index"] is not None:
        if len(match["index"]) > 9:
            raise ValueError(f"the index {match['index'][:12]} is out of range")
        return int(match["index"])
    return _ESCAPE.sub(r"\1", match["key"])
