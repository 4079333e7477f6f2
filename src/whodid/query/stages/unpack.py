"""`| unpack`: a line that promtail's pack stage wrote: a JSON object of strings, `_entry` holds the line.

The strings become labels and `_entry` the line; without `_entry` the line was not packed and stays as it is. What
is not an object is marked `JSONParserErr`.
"""

from whodid.logql.ast import Unpack
from whodid.query import broken_json
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
    if not line.text or line.sated:
        return True
    if not line.text.startswith("{"):
        line.fail_parse(FAILED, NOT_AN_OBJECT)
        return True
    entry: str | None = None
    found: dict[str, str] = {}
    try:
        for member in broken_json.members(line.text):
            if member.kind != "string":
                continue
            value = broken_json.unescaped(member.raw)
            if member.key != ENTRY:
                found[sanitized(member.key)] = (value or "").replace("\ufffd", " ")
            elif value is None:
                raise broken_json.Fault(broken_json.BAD_ESCAPE)
            else:
                entry = value
    except broken_json.Fault as fault:
        line.fail_parse(FAILED, str(fault))
        return True
    if entry is not None:
        for name, text in found.items():
            line.extract(name, text)
        line.text = entry
    return True
