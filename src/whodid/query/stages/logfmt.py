"""`| logfmt [--strict] [--keep-empty]`, `| logfmt level, ip="remote_addr"`: key=value pairs, values quoted where
needed.

A pair that cannot be read is passed over; with --strict it ends the parse and marks the line `LogfmtParserErr`.
Keys without a value are dropped unless --keep-empty. Labels that are asked for begin empty; a pair is written to the
label whose key it is, else to the label of its own name if that is asked for, and the last one counts. In a metric
query that wants few labels Loki 3.7 looks only for keys that are labels too (grafana/loki#23361), and stops at the
first if all labels wanted are among those asked for here. Source: LogQL's manual and go-logfmt's grammar. No SQL:
extractKeyValuePairs reads broken pairs in another way.
"""

import re
from collections.abc import Iterator

from whodid.logql.ast import LogfmtParser
from whodid.logql.paths import parse_logfmt_key
from whodid.query.labels_text import sanitized
from whodid.query.line import Line
from whodid.query.stages.stage import Step, unsaid

FAILED = "LogfmtParserErr"
_SOUND_PAIR = re.compile(
    r"""[\x00-\x20]*+ ([^\x00-\x20="]++)
        (?: = (?: "((?:[^"\\]++|\\.)*+)" | ([^\x00-\x20="]*+)(?![="]) ) | (?![="]) )""",
    re.VERBOSE | re.DOTALL,
)
"""A key with its quoted or bare value, if there is nothing wrong with it."""
_GARBAGE = re.compile(r"[\x00-\x20]*")
_KEY = re.compile(r'[^\x00-\x20="]+')
_BARE = re.compile(r'[^\x00-\x20="]*')
_REST = re.compile(r"[^\x00-\x20]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\", "/": "/"}
_UNREAD = "\ufffd"
"""Stands for what was no UTF-8."""

sql = unsaid


class _PairError(Exception):
    """Where and why a pair could not be read, and where the next one may begin."""

    def __init__(self, at: int, reason: str, go_on: int) -> None:
        super().__init__(reason)
        self.at, self.reason, self.go_on = at, reason, go_on


def apply(stage: LogfmtParser) -> Step:
    """All pairs, or those asked for."""
    keys = {item.name: parse_logfmt_key(item.path) for item in stage.extractions}
    wanted: dict[str, list[str]] = {}
    for label, key in keys.items():
        wanted.setdefault(key, []).append(label)

    def step(line: Line) -> bool:
        if line.sated:
            return True
        for label in keys:
            if not line.is_stored(label):
                line.extract_anew(label, "")
        for key, value in _pairs(line, stage.strict):
            name = sanitized(key)
            if not wanted:
                if name and (value or stage.keep_empty):
                    line.extract(name, value.replace(_UNREAD, " "))
                    if line.sated:
                        break
                continue
            if line.wanted is not None and name not in keys and name not in line.wanted:
                continue  # Loki's hints speak of the line's own names
            found = wanted.get(name, [name] if name in keys else [])
            for label in found:
                line.extract_anew(label, "" if _UNREAD in value else value)
            if found and line.sated:
                break
        return True

    return step


def _pairs(line: Line, strict: bool) -> Iterator[tuple[str, str]]:
    text, at = line.text, 0
    while True:
        try:
            sound = _SOUND_PAIR.match(text, at)
            if sound is not None:
                at = sound.end()
                key, quoted, bare = sound.groups()
                value = bare or "" if quoted is None else _unquoted(quoted, at)
            else:
                at = _end(_GARBAGE, text, at)
                if at >= len(text):
                    return
                raise _fault(text, at)
        except _PairError as fault:
            if strict:
                position = len(text[: fault.at].encode()) + 1
                line.fail_parse(FAILED, f"logfmt syntax error at pos {position} : {fault.reason}")
                return
            at = fault.go_on
            continue
        yield key, value


def _fault(text: str, at: int) -> _PairError:
    """What is wrong with the pair that begins here."""
    after_key = _end(_KEY, text, at)
    if after_key == at or not text.startswith("=", after_key):
        return _unexpected(text, after_key)
    if text.startswith('"', after_key + 1):
        return _PairError(len(text), "unterminated quoted value", len(text))
    return _unexpected(text, _end(_BARE, text, after_key + 1))


def _unexpected(text: str, at: int) -> _PairError:
    character = text[at : at + 1]
    return _PairError(at, f"unexpected '{character}'", _end(_REST, text, at))


def _unquoted(text: str, after: int) -> str:
    if "\\" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "u" and len(code) == 5:
            return chr(int(code[1:], 16))
        if code not in _ESCAPED:
            raise _PairError(after, "invalid quoted value", after)
        return _ESCAPED[code]

    out = _ESCAPE.sub(character, text)
    # Two \u escapes may be the halves of one character; a lonely half cannot be written as UTF-8.
    return out.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
