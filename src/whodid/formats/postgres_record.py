"""What becomes of a record of PostgreSQL's log once its fields are known: the same for text, CSV and JSON.

The message is described (postgres_message.py), the session bears witness (postgres_witness.py), and the end of one that
was strangely silent is told (postgres_silence.py). Each format holds one `Teller` for its file.
"""

from collections.abc import Mapping
from typing import Final

from whodid.formats.postgres_message import describe
from whodid.formats.postgres_prefix import FOLLOW_UPS
from whodid.formats.postgres_session import Session, deceptive
from whodid.formats.postgres_silence import Voices
from whodid.formats.postgres_witness import Sessions, put_in

_PUT_IN: Final = "a statement of the client had this line written: it only looks like the server's own"


class Teller:
    """Fills the attributes of one log's records. `sessions` is its memory."""

    __slots__ = ("_voices", "sessions")

    def __init__(self) -> None:
        self.sessions = Sessions()
        self._voices = Voices()

    def tell(
        self,
        out: dict[str, str],
        key: str | None,
        ns: int | None,
        severity: str,
        message: str,
        parts: Mapping[str, str] | None,
        lines: int = 1,
        doubt: str = "",
        *,
        escaped: bool = False,
    ) -> None:
        """Adds to `out`, which holds what the head says. `key` tells sessions apart, `lines` is how many the server
        numbered, `doubt` what is wrong with the record already; `escaped`: the log escapes names, so that one which
        looks like a piece of a line fools nobody."""
        imitates = deceptive(out)
        if imitates and escaped:
            out["imitates"] = imitates
        why = doubt
        forged = parts is not None and put_in(severity, message, parts)
        own = severity == "LOG" and not forged
        session: Session | None = None
        if key:
            session, unfit = self.sessions.of(key, out, ns, message, own=own)
            why = why or unfit
            if session.id and "session" not in out:
                out["session"] = session.id
            if session.port and "port" not in out and out.get("client") == session.client:
                out["port"] = session.port
        if severity in FOLLOW_UPS:  # its record was elsewhere
            out["severity"] = severity
            out["statement" if severity == "STATEMENT" else "message"] = message
        else:
            describe(out, severity, message, parts, session, own=not forged)
        why = why or (_PUT_IN if forged else "")
        if session is not None:
            unfit = self.sessions.doubt(session, out, message, lines, own=own)
            why = why or unfit
            self._learn(session, out, message, own=own, trusted=not why)
        if imitates and not escaped:
            why = why or imitates
        if why:
            out["trust"], out["trust_why"] = "suspect", why

    def _learn(self, session: Session, out: dict[str, str], message: str, *, own: bool, trusted: bool) -> None:
        self.sessions.learn(session, out, message, own=own, trusted=trusted)
        if own and "setting" in out and "statement" in out:
            session.setting, session.set_by, session.set_at = out["setting"], session.statement, session.last_line
        elif out.get("outcome") == "failed":
            session.setting = ""
        elif trusted and out.get("operation") == "disconnect":
            silence = self._voices.end(session)
            if silence:
                out["operation"], out["silent"] = "logging_changed", silence
