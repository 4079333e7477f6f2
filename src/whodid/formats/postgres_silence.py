"""Sessions that say nothing where others do: a superuser may switch logging off as he connects, and no line tells it.

`PGOPTIONS='-c log_statement=none -c log_min_duration_statement=-1'` leaves a connection, a login and a disconnection,
and nothing between them. So does a pool that opens a connection too many, or a health check. The rule, made for few
false alarms: a session that was seen from its connection to its end and told nothing is suspicious if its account had
at least three whole sessions in this log before, and every one of the latest (up to twenty) told something. Each
silent session counts for the account from then on, so one that is silent by habit is reported once, and again only
after twenty sessions that spoke. A session that changed what is logged of it and said nothing after that is always
suspicious. Kept for each followed file; a restart of the agent begins to count anew.
"""

from typing import Final

from whodid.formats.postgres_session import Session

_LATEST: Final = 20
_ENOUGH: Final = 3
_MOST_ACCOUNTS: Final = 2000


class Voices:
    """Which of each account's latest sessions told something."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[str, list[bool]] = {}

    def end(self, session: Session) -> str:
        """Takes note of a session that ends; what is suspicious about its silence, empty if nothing is."""
        if _silenced(session):
            return f"nothing was logged of the session after it had changed {session.setting}"
        if not (session.received and session.authorized and session.user) or session.before is not None:
            return ""
        told = self._told.get(session.user)
        if told is None:
            if len(self._told) >= _MOST_ACCOUNTS:
                self._told.clear()
            told = self._told[session.user] = []
        unusual = not session.spoke and len(told) >= _ENOUGH and all(told)
        why = ""
        if unusual:
            why = f"nothing was logged of the session, while each of the {len(told)} before it of {session.user} spoke"
        told.append(session.spoke)
        del told[:-_LATEST]
        return why


def _silenced(session: Session) -> bool:
    """Whether the last that was told is how logging was changed. Its own duration may follow, then the end."""
    return session.setting != "" and session.statement == session.set_by and session.last_line <= session.set_at + 2
