"""From SQL text to `Statement`s: which operation on which objects.

A text is split at its top-level semicolons, and each statement is judged by its leading tokens (grammar.py). Plain
SELECT, INSERT, UPDATE and DELETE take a shortcut (shortcut.py) that answers only where it can be sure to say the same.
formats/ calls this for every logged statement, so speed counts.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from whodid.pgsql.grammar import judge
from whodid.pgsql.lexer import Token, tokenize
from whodid.pgsql.shapes import Shapes
from whodid.pgsql.shortcut import BLANKS, quick_judgement
from whodid.pgsql.statement import Statement

DANGEROUS: Final[tuple[str, ...]] = (
    "DROP DATABASE",
    "DROP SCHEMA",
    "TRUNCATE",
    "DROP TABLE",
    "DROP EVENT TRIGGER",
    "DROP TRIGGER",
    "DROP OWNED",
    "DELETE",
    "ALTER TABLE",
    "ALTER EVENT TRIGGER",
    "ALTER TRIGGER",
    "ALTER SYSTEM",
    "DROP MATERIALIZED VIEW",
    "DROP VIEW",
    "DROP SEQUENCE",
    "DROP FUNCTION",
    "DROP PROCEDURE",
    "DROP ROUTINE",
    "DROP POLICY",
    "DROP RULE",
    "DROP INDEX",
    "DROP EXTENSION",
    "DROP TYPE",
    "DROP DOMAIN",
    "DROP ROLE",
    "DROP USER",
    "DROP GROUP",
    "COPY FROM PROGRAM",
    "COPY TO PROGRAM",
)
"""Operations that destroy data or remove what protects it, worst first."""

# Below the dangerous ones: what may change data, then what only reads or steers. Unknown operations stand between.
_CHANGES: Final = ("DO", "CALL", "EXECUTE", "UPDATE", "MERGE", "SET ROLE", "SET SESSION AUTHORIZATION")
_QUIET: Final = ("EXPLAIN", "SELECT", "TABLE", "VALUES", "SHOW", "RESET", "SET", "COMMIT", "ROLLBACK", "BEGIN")
_UNKNOWN_RANK: Final = 500
_RANKS: Final[dict[str, int]] = {
    **{operation: rank for rank, operation in enumerate(DANGEROUS + _CHANGES)},
    **{operation: 1000 + rank for rank, operation in enumerate(_QUIET)},
}
_NOTHING: Final = Statement(operation="EMPTY", objects=(), text="")


def classify(text: str) -> list[Statement]:
    """The statements of a text, in order; empty for a text of nothing but blanks and comments. Never raises."""
    quick = quick_judgement(text)
    if quick is None:
        return _by_grammar(text)
    operation, name, has_where = quick
    alone = text.strip(BLANKS).removesuffix(";").rstrip(BLANKS)
    return [Statement(operation, (name,) if name else (), alone, has_where=has_where)]


def most_dangerous(statements: Iterable[Statement]) -> Statement:
    """The worst of several statements, the first one among equals; `EMPTY` where there is none."""
    return min(statements, key=_rank, default=_NOTHING)


def worst_of(text: str) -> tuple[str, str]:
    """Operation and first object (or empty) of the most dangerous statement: the quick answer, for each logged line."""
    return _shapes.of(text) or _worst_of(text)


def _worst_of(text: str) -> tuple[str, str]:
    quick = quick_judgement(text)
    if quick is not None:
        return quick[0], quick[1]
    worst = most_dangerous(_by_grammar(text))
    return worst.operation, worst.objects[0] if worst.objects else ""


def _rank(statement: Statement) -> int:
    return _RANKS.get(statement.operation, _UNKNOWN_RANK)


def _by_grammar(text: str) -> list[Statement]:
    return [judge(text, tokens) for tokens in _split(tokenize(text))]


_shapes: Final = Shapes(_worst_of, most=8192, longest=300)


def _split(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Cuts at semicolons outside of parentheses (CREATE RULE) and of SQL function bodies (BEGIN ATOMIC … END)."""
    start, depth, atomic = 0, 0, 0
    for index, token in enumerate(tokens):
        kind, value = token.kind, token.value
        if kind == "symbol":
            if value == "(":
                depth += 1
            elif value == ")":
                depth = max(0, depth - 1)
            elif value == ";" and depth == 0 and atomic == 0:
                if index > start:
                    yield tokens[start:index]
                start = index + 1
        elif kind == "word" and value in ("atomic", "case", "end"):
            atomic = _atomic_depth(tokens, start, index, atomic)
    end = len(tokens)
    while end > start and tokens[end - 1].value == ";" and tokens[end - 1].kind == "symbol":
        end -= 1  # a semicolon behind a parenthesis that was never closed
    if start < end:
        yield tokens[start:end]


def _atomic_depth(tokens: Sequence[Token], start: int, index: int, depth: int) -> int:
    """How deep inside BEGIN ATOMIC … END (CASE … END counts within it) the text is after the word at `index`."""
    word = tokens[index].value
    if depth == 0:
        opens = word == "atomic" and index > start and tokens[index - 1].value == "begin"
        return int(opens and tokens[start].value == "create")
    return depth + 1 if word == "case" else depth - 1 if word == "end" else depth
