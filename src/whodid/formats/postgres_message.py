"""What a message of PostgreSQL says, whichever way it was logged: the text after `LOG:  `, or jsonlog's `message`.

Fills attributes from the message and its follow-up parts (DETAIL, STATEMENT …). Called by postgres_record.py for all
three logs, so that those of one server give the same attributes. The texts are those of PostgreSQL 13 to 18.
"""

import csv
import re
from collections.abc import Mapping
from typing import Final

from whodid.formats.postgres_session import Session
from whodid.pgsql import DANGEROUS, classify, is_logging_setting, logging_change, worst_of
from whodid.pgsql.lexer import tokenize

Parts = Mapping[str, str]
"""Follow-up parts by their word: DETAIL, HINT, STATEMENT, CONTEXT, QUERY, LOCATION."""

_DURATION: Final = re.compile(r"duration: ([0-9.]+) ms  ([\s\S]*)")
_RECEIVED: Final = re.compile(r"connection received: host=(\S+)(?: port=(\S+))?")
_AUTHENTICATED: Final = re.compile(r'connection authenticated: (identity|user)="(.*)" method=(\S+)', re.DOTALL)
_APPLICATION: Final = re.compile(r" application_name=(.*?)(?: SSL enabled \(| GSS \(|\Z)", re.DOTALL)
_DISCONNECTED_FROM: Final = re.compile(r".* host=(\S+?)(?: port=(\d+))?\Z", re.DOTALL)
_PREPARED: Final = "prepare: "
_REFUSED: Final = re.compile(
    r'(?:\w[\w ]* authentication failed for user "(?P<user>[^"]*)"'
    r"|no pg_hba\.conf entry for |pg_hba\.conf rejects "
    r'|role "(?P<role>[^"]*)" (?:is not permitted to log in|does not exist)'
    r'|database "[^"]*" does not exist|permission denied for database |permission denied to set parameter '
    r"|no PostgreSQL user name specified|certificate authentication failed|connection requires a valid client cert"
    r"|must be superuser to connect|client certificate|invalid authentication)"
)
_POSITION: Final = re.compile(r" at character ([0-9]{1,10})\Z")
_DENIED: Final = re.compile(r'permission denied to set parameter "([^"]*)"')
_PARAMETER: Final = re.compile(r'parameter "([^"]*)" (?:changed to|removed from|cannot be changed)')
_BOUND: Final = re.compile(r"(\$[0-9]+) = '((?:[^']|'')*)'")
_ERRORS: Final = ("ERROR", "FATAL", "PANIC")
_WORSE: Final = frozenset(DANGEROUS) - {"ALTER SYSTEM"}
"""Operations that a text is named for even if it changes what is logged as well."""


def describe(
    out: dict[str, str],
    severity: str,
    message: str,
    parts: Parts | None,
    session: Session | None,
    *,
    own: bool = True,
) -> None:
    """Adds to `out` what the message says. `out` already holds the prefix' values (user, db, client …). `own`: it is
    the server's message, not one that a client had it write."""
    out["severity"] = severity
    position = _POSITION.search(message) if severity != "LOG" and "position" not in out else None
    if position is not None:  # the text log's way to write what the others have a field for
        out["position"], message = position[1], message[: position.start()]
    if not own:
        out["message"] = message
    elif severity == "LOG":
        if message.startswith("statement: "):
            _statement(out, message[11:], parts, session)
        elif message.startswith("duration: "):
            _duration(out, message, parts)
        elif message.startswith("execute ") and ": " in message:
            _execute(out, message, parts, session)
        else:
            _event(out, message, session)
    elif severity in _ERRORS:
        _error(out, severity, message, parts, session)
    else:
        out["message"] = message
    if parts:
        _add_parts(out, parts)


def set_operation(out: dict[str, str], sql: str, parts: Parts | None = None) -> None:
    """The worst operation of a text, and its first object; and which setting of the log it changes."""
    operation, name = worst_of(sql)
    out["operation"] = operation
    if name:
        out["table"] = name
    detail = parts.get("DETAIL", "") if parts else ""
    setting = logging_change(sql, _bound(detail) if detail else None)
    if setting:
        out["setting"] = setting
        if operation not in _WORSE:
            out["operation"] = "logging_changed"


def _bound(detail: str) -> dict[str, str]:
    """The values of `$1`, `$2` … in the detail `Parameters: $1 = 'a', $2 = NULL`, those that are no longer than names
    of settings are."""
    if detail[1:12] != "arameters: ":  # 17 and newer write it with a capital letter
        return {}
    return dict(_BOUND.findall(detail[:4000]))


def _statement(out: dict[str, str], sql: str, parts: Parts | None, session: Session | None) -> None:
    detail = parts.get("DETAIL", "") if parts else ""
    # EXECUTE p1 says nothing, but the server adds what p1 was prepared from.
    set_operation(out, _prepared(detail[len(_PREPARED) :]) if detail.startswith(_PREPARED) else sql, parts)
    out["statement"] = sql
    if session is not None:
        session.statement = sql


def _prepared(text: str) -> str:
    """The statement inside of `PREPARE name (types) AS statement`."""
    tokens = tokenize(text)
    return next((text[token.end :] for token in tokens if token.kind == "word" and token.value == "as"), text)


def _execute(out: dict[str, str], message: str, parts: Parts | None, session: Session | None) -> None:
    """`execute <unnamed>: sql`, `execute name/portal: sql`, `execute fetch from name/portal: sql`."""
    sql = message[message.index(": ") + 2 :]
    if message.startswith("execute fetch from "):
        out["operation"] = "FETCH"  # more rows of a statement that its own line has reported
    else:
        set_operation(out, sql, parts)
    out["statement"] = sql
    if session is not None:
        session.statement = sql


def _duration(out: dict[str, str], message: str, parts: Parts | None) -> None:
    """Alone it ends the statement before it; with a text it is that statement's only line."""
    if message.endswith(" ms") and "  " not in message:
        out["operation"], out["outcome"], out["duration_ms"] = "duration", "completed", message[10:-3]
        return
    match = _DURATION.fullmatch(message)
    if match is None:
        out["message"] = message
        return
    out["duration_ms"], rest = match.groups()
    phase, _, sql = rest.partition(" ")
    if phase == "statement:":
        set_operation(out, sql, parts)
        out["outcome"] = "completed"
        out["statement"] = sql
    elif phase in ("execute", "parse", "bind") and ": " in sql:
        fetch = sql.startswith("fetch from ")
        sql = sql[sql.index(": ") + 2 :]
        if phase == "execute" and not fetch:
            set_operation(out, sql, parts)
        else:
            out["operation"] = "FETCH" if fetch else phase
        if phase == "execute":
            out["outcome"] = "completed"
        out["statement"] = sql
    else:
        word = "plan" if rest.startswith("plan:") else "fastpath" if phase == "fastpath" else "duration"
        out["operation"] = word
        out["message"] = message


def _event(out: dict[str, str], message: str, session: Session | None) -> None:
    """Every other LOG message: connections, pgaudit, configuration, and what only has a text."""
    if message.startswith(("connection ", "replication connection ")):
        _connection(out, message)
    elif message.startswith("disconnection: "):
        out["operation"] = "disconnect"
        origin = _DISCONNECTED_FROM.match(message)
        if origin is not None and origin.group(2):
            out.setdefault("port", origin.group(2))
    elif message.startswith("AUDIT: ") and _audit(out, message[7:], session):
        return
    elif (parameter := _PARAMETER.match(message)) is not None:
        _set_setting(out, parameter[1])
    out["message"] = message


def _set_setting(out: dict[str, str], name: str) -> None:
    """A setting that was changed by a reload, or that somebody tried to change."""
    out["operation"] = "config"
    if is_logging_setting(name):
        out["operation"], out["setting"] = "logging_changed", name


def _connection(out: dict[str, str], message: str) -> None:
    received = _RECEIVED.match(message)
    if received is not None:
        out["operation"] = "connect"
        out.setdefault("client", received.group(1))
        if received.group(2):
            out["port"] = received.group(2)
        return
    authenticated = _AUTHENTICATED.match(message)
    if authenticated is not None:
        out["operation"] = "authenticated"  # by whom is known, but not yet whether the account is theirs: no login
        out["identity"], out["method"] = authenticated.group(2), authenticated.group(3)
        return
    _, found, account = message.partition("connection authorized: ")
    if not found:
        return
    out["operation"] = "login"
    known = f"user={out.get('user', '')}"
    if out.get("db") and account.startswith(f"{known} database={out['db']}"):
        known = f"{known} database={out['db']}"
    application = _APPLICATION.search(account, len(known) if account.startswith(known) else 0)
    if application is not None and application.group(1):
        out.setdefault("app", application.group(1))


def _error(out: dict[str, str], severity: str, message: str, parts: Parts | None, session: Session | None) -> None:
    refused = _REFUSED.match(message) if severity == "FATAL" else None
    out["outcome"] = "failed"
    out["message"] = message
    denied = _DENIED.match(message)
    if denied is not None and is_logging_setting(denied[1]):
        _set_setting(out, denied[1])
        return
    if refused is not None:
        out["operation"] = "login_failed"
        name = refused.group("user") or refused.group("role")
        if name and "user" not in out:
            out["user"] = name
        return
    out["operation"] = "error"
    sql = parts.get("STATEMENT") if parts else None
    if sql:
        name = worst_of(sql)[1]
        if name:
            out["table"] = name


def _add_parts(out: dict[str, str], parts: Parts) -> None:
    if parts.get("STATEMENT"):
        out.setdefault("statement", parts["STATEMENT"])
    for word, name in (("DETAIL", "detail"), ("HINT", "hint"), ("CONTEXT", "context"), ("QUERY", "query")):
        if parts.get(word):
            out[name] = parts[word]


def _set_operation_of(out: dict[str, str], sql: str, command: str) -> None:
    """Of several statements in one text, the one that the record is about: pgaudit names its command."""
    for statement in classify(sql):
        if command.startswith(statement.operation):
            out["operation"] = statement.operation
            if statement.objects:
                out["table"] = statement.objects[0]
            return
    set_operation(out, sql)


def _audit(out: dict[str, str], record: str, session: Session | None) -> bool:
    """pgaudit: SESSION|OBJECT,id,subid,class,command,object type,object name,statement,parameters[,rows]."""
    try:
        fields = next(csv.reader([record.replace("\0", "")]), [])
    except csv.Error:
        return False
    if len(fields) < 9 or fields[0] not in ("SESSION", "OBJECT"):
        return False
    sql = fields[7]
    _set_operation_of(out, sql, fields[4])
    if session is not None and session.statement.strip().rstrip(";") == sql.strip().rstrip(";"):
        out["operation"] = "audit"  # its own line has reported it; a nested statement has no other line than this
    out["command"] = fields[4]
    out.update({"table": fields[6]} if fields[6] else {})
    out["statement"] = sql
    if len(fields) > 9 and fields[9].isdigit():
        out["rows"] = fields[9]
    return True
