"""CREATE, ALTER and DROP: the kinds of object they work on, and where each kind's name stands.

The kinds are those of PostgreSQL 13 to 18. Called by grammar.py; a kind that is not known is read as its one word.
"""

from typing import Final

from whodid.pgsql.cursor import Cursor, Judgement

_LONG_KINDS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "materialized": (("view",),),
    "event": (("trigger",),),
    "foreign": (("table",), ("data", "wrapper")),
    "text": (
        ("search", "configuration"),
        ("search", "dictionary"),
        ("search", "parser"),
        ("search", "template"),
    ),
    "access": (("method",),),
    "operator": (("class",), ("family",)),
    "user": (("mapping",),),
    "default": (("privileges",),),
    "large": (("object",),),
}
_MODIFIERS: Final = frozenset(
    (
        "or",
        "replace",
        "temporary",
        "temp",
        "unlogged",
        "global",
        "local",
        "unique",
        "recursive",
        "constraint",
        "trusted",
        "procedural",
        "default",
    )
)
_ON_TABLE: Final = ("TRIGGER", "POLICY", "RULE")
"""Kinds whose name belongs to a table: `DROP TRIGGER name ON table`; objects are the name, then the table."""


def _kind(cursor: Cursor) -> str:
    """The kind of object at the cursor, upper case, stepping over it."""
    first = cursor.word()
    cursor.advance()
    for rest in _LONG_KINDS.get(first, ()):
        if all(cursor.word(ahead) == word for ahead, word in enumerate(rest)):
            for _ in rest:
                cursor.advance()
            return " ".join((first, *rest)).upper()
    return first.upper()


def _exists(cursor: Cursor) -> None:
    """IF EXISTS, IF NOT EXISTS."""
    if cursor.word() == "if" and cursor.word(1) in ("exists", "not"):
        cursor.advance()
        cursor.take("not")
        cursor.take("exists")


def _operation(verb: str, kind: str) -> str:
    return f"{verb} {kind}" if kind in _KINDS else f"{verb} OTHER" if kind else verb


def _name_on_table(cursor: Cursor) -> tuple[str, ...]:
    name = cursor.optional_name()
    return name + cursor.relation() if cursor.seek("on") else name


def read_drop(cursor: Cursor) -> Judgement:
    """DROP kind [CONCURRENTLY] [IF EXISTS] names, DROP OWNED BY roles, DROP TRIGGER name ON table."""
    cursor.take("procedural")
    kind = _kind(cursor)
    operation = _operation("DROP", kind)
    cursor.take("concurrently")
    _exists(cursor)
    if kind == "OWNED":
        cursor.take("by")
    elif kind == "USER MAPPING":
        cursor.seek("for")
    if kind in _ON_TABLE:
        return Judgement(operation, _name_on_table(cursor))
    if kind in ("CAST", "OPERATOR", "TRANSFORM"):
        return Judgement(operation)
    return Judgement(operation, cursor.relations())


def read_alter(cursor: Cursor) -> Judgement:
    """ALTER kind [IF EXISTS] [ONLY] name …; ALTER SYSTEM SET setting; ALTER DEFAULT PRIVILEGES."""
    cursor.take("procedural")
    kind = _kind(cursor)
    operation = _operation("ALTER", kind)
    if kind == "SYSTEM":
        if not cursor.take("set"):
            cursor.take("reset")
        return Judgement(operation, cursor.optional_name())
    if kind in ("DEFAULT PRIVILEGES", "OPERATOR"):
        return Judgement(operation)
    if cursor.word() == "all" and cursor.word(1) in ("in", "set", "reset"):  # ALTER TABLE ALL IN TABLESPACE, ROLE ALL
        return Judgement(operation)
    _exists(cursor)
    if kind in _ON_TABLE:
        return Judgement(operation, _name_on_table(cursor))
    return Judgement(operation, cursor.relation())


def read_create(cursor: Cursor) -> Judgement:
    """CREATE [modifiers] kind [IF NOT EXISTS] name …"""
    while cursor.word() in _MODIFIERS:
        cursor.advance()
    kind = _kind(cursor)
    operation = _operation("CREATE", kind)
    cursor.take("concurrently")
    _exists(cursor)
    if kind in _ON_TABLE:
        name = cursor.optional_name()
        # A rule says ON SELECT TO table, a trigger BEFORE DELETE ON table.
        found = cursor.seek("to" if kind == "RULE" else "on")
        return Judgement(operation, name + cursor.relation() if found else name)
    if kind == "INDEX":
        return Judgement(operation, _name_on_table(cursor) if cursor.word() != "on" else _index_table(cursor))
    if kind == "SCHEMA":
        cursor.take("authorization")
    if kind in ("CAST", "OPERATOR", "TRANSFORM", "USER MAPPING"):
        return Judgement(operation)
    return Judgement(operation, cursor.relation())


def _index_table(cursor: Cursor) -> tuple[str, ...]:
    cursor.advance()
    return cursor.relation()


_KINDS: Final = frozenset(
    (
        "AGGREGATE", "CAST", "COLLATION", "CONVERSION", "DATABASE", "DOMAIN", "EXTENSION", "FUNCTION", "GROUP",
        "INDEX", "LANGUAGE", "OPERATOR", "OWNED", "POLICY", "PROCEDURE", "PUBLICATION", "ROLE", "ROUTINE", "RULE",
        "SCHEMA", "SEQUENCE", "SERVER", "STATISTICS", "SUBSCRIPTION", "SYSTEM", "TABLE", "TABLESPACE", "TRANSFORM",
        "TRIGGER", "TYPE", "USER", "VIEW",
        *(" ".join((first, *rest)).upper() for first, kinds in _LONG_KINDS.items() for rest in kinds),
    )
)  # fmt: skip
"""Operation names come from this list only: a text cannot invent new ones."""
