"""Stack traces in text logs: which lines belong to one, and which exception it tells of. Pure.

Python's (chained, of exception groups, of syntax errors), and those of Java, JavaScript and their like, whose frames
begin with `at`. Python's layout: the standard library's traceback module. Used by backend.py.
"""

import re
from itertools import pairwise
from typing import Final

_BEGIN: Final = re.compile(r"\s*(?:\+ (?:Exception Group )?)?Traceback \(most recent call last\):\s*")
_GROUP_END: Final = re.compile(r"\n\s*\+-{20,}\s*\Z")
_CHAINED: Final = re.compile(
    r"\s*(?:\| )?(?:During handling of the above exception, another exception occurred:"
    r"|The above exception was the direct cause of the following exception:)\s*"
)
_INDENTED: Final = re.compile(r"[ \t]+\S|\s*[|+] ")
_NAME: Final = r"(?:[A-Za-z_]\w*\.)*[A-Z_]\w*"
_FINAL: Final = re.compile(rf"[ \t|+-]*(?P<name>{_NAME}|(?:[A-Za-z_]\w*\.)+\w+)(?:: (?P<text>.*))?", re.ASCII)
_AT: Final = re.compile(r"\s+at [\w$.<>\[\]/ ]|\s+\.\.\. \d+ (?:more|common frames omitted)")
_FRAMES: Final = re.compile(
    r"\n(?:\s*(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):|(\s+at [\w$.<>\[\]/ ]))"
)
_CAUSE: Final = re.compile(r"\s*(?:Caused by|Suppressed): |\s*\[cause\]: ")
_JAVA: Final = re.compile(
    r"(?:Exception in thread \"[^\"]*\" |Uncaught |Unhandled \w+ )?"
    r"(?P<name>(?:[A-Za-z_$][\w$]*\.)*[A-Z][\w$]*(?:Error|Exception|Throwable)(?: \[\w+\])?)(?:: (?P<text>.*))?",
    re.ASCII,
)
# What database drivers put behind the exception's own line.
_APPENDIX: Final = re.compile(
    r"\s*$|DETAIL:  |HINT:  |CONTEXT:  |LINE \d+: |\[SQL: |\[parameters: |\(Background on this"
)
_TAIL_CHARACTERS: Final = 64 << 10
"""How much of a long record is looked at to see whether its last trace has ended."""


def begins_trace(line: str) -> bool:
    """Whether a Python traceback begins here."""
    return _BEGIN.fullmatch(line) is not None


def may_begin_trace(line: str) -> bool:
    """Whether the line may be a record of its own with stack frames behind it."""
    return begins_trace(line) or _JAVA.match(line) is not None


def goes_on(line: str, record: str) -> bool:
    """Whether `line` belongs to the stack trace that the record holds (or that begins behind its one line)."""
    last = record[record.rfind("\n") + 1 :]
    if begins_trace(line):
        return not has_ended(record) or _is_chain(record)
    if _AT.match(line) or _CAUSE.match(line):
        return True
    if _INDENTED.match(line) or _CHAINED.fullmatch(line):
        return True
    if _INDENTED.match(last) or begins_trace(last):
        return _FINAL.fullmatch(line) is not None and not _AT.match(last)
    return _APPENDIX.match(line) is not None


def has_ended(record: str) -> bool:
    """Whether the record's last Python traceback has come to its exception."""
    tail = record[-_TAIL_CHARACTERS:]
    at = tail.rfind("Traceback (most recent call last):")
    return at >= 0 and (
        _GROUP_END.search(tail) is not None
        or any(line and not _INDENTED.match(line) for line in tail[at:].split("\n")[1:])
    )


def _is_chain(record: str) -> bool:
    return _CHAINED.fullmatch(record.rstrip()[-200:].rpartition("\n")[2]) is not None


def read_exception(record: str) -> tuple[str, str] | None:
    """Type and text of the exception that a record's stack trace ends with; None without a trace."""
    at = record.rfind("Traceback (most recent call last):")
    if at >= 0:
        return _python(record, at)
    lines = record.split("\n")
    for before, line in pairwise(lines):
        if _AT.match(line):
            match = _JAVA.search(before)
            return (match.group("name"), match.group("text") or "") if match else None
    return None


def without_trace(message: str) -> str:
    """A message without the stack trace behind it."""
    match = _FRAMES.search(message) if "\n" in message else None
    if match is None:
        return message
    before = message[: match.start()].rstrip()
    if match.group(1):  # frames stand behind the line of their exception
        before = before[: before.rfind("\n")] if "\n" in before else before
    return before


def _python(record: str, at: int) -> tuple[str, str] | None:
    group = record.find("Exception Group Traceback (most recent call last):")
    if 0 <= group < at:
        at = group  # what is inside of a group stands behind the group's own exception
    lines = record[at:].split("\n")[1:]
    for line in lines:
        bare = line.removeprefix("  | ") if group >= 0 else line
        match = _FINAL.fullmatch(bare)
        if match is not None and not bare.startswith(" "):
            return match.group("name"), match.group("text") or ""
    return None
