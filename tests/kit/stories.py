"""Stories for the tests of investigate/: rows written as a table that a person can read, and a `fetch` over them.

One row a line: `TIME SOURCE [PID] WORD [@name=value …] REST`.

    03:52:50 ssh login      @user=deploy @client=192.0.2.77 @port=5001 @key=SHA256:noa
    03:53:06 db 41 connect  @client=192.0.2.77
    03:53:06 db 41 login    @user=shop @db=shop @app=psql
    03:53:07 db 41 sql      TRUNCATE "User" CASCADE;
    03:53:07 db 41 duration 3.3
    03:53:08 db 41 disconnect

What a `connect` and a `login` say is carried on to the later rows of the pid, as the agent's format does. `@host=`,
`@job=` and `@filename=` are labels, every other `@name=value` is metadata (quotes around a value with blanks).
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from whodid.model.clock import parse_rfc3339
from whodid.model.person import Person
from whodid.model.result import Row
from whodid.pgsql.classify import classify, most_dangerous

DAY = "2026-11-23"
_LINE = re.compile(r"(?P<at>[\d:.]+)\s+(?P<source>db|ssh|web)\s+(?:(?P<pid>\d+)\s+)?(?P<word>\w+)\s*(?P<rest>.*)")
_OPTION = re.compile(r'@(\w+)=("[^"]*"|\S*)\s*')
_FORMS = {
    "sql": "statement: {}",
    "exec": "execute <unnamed>: {}",
    "timed": "duration: 2.5 ms  statement: {}",
    "parse": "duration: 0.1 ms  parse <unnamed>: {}",
    "audit": "AUDIT: SESSION,1,1,WRITE,TRUNCATE TABLE,,,{},<none>",
    "nested": "AUDIT: SESSION,1,2,WRITE,TRUNCATE TABLE,,,{},<none>",
}
_LABELS = {"host", "job", "filename"}
_SEVERITIES = {"error": "ERROR", "fatal": "FATAL", "warning": "WARNING", "detail": "STATEMENT"}


def instant(text: str) -> int:
    """Nanoseconds of `03:53:07` or `03:53:07.25` on the day of the stories; anything longer is RFC 3339."""
    return parse_rfc3339(text if "T" in text else f"{DAY}T{text}Z")


def rows_of(table: str) -> list[Row]:
    """The rows of a table, numbered in the order in which they are written."""
    teller = _Teller()
    lines = (line.strip() for line in table.splitlines())
    return [teller.row(line, number) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]


def people_of(entries: dict[str, dict[str, Any]]) -> tuple[Person, ...]:
    return tuple(
        Person(id=key, name=entry["name"], **{name: tuple(value) for name, value in entry.items() if name != "name"})
        for key, entry in entries.items()
    )


class _Teller:
    def __init__(self) -> None:
        self._carried: dict[str, dict[str, str]] = {}

    def row(self, line: str, seq: int) -> Row:
        match = _LINE.fullmatch(line)
        assert match, f"not a row: {line!r}"
        options, rest = {}, match["rest"]
        while option := _OPTION.match(rest):
            options[option[1]] = option[2].strip('"')
            rest = rest[option.end() :]
        rest = rest.replace("\\n", "\n")
        labels = {"host": "prod", "job": {"db": "database", "ssh": "auth", "web": "nginx"}[match["source"]]}
        labels |= {name: options.pop(name) for name in list(options) if name in _LABELS}
        if match["source"] == "db":
            metadata = self._database(match["pid"] or "", match["word"], rest, options)
            raw = f"{match['at']} UTC [{match['pid']}] {metadata['severity']}:  {metadata.pop('raw')}"
        else:
            metadata = {"operation": match["word"], **options}
            raw = f"{DAY} {match['at']} vm sshd[9]: {rest or _sshd(match['word'], options)}"
            metadata["message"] = rest or _sshd(match["word"], options)
        return Row(instant(match["at"]), raw, labels, metadata, {}, seq)

    def _database(self, pid: str, word: str, rest: str, options: dict[str, str]) -> dict[str, str]:
        if word == "connect":
            self._carried[pid] = {}
        carried = self._carried.setdefault(pid, {})
        if word in ("connect", "login") or not carried:
            carried |= {
                name: value for name, value in options.items() if name in ("user", "client", "db", "app", "session")
            }
        metadata = {"pid": pid, **carried, **_said(word, rest), **options}
        if not pid:
            del metadata["pid"]
        return metadata


def _said(word: str, rest: str) -> dict[str, str]:
    """What the agent's format writes for one PostgreSQL row, and its message for the raw line (`raw`)."""
    out = {"severity": _SEVERITIES.get(word, "LOG"), "operation": word, "raw": rest}
    if word in _FORMS:
        out |= {
            "raw": _FORMS[word].format(rest),
            "statement": rest,
            "operation": most_dangerous(classify(rest)).operation,
        }
        out |= {"duration_ms": "2.5", "outcome": "completed"} if word == "timed" else {}
        out |= {"operation": word} if word in ("parse", "audit") else {}
        out |= {"command": "TRUNCATE TABLE"} if word in ("audit", "nested") else {}
    elif word == "duration":
        out |= {"raw": f"duration: {rest or '1.0'} ms", "duration_ms": rest or "1.0", "outcome": "completed"}
    elif word in ("error", "fatal"):
        message, _, statement = rest.partition(" || ")
        out |= {"operation": "error", "message": message, "outcome": "failed", "raw": message}
        out |= {"statement": statement} if statement else {}
    elif word == "detail":
        del out["operation"]
        out |= {"statement": rest}
    elif word in ("connect", "authenticated", "login", "disconnect"):
        out["message"] = out["raw"] = f"connection {word}"
    else:
        del out["operation"]
        out["message"] = rest
    return out


def _sshd(word: str, options: dict[str, str]) -> str:
    place = f"{options.get('user', '')} from {options.get('client', '')} port {options.get('port', '0')}"
    if word == "login":
        how = (
            f"publickey for {place} ssh2: ED25519 {options['key']}"
            if "key" in options
            else f"password for {place} ssh2"
        )
        return f"Accepted {how}"
    return f"Disconnected from user {place}"


class Log:
    """Rows that can be asked in the little LogQL that investigate/ speaks. `asked` keeps the queries."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = sorted(rows, key=lambda row: (row.ns, row.seq))
        self.asked: list[str] = []

    async def fetch(self, query: str, start_ns: int, end_ns: int) -> list[Row]:
        self.asked.append(query)
        accepts = _compiled(query)
        return [row for row in self.rows if start_ns <= row.ns < end_ns and accepts(row)]


_STRING = r'"(?:[^"\\]|\\.)*"'
_STAGE = re.compile(rf"\s*\|(?P<line>~)?\s*(?P<body>(?:{_STRING}|[^|\"])*)")
_CONDITION = re.compile(rf"(\w+)\s*(=~|!=|=)\s*({_STRING})")


def _compiled(query: str) -> Callable[[Row], bool]:
    head = re.match(rf"\{{(?:{_STRING}|[^\"}}])*\}}", query)
    assert head, query
    tests = [_conditions(head[0].strip("{}").replace(", ", " and "), lambda row: row.labels)]
    rest = query[head.end() :]
    while rest:
        stage = _STAGE.match(rest)
        assert stage and stage.end(), query
        if stage["line"]:
            pattern = re.compile(_unquoted(stage["body"].strip()))
            tests.append(lambda row, pattern=pattern: bool(pattern.search(row.line)))
        else:
            tests.append(_conditions(stage["body"], lambda row: {**row.labels, **row.metadata}))
        rest = rest[stage.end() :]
    return lambda row: all(test(row) for test in tests)


def _conditions(text: str, fields: Callable[[Row], dict[str, str]]) -> Callable[[Row], bool]:
    found = list(_CONDITION.finditer(text))
    joints = [text[one.end() : two.start()].strip() for one, two in pairwise(found)]
    assert found and set(joints) <= {"and", "or"}, text

    def holds(row: Row, condition: re.Match[str]) -> bool:
        value, wanted = fields(row).get(condition[1], ""), _unquoted(condition[3])
        if condition[2] == "=~":
            return bool(re.fullmatch(wanted, value))
        return (value == wanted) == (condition[2] == "=")

    def accepts(row: Row) -> bool:
        groups = [[holds(row, found[0])]]
        for joint, condition in zip(joints, found[1:], strict=True):
            if joint == "or":
                groups.append([])
            groups[-1].append(holds(row, condition))
        return any(all(group) for group in groups)

    return accepts


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
