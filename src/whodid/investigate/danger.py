"""Which statements are findings: those that destroy data or what protects it. Judged by whodid.pgsql, never by a word.

One place for the list, so that the query for candidates and the judgement of each text cannot differ.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from whodid.pgsql.classify import DANGEROUS, classify
from whodid.pgsql.lexer import tokenize
from whodid.pgsql.statement import Statement

_OPERATIONS: Final = frozenset(DANGEROUS)

OPERATIONS_RE: Final = "|".join(
    [*(name for name in DANGEROUS if not name.startswith("DROP ")), "DROP( .*)?", "EXECUTE", "logging_changed"]
)
"""RE2 of the `operation` attribute of every row that may be a finding. EXECUTE runs what an earlier PREPARE said; an
ALTER SYSTEM that changes the log is named for that."""


def is_dangerous(statement: Statement) -> bool:
    return statement.operation in _OPERATIONS or statement.operation.split(" ", 1)[0] == "DROP"


def may_be_dangerous(text: str) -> bool:
    """Whether a text holds a finding, or runs a prepared statement that could be one."""
    return any(is_dangerous(statement) or statement.operation == "EXECUTE" for statement in classify(text))


def prepared(statement: Statement) -> tuple[str, Statement] | None:
    """The name and the body of `PREPARE name [(types)] AS body`."""
    tokens = tokenize(statement.text) if statement.operation == "PREPARE" else []
    as_at = next((i for i, token in enumerate(tokens) if (token.kind, token.value) == ("word", "as")), None)
    if as_at is None or as_at < 2:
        return None
    body = classify(statement.text[tokens[as_at].end :])
    return (tokens[1].value, body[0]) if body else None


def resolved(statement: Statement, known: Mapping[str, Statement]) -> Statement:
    """An EXECUTE as the statement it runs, if the session's PREPARE was seen; everything else as it is."""
    name = statement.objects[0] if statement.operation == "EXECUTE" and statement.objects else ""
    return replace(known[name], text=statement.text) if name in known else statement


def severity(operation: str) -> int:
    """The place of an operation among the dangerous ones: 0 is the worst."""
    return DANGEROUS.index(operation) if operation in _OPERATIONS else len(DANGEROUS)
