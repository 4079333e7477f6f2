"""`logfmt`: values of `key=value` pairs become extracted values, under the names of `mapping`.

What stands before a pair that cannot be read counts, what comes after it does not. Source: Promtail's manual and
go-logfmt's decoder.
"""

import re
from collections.abc import Iterator
from typing import Final

from whodid.promtail.entry import PipelineEntry
from whodid.promtail.go_values import as_text
from whodid.promtail.settings import Settings
from whodid.promtail.stages.stage import Step, Tools

_PAIR = re.compile(
    r"""[\x00-\x20]*+ (?: (?P<end>\Z)
      | (?P<key>[^\x00-\x20="]++) (?: = (?: "(?P<quoted>(?:[^"\\]++|\\.)*+)" (?P<more>[^\x00-\x20])?
                                          | (?P<bare>[^\x00-\x20="]*+) ) )? (?P<bad>[="])? )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED: Final = {
    "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\", "/": "/",
}  # fmt: skip


class LogfmtError(ValueError):
    """A pair that cannot be read."""


def make(given: object, place: str, tools: Tools) -> Step:
    settings = Settings(given, place)
    mapping, source = settings.names("mapping"), settings.source()
    if not mapping:
        raise settings.wrong("needs a mapping, such as `mapping: {level: , user: usr}`")
    names = {key or name: name for name, key in mapping.items()}
    counters = tools.counters

    def step(entry: PipelineEntry) -> bool:
        extracted = entry.extracted
        text = entry.line if source is None else as_text(extracted.get(source))
        if text is None:
            return True
        try:
            for key, value in pairs(text):
                if key in names:
                    extracted[names[key]] = value
        except LogfmtError:
            counters.unread("logfmt")
        return True

    return step


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Keys and values, line by line. Raises LogfmtError at the first that cannot be read."""
    for line in text.split("\n"):
        at = 0
        while True:
            found = _PAIR.match(line, at)
            if found is None or found["bad"] or found["more"]:
                raise LogfmtError
            if found["end"] is not None:
                break
            at = found.end()
            quoted = found["quoted"]
            yield found["key"], found["bare"] or "" if quoted is None else _unquoted(quoted)


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text
    out = _ESCAPE.sub(_character, text)
    return out.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    if code not in _ESCAPED:
        raise LogfmtError
    return _ESCAPED[code]
