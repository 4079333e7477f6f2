"""`| unpack`: a line that promtail's pack stage wrote: a JSON object of strings, `_entry` holds the line.

The strings become labels and `_entry` the line; without `_entry` the line was not packed and stays as it is. What
is not an object is marked `JSONParserErr`.
"""

import json

from whodid.logql.ast import Unpack
from whodid.query.labels_text import sanitized
from whodid.query.line import Line
from whodid.query.stages.json import FAILED
from whodid.query.stages.stage import Step, unsaid

ENTRY = "_entry"
NOT_AN_OBJECT = "expecting json object(6), but it is not"

sql = unsaid


def apply(stage: Unpack) -> Step:
    """One function for all."""
    return _unpack


def _unpack(line: Line) -> bool:
    if not line.text:
        return True
    try:
        packed = json.loads(line.text, strict=False)
    except (ValueError, RecursionError):
        packed = None
    if not isinstance(packed, dict):
        if not line.sated:
            line.fail(FAILED, NOT_AN_OBJECT)
        return True
    entry = packed.pop(ENTRY, None)
    if isinstance(entry, str):
        for key, value in packed.items():
            if isinstance(value, str):
                line.extract(sanitized(key), value)
        line.text = entry
    return True
