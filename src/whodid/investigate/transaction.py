"""Transaction: which statements of a session took effect, by PostgreSQL's rules of BEGIN, COMMIT, ROLLBACK and
savepoints.

A small state machine over statements that are known to have run; it reads no log. outcome.py feeds it. The rules are
the manual's: §55.2.2.1 (a simple query of several statements is one implicit transaction; a BEGIN inside takes over
what came before it) and §3.4 (ROLLBACK TO revives a failed transaction).
"""

from dataclasses import dataclass
from typing import Final, Literal

from whodid.investigate.event import Event
from whodid.investigate.finding import Outcome
from whodid.pgsql.statement import Statement

Mode = Literal["idle", "open", "failed", "unsure", "broken"]
"""`unsure`: the rows begin in the middle of the session; a transaction may be open though no BEGIN was seen.
`broken`: an error left it failed or ended it; the next statement that works shows which."""
Control = Literal["begin", "commit", "rollback", "rollback to", "savepoint", "release", "prepare", ""]

_CONTROLS: Final[dict[str, Control]] = {
    "BEGIN": "begin",
    "COMMIT": "commit",
    "ROLLBACK": "rollback",
    "ROLLBACK TO": "rollback to",
    "SAVEPOINT": "savepoint",
    "RELEASE": "release",
    "PREPARE TRANSACTION": "prepare",
}


def control_of(statement: Statement) -> Control:
    """What a statement does to its transaction."""
    return _CONTROLS.get(statement.operation, "")


def _chains(statement: Statement) -> bool:
    """COMMIT AND CHAIN opens the next transaction at once."""
    return statement.text.lower().split()[-2:] == ["and", "chain"]


@dataclass(slots=True)
class Item:
    """One dangerous statement on trial. `outcome` is final once it is no longer pending in the transaction."""

    event: Event
    statement: Statement
    alone: bool = True
    """The only statement of its text."""
    outcome: Outcome = "unknown"
    why: str = ""
    sure: bool = True
    """Whether a line of the log shows that the statement itself ended well."""
    by_itself: bool = False
    """Committed by autocommit, not by a COMMIT that the log shows."""

    def settle(self, outcome: Outcome, why: str) -> None:
        self.outcome, self.why = outcome, why


class Transaction:
    """The transaction state of one session. Give `run` each statement that ran, and `end_text` after each text."""

    def __init__(self, mode: Mode) -> None:
        self.mode: Mode = mode
        self.pending: list[Item] = []
        self.savepoints: list[tuple[str, int]] = []

    def run(self, statement: Statement, item: Item | None) -> None:
        """One statement that ran without an error; `item` if it is a dangerous one."""
        control, name = control_of(statement), statement.objects[0] if statement.objects else ""
        chained: Mode = "open" if control in ("commit", "rollback") and _chains(statement) else "idle"
        if self.mode == "unsure" and control in ("savepoint", "release", "rollback to"):
            self.mode = "open"  # there are savepoints only inside a transaction
        if self.mode == "broken":
            self.mode = "open" if control == "rollback to" else "idle"
        if control == "begin":
            self._begin()
        elif control == "commit":
            self.commit(chained)
        elif control == "rollback":
            self.undo("the transaction was rolled back", chained)
        elif control == "rollback to":
            self._rollback_to(name)
        elif control == "savepoint":
            self.savepoints.append((name, len(self.pending)))
        elif control == "release":
            self._release(name)
        elif control == "prepare":
            self._settle_all(
                "unknown", "the transaction was prepared for a two-phase commit that this session does not end"
            )
            self.mode = "idle"
        elif item is not None:
            self.pending.append(item)

    def end_text(self) -> None:
        """The end of one query text: outside a transaction everything in it is now committed."""
        if self.mode == "idle":
            for item in self._take():
                _commit_by_itself(item, "")
        elif self.mode == "unsure":
            for item in self.pending:  # kept pending: a later ROLLBACK would show that a transaction was open after all
                _commit_by_itself(item, "; the beginning of the session is not in the log, and no BEGIN was seen")

    def commit(self, then: Mode = "idle") -> None:
        if self.mode == "failed":
            self.undo("an error had already failed the transaction, so its COMMIT rolled it back", then)
            return
        self._settle_all("completed", "its transaction was committed")
        self.mode = then

    def undo(self, why: str, then: Mode = "idle") -> None:
        self._settle_all("rolled_back", why)
        self.mode = then

    def fail(self) -> None:
        """An error inside the transaction: nothing of it can take effect unless it goes back to a savepoint."""
        if self.mode == "open":
            self.mode = "failed"

    def lose_track(self, why: str) -> None:
        """An error after which it is not known what of the transaction is left."""
        self._settle_all("unknown", why)
        self.mode = "broken"

    def correct(self, *, in_transaction: bool) -> None:
        """The server itself says whether a transaction is open; what autocommit did before stands."""
        if self.mode == "unsure" and in_transaction:
            self.mode = "open"
        elif self.mode == "unsure":
            self._take()
            self.mode = "idle"

    def close(self, why: str) -> None:
        """The connection is gone: what was not committed never will be."""
        if self.mode in ("open", "failed"):
            self.undo(why)

    def _begin(self) -> None:
        if self.mode == "unsure":
            self._take()  # a BEGIN shows that no transaction was open: what autocommit did stands
        if self.mode != "failed":
            self.mode = "open"

    def _rollback_to(self, name: str) -> None:
        index = next((i for i in reversed(range(len(self.savepoints))) if self.savepoints[i][0] == name), None)
        if index is None:
            return
        kept = self.savepoints[index][1]
        for item in self.pending[kept:]:
            item.settle("rolled_back", f"the session went back to savepoint {name}")
        del self.pending[kept:], self.savepoints[index + 1 :]
        if self.mode == "failed":
            self.mode = "open"

    def _release(self, name: str) -> None:
        index = next((i for i in reversed(range(len(self.savepoints))) if self.savepoints[i][0] == name), None)
        if index is not None:
            del self.savepoints[index:]

    def _settle_all(self, outcome: Outcome, why: str) -> None:
        for item in self._take():
            item.settle(outcome, why)
            item.by_itself = False

    def _take(self) -> list[Item]:
        taken, self.pending, self.savepoints = self.pending, [], []
        return taken


def _commit_by_itself(item: Item, but: str) -> None:
    if item.sure:
        item.settle("completed", f"the server logged its duration, and it was not inside a transaction{but}")
        item.by_itself = True
    else:
        item.settle("unknown", item.why)
