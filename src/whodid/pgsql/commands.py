"""The plain commands: one reader for each family of statements that holds no other statement inside.

Queries and data changes, transactions, settings, privileges, maintenance. CREATE, ALTER and DROP stand in objects.py,
statements around statements (WITH, EXPLAIN, COPY …) in grammar.py, which chooses the reader by the first word.
"""

from collections.abc import Callable
from typing import Final

from whodid.pgsql.cursor import Cursor, Judgement
from whodid.pgsql.objects import read_alter, read_create, read_drop

# ---- queries and data changes ----


def _select(cursor: Cursor) -> Judgement:
    """The objects of a SELECT are the first table after FROM: who reads what is told well enough by it."""
    depth = 0
    while cursor.more():
        if cursor.take_symbol("("):
            depth += 1
        elif cursor.take_symbol(")"):
            depth -= 1
            if depth < 0:
                break
        elif depth == 0 and cursor.take("into"):
            while cursor.word() in ("temporary", "temp", "unlogged", "table"):
                cursor.advance()
            return Judgement("SELECT INTO", cursor.optional_name())
        elif depth == 0 and cursor.word() == "from" and cursor.previous() != "distinct":
            return _select_from(cursor)
        else:
            cursor.advance()
    return Judgement("SELECT")


def _select_from(cursor: Cursor) -> Judgement:
    cursor.advance()
    cursor.take("only")
    objects = cursor.optional_name()
    return Judgement("SELECT", () if cursor.at_symbol("(") else objects)


def _delete(cursor: Cursor) -> Judgement:
    cursor.take("from")
    objects = cursor.relation()
    return Judgement("DELETE", objects, has_where=cursor.has_where())


def _update(cursor: Cursor) -> Judgement:
    objects = cursor.relation()
    return Judgement("UPDATE", objects, has_where=cursor.has_where())


def _insert(cursor: Cursor) -> Judgement:
    cursor.take("into")
    return Judgement("INSERT", cursor.optional_name())


def _merge(cursor: Cursor) -> Judgement:
    cursor.take("into")
    return Judgement("MERGE", cursor.relation())


def _truncate(cursor: Cursor) -> Judgement:
    cursor.take("table")
    return Judgement("TRUNCATE", cursor.relations())


# ---- transactions, settings and the rest ----


def _plain(operation: str, *skip: str, named: bool = False, opaque: bool = False) -> Callable[[Cursor], Judgement]:
    """A command whose operation is its first word, then optional noise words, then perhaps a list of names."""

    def reader(cursor: Cursor) -> Judgement:
        if cursor.at_symbol("(") and named:
            cursor.skip_parentheses()
        while cursor.word() in skip:
            cursor.advance()
        return Judgement(operation, cursor.relations() if named else (), "opaque" if opaque else "certain")

    return reader


def _commit(cursor: Cursor) -> Judgement:
    return Judgement("COMMIT PREPARED" if cursor.take("prepared") else "COMMIT")


def _rollback(cursor: Cursor) -> Judgement:
    """ROLLBACK TO returns to a savepoint and ends nothing: an operation of its own."""
    if cursor.take("prepared"):
        return Judgement("ROLLBACK PREPARED")
    if cursor.word() in ("work", "transaction"):
        cursor.advance()
    if not cursor.take("to"):
        return Judgement("ROLLBACK")
    cursor.take("savepoint")
    return Judgement("ROLLBACK TO", cursor.optional_name())


def _set(cursor: Cursor) -> Judgement:
    if cursor.word() in ("local", "session"):
        cursor.advance()
    if cursor.take("session") or cursor.word() == "authorization":  # SET LOCAL SESSION AUTHORIZATION is allowed too
        cursor.take("authorization")
        return Judgement("SET SESSION AUTHORIZATION", cursor.value_or_name())
    if cursor.take("role"):
        return Judgement("SET ROLE", cursor.value_or_name())
    for word, operation in (("transaction", "SET TRANSACTION"), ("characteristics", "SET TRANSACTION")):
        if cursor.take(word):
            return Judgement(operation)
    if cursor.take("constraints"):
        return Judgement("SET CONSTRAINTS", cursor.relations())
    return Judgement("SET", cursor.optional_name())


def _reindex(cursor: Cursor) -> Judgement:
    cursor.skip_parentheses()
    while cursor.word() in ("index", "table", "schema", "database", "system", "concurrently"):
        cursor.advance()
    return Judgement("REINDEX", cursor.optional_name())


def _refresh(cursor: Cursor) -> Judgement:
    for word in ("materialized", "view", "concurrently"):
        cursor.take(word)
    return Judgement("REFRESH MATERIALIZED VIEW", cursor.optional_name())


def _privileges(operation: str, direction: str) -> Callable[[Cursor], Judgement]:
    """GRANT … ON [kind] objects TO …; GRANT role TO …: the objects are what is given."""

    def reader(cursor: Cursor) -> Judgement:
        before = cursor.copy()
        if not cursor.seek("on", stop=direction):
            return Judgement(operation, before.relations())
        while cursor.word() in _GRANT_KINDS:
            cursor.advance()
        return Judgement(operation, cursor.relations())

    return reader


def _two_words(first: str, *seconds: str) -> Callable[[Cursor], Judgement]:
    def reader(cursor: Cursor) -> Judgement:
        word = cursor.word()
        cursor.advance()
        operation = f"{first} {word.upper()}" if word in seconds else first
        cursor.take("by")
        return Judgement(operation, cursor.relations() if word == "owned" else ())

    return reader


_GRANT_KINDS: Final = frozenset(
    (
        "table",
        "sequence",
        "database",
        "domain",
        "foreign",
        "data",
        "wrapper",
        "server",
        "function",
        "procedure",
        "routine",
        "language",
        "large",
        "object",
        "parameter",
        "schema",
        "tablespace",
        "type",
        "all",
        "tables",
        "sequences",
        "functions",
        "procedures",
        "routines",
        "in",
    )
)
READERS: Final[dict[str, Callable[[Cursor], Judgement]]] = {
    "select": _select,
    "insert": _insert,
    "update": _update,
    "delete": _delete,
    "merge": _merge,
    "values": _plain("VALUES"),
    "table": _plain("TABLE", "only", named=True),
    "truncate": _truncate,
    "drop": read_drop,
    "alter": read_alter,
    "create": read_create,
    "begin": _plain("BEGIN"),
    "start": _plain("BEGIN"),
    "commit": _commit,
    "end": _commit,
    "rollback": _rollback,
    "abort": _rollback,
    "savepoint": _plain("SAVEPOINT", named=True),
    "release": _plain("RELEASE", "savepoint", named=True),
    "set": _set,
    "reset": _plain("RESET", named=True),
    "show": _plain("SHOW", named=True),
    "discard": _plain("DISCARD", named=True),
    "execute": _plain("EXECUTE", named=True, opaque=True),
    "deallocate": _plain("DEALLOCATE", "prepare", named=True),
    "do": _plain("DO", opaque=True),
    "call": _plain("CALL", named=True, opaque=True),
    "fetch": _plain("FETCH"),
    "move": _plain("MOVE"),
    "close": _plain("CLOSE", named=True),
    "lock": _plain("LOCK", "table", named=True),
    "vacuum": _plain("VACUUM", "full", "freeze", "verbose", "analyze", "analyse", named=True),
    "analyze": _plain("ANALYZE", "verbose", named=True),
    "analyse": _plain("ANALYZE", "verbose", named=True),
    "cluster": _plain("CLUSTER", "verbose", named=True),
    "reindex": _reindex,
    "refresh": _refresh,
    "grant": _privileges("GRANT", "to"),
    "revoke": _privileges("REVOKE", "from"),
    "reassign": _two_words("REASSIGN", "owned"),
    "security": _two_words("SECURITY", "label"),
    "import": _two_words("IMPORT", "foreign"),
    "comment": _plain("COMMENT"),
    "checkpoint": _plain("CHECKPOINT"),
    "load": _plain("LOAD"),
    "listen": _plain("LISTEN", named=True),
    "unlisten": _plain("UNLISTEN", named=True),
    "notify": _plain("NOTIFY", named=True),
}
