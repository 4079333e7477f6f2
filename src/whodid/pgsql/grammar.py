"""What one statement does, judged by its tokens: the first words name the operation, the next ones its objects.

The word order follows the synopses in PostgreSQL's manual (SQL Commands). Nothing is searched for in the text, so a
word in a string or a comment never counts. Here stand the statements around other statements; all others are in
commands.py and objects.py. Called by classify.py with one statement at a time.
"""

from collections.abc import Callable, Sequence
from typing import Final

from whodid.pgsql.commands import READERS
from whodid.pgsql.cursor import Cursor, Judgement
from whodid.pgsql.lexer import Token
from whodid.pgsql.statement import Statement

_DATA_CHANGES: Final = ("delete", "update", "insert", "merge")
_MAX_NESTING: Final = 8
"""EXPLAIN ANALYZE PREPARE COPY (WITH … : how many wrappers are opened before the text is called opaque."""


def judge(text: str, tokens: Sequence[Token]) -> Statement:
    """The one statement whose tokens these are; `tokens` is not empty and holds no top-level semicolon."""
    verdict = read(Cursor(tokens))
    certainty = verdict.certainty
    if certainty == "certain" and not tokens[-1].complete:
        certainty = "heuristic"
    return Statement(
        operation=verdict.operation,
        objects=verdict.objects,
        text=text[tokens[0].start : tokens[-1].end],
        certainty=certainty,
        has_where=verdict.has_where,
    )


def read(cursor: Cursor, nesting: int = 0) -> Judgement:
    """Judges the statement that begins at the cursor."""
    while cursor.take_symbol("("):  # ((SELECT …) UNION …)
        pass
    word = cursor.word()
    if nesting > _MAX_NESTING or not word:
        return Judgement("UNKNOWN", certainty="opaque")
    wrapper = _WRAPPERS.get(word)
    if wrapper is not None:
        cursor.advance()
        return wrapper(cursor, nesting)
    reader = READERS.get(word)
    if reader is not None:
        cursor.advance()
        return reader(cursor)
    return Judgement("UNKNOWN", certainty="opaque")


# ---- statements around statements ----


def _with(cursor: Cursor, nesting: int) -> Judgement:
    """WITH x AS (DELETE …) SELECT: the data-changing part counts, wherever it stands."""
    cursor.take("recursive")
    parts: list[Judgement] = []
    while cursor.more():
        cursor.name()
        if cursor.at_symbol("("):
            cursor.skip_parentheses()
        cursor.take("as")
        cursor.take("not")
        cursor.take("materialized")
        body = cursor.parentheses()
        if body is not None:
            parts.append(read(body, nesting + 1))
        # SEARCH … SET …, CYCLE … SET … may follow before the comma or the main statement.
        while cursor.more() and not cursor.at_symbol(",") and cursor.word() not in _MAIN_AFTER_WITH:
            if cursor.at_symbol("("):
                break
            cursor.advance()
        if not cursor.take_symbol(","):
            break
    main = read(cursor, nesting + 1)
    changes = [part for part in (main, *parts) if part.operation in _CHANGE_ORDER]
    return min(changes, key=lambda part: _CHANGE_ORDER.index(part.operation), default=main)


def _explain(cursor: Cursor, nesting: int) -> Judgement:
    """Plain EXPLAIN runs nothing; with ANALYZE the statement is executed."""
    analyze = False
    options = cursor.parentheses() if cursor.at_symbol("(") else None
    if options is not None:
        analyze = _analyze_option(options)
    while cursor.word() in ("analyze", "analyse", "verbose"):
        analyze = analyze or cursor.word() != "verbose"
        cursor.advance()
    inner = read(cursor, nesting + 1)
    return inner if analyze else Judgement("EXPLAIN", inner.objects)


def _analyze_option(options: Cursor) -> bool:
    """EXPLAIN (ANALYZE, …), (ANALYZE true), (ANALYZE 1); the last one counts, as in the server."""
    analyze = False
    while options.more():
        if options.take("analyze") or options.take("analyse"):
            value = "" if options.at_symbol(",") else options.text().strip("'").lower()
            analyze = value not in ("false", "off", "0", "no", "f", "n")
        else:
            options.advance()
    return analyze


def _prepare(cursor: Cursor, nesting: int) -> Judgement:
    if cursor.take("transaction"):
        return Judgement("PREPARE TRANSACTION")
    cursor.name()
    if cursor.at_symbol("("):
        cursor.skip_parentheses()
    cursor.take("as")
    return Judgement("PREPARE", read(cursor, nesting + 1).objects, "heuristic")


def _copy(cursor: Cursor, nesting: int) -> Judgement:
    """COPY t FROM …, COPY (query) TO …, either with PROGRAM. A query that changes data is what counts."""
    inner: Judgement | None = None
    cursor.take("binary")
    body = cursor.parentheses()
    if body is not None:
        inner = read(body, nesting + 1)
        objects = inner.objects
    else:
        objects = cursor.optional_name()
        cursor.skip_parentheses()
    direction = "FROM" if cursor.take("from") else "TO" if cursor.take("to") else ""
    program = " PROGRAM" if cursor.word() == "program" else ""
    if inner is not None and inner.operation in _CHANGE_ORDER:
        return inner
    return Judgement(f"COPY {direction}{program}".strip(), objects)


def _declare(cursor: Cursor, nesting: int) -> Judgement:
    cursor.seek("for")
    return Judgement("DECLARE", read(cursor, nesting + 1).objects)


_MAIN_AFTER_WITH: Final = ("select", "values", "table", "with", *_DATA_CHANGES)
_CHANGE_ORDER: Final = ("DELETE", "UPDATE", "MERGE", "INSERT", "SELECT INTO")
_WRAPPERS: Final[dict[str, Callable[[Cursor, int], Judgement]]] = {
    "with": _with,
    "explain": _explain,
    "prepare": _prepare,
    "copy": _copy,
    "declare": _declare,
}
