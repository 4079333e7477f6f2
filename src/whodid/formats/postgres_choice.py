"""Which reading of an ambiguous line of PostgreSQL's text log is true, by what is known of its session. Pure.

A client's names are not escaped in a head, so a line may be readable in several ways (postgres_prefix.py lists them);
postgres.py asks here. Not here: what is known of a session (postgres_session.py, postgres_witness.py).
"""

import re
from collections.abc import Sequence
from typing import Final

from whodid.formats.postgres_prefix import Reading, process_of
from whodid.formats.postgres_session import UNKNOWN, Names, Session, names_of
from whodid.formats.postgres_witness import Sessions
from whodid.pgsql.lexer import tokenize

_SQL: Final = re.compile(r"(?:duration: [0-9.]+ ms  )?(?:statement|(?:execute|parse|bind) [^:]*): ")


def choose(record: str, readings: Sequence[Reading], sessions: Sessions) -> tuple[Reading, bool]:
    """The reading to believe, and whether anything but a guess tells it from the others.

    First what the session is known to be decides. Without that, SQL that is whole speaks for a reading (a forged head
    inside of a statement cuts a string in two), then the longer head: the message may hold anything, names only so
    much.
    """
    ranked = [(_fit(reading, sessions.get(process_of(reading.values))), reading) for reading in readings]
    best = max(fit for fit, _ in ranked)
    fitting = [reading for fit, reading in ranked if fit == best]
    if len({(r.message_at, r.values.get("client"), process_of(r.values)) for r in fitting}) == 1:
        # Only where one name ends and the next begins is open: `a@b@c` of `%u@%d`. Accounts are e-mails more often.
        user = fitting[-1].values.get("user", "")
        return fitting[-1], all(f"{user}@".startswith(f"{r.values.get('user', '')}@") for r in fitting)
    whole = [reading for reading in fitting if _is_whole(record[reading.message_at :])]
    return max(reversed(whole or fitting), key=lambda reading: reading.message_at), False


def name_goes_on(readings: Sequence[Reading], late: Sequence[Reading], sessions: Sessions) -> bool:
    """Of a record whose first line ends inside of its head: whether that is for a newline in a name, so that what
    follows is the client's invention, however well it looks; or whether the line was torn, and a whole one follows.

    `readings` begin with the record, `late` ones with a later line.
    """
    open_to_all = [reading for reading in readings if not _contradicted(reading, sessions)]
    if not open_to_all or not late:
        return bool(open_to_all)
    if any(sessions.get(process_of(reading.values)) is not None for reading in open_to_all):
        return True
    # Nothing is known of the first line's process. A whole line of a session that is known is told from an invention
    # by its end: the server writes the rest of the head itself, and an invented head ends before it.
    ends = {reading.message_at for reading in open_to_all}
    return not any(
        reading.message_at in ends and _belongs(reading, sessions.get(process_of(reading.values))) for reading in late
    )


def _contradicted(reading: Reading, sessions: Sessions) -> bool:
    session = sessions.get(process_of(reading.values))
    return session is not None and session.contradiction(_names(reading)) != ""


def _belongs(reading: Reading, session: Session | None) -> bool:
    """Whether the reading is of a session whose beginning was seen, as its next line."""
    if session is None or not session.received or session.contradiction(_names(reading)):
        return False
    return int(reading.values.get("line_no") or 0) in (0, session.last_line + 1)


def _fit(reading: Reading, session: Session | None) -> int:
    """How well a reading agrees with its session."""
    # Not likely: a name that ends in blanks, which may be padding; a client with one name only, since the server writes
    # [unknown] for the others; a client's process of another kind.
    names = [reading.values[name] for name in ("app", "user", "db") if name in reading.values]
    fit = -any(value != value.strip(" ") for value in names) - 2 * (any(names) and not all(names))
    fit += reading.values.get("backend") == "client backend"
    if session is None:
        return fit
    app, user, db, client = _names(reading)
    for value, known in ((client, session.client), (user, session.user), (db, session.db)):
        if known and value is not None:
            fit += 4 if value == known else 0 if value in ("", UNKNOWN) else -8
    return fit + 2 * (session.app != "" and app == session.app)


def _names(reading: Reading) -> Names:
    """Its names; of `10.0.0.1(5432)` (%r) the address."""
    app, user, db, client = names_of(reading.values)
    return app, user, db, client.rpartition("(")[0] if client and client.endswith(")") else client


def _is_whole(message: str) -> bool:
    """Whether the message is no SQL, or SQL whose quotes are closed."""
    sql = _SQL.match(message)
    if sql is None:
        return True
    tokens = tokenize(message[sql.end() : sql.end() + 4096])
    return not tokens or tokens[-1].complete
