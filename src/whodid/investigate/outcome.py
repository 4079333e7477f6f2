"""What became of each dangerous statement: completed, failed, rolled back, or unknown where the log shows no witness.

PostgreSQL logs a statement *before* it runs, so the line alone proves an attempt only. The witnesses are the later
lines of the same session: a bare duration (it ended well), an ERROR (it failed), COMMIT, ROLLBACK, the disconnect.
One session runs one statement at a time, so a duration belongs to the statement before it and to no other. Pure:
events in, judgements out.

Where durations are not logged, an autocommitted statement has no witness and stays unknown. A transaction has one all
the same: if the session goes on after COMMIT and no ERROR was logged since BEGIN (errors always are), it was
committed.
"""

from collections.abc import Sequence
from typing import Final, Literal

from whodid.investigate.danger import is_dangerous, prepared, resolved
from whodid.investigate.event import Event
from whodid.investigate.sessions import Session
from whodid.investigate.transaction import Control, Item, Mode, Transaction, control_of
from whodid.pgsql.classify import classify
from whodid.pgsql.statement import Statement

Witness = Literal["duration", "next", "disconnect", "none"]

_PREPARED: Final = "prepare: "
_NO_END: Final = "the log ends before it says how this one ended"
_WENT_ON: Final = "its duration is not logged; no error followed, so it may well have taken effect"


def judge(session: Session, *, believe_suspect: bool = False) -> list[Item]:
    """The dangerous statements of a session with their outcomes, in order.

    Suspect lines are no witnesses: by default they are passed over. `believe_suspect` replays the session as if they
    were true, which is only good for showing what the suspect lines themselves claim.
    """
    replay = _Replay("idle" if session.start_ns is not None else "unsure")
    events = [event for event in session.events if believe_suspect or not event.suspect]
    for event in _with_named_errors(events):
        replay.take(event)
    replay.end(session)
    return replay.items


def _with_named_errors(events: list[Event]) -> list[Event]:
    """Errors together with the SQL that their own STATEMENT line names, where that is a row of its own."""
    out: list[Event] = []
    for event in events:
        if event.kind == "detail":
            error = out[-1] if out else None
            if event.text and error is not None and error.kind == "error" and not error.text:
                text = event.text.removeprefix("STATEMENT:").strip()
                out[-1] = Event("error", error.row, text, error.message, fatal=error.fatal, suspect=error.suspect)
            continue
        out.append(event)
    return out


class _Text:
    """The query text that is running: its statements, the dangerous ones of them as items."""

    def __init__(self, event: Event, known: dict[str, Statement]) -> None:
        self.event = event
        self.parts: list[tuple[Statement, Item | None]] = []
        detail = event.row.metadata.get("detail", "")
        if detail.startswith(_PREPARED):  # the server says what an EXECUTE was prepared from
            _remember(classify(detail[len(_PREPARED) :]), known)
        self._add(event, known)

    def add_nested(self, event: Event) -> list[Item]:
        """A statement that pgaudit saw inside of the running one (a function, a DO block): it shares its fate."""
        before = len(self.items)
        self._add(event, {})
        return self.items[before:]

    def _add(self, event: Event, known: dict[str, Statement]) -> None:
        written = classify(event.text)
        _remember(written, known)
        for statement in (resolved(part, known) for part in written):
            item = Item(event, statement, len(written) == 1) if is_dangerous(statement) else None
            self.parts.append((statement, item))

    @property
    def items(self) -> list[Item]:
        return [item for _, item in self.parts if item is not None]


def _remember(statements: Sequence[Statement], known: dict[str, Statement]) -> None:
    for statement in statements:
        if naming := prepared(statement):
            known[naming[0]] = naming[1]


class _Replay:
    """One session, told again line by line."""

    def __init__(self, mode: Mode) -> None:
        self.items: list[Item] = []
        self._transaction = Transaction(mode)
        self._current: _Text | None = None
        self._durations_logged = False
        self._hidden = False
        """A duration came without a statement: the log leaves statements out, perhaps a BEGIN or a ROLLBACK."""
        self._extended = False
        self._prepared: dict[str, Statement] = {}

    def take(self, event: Event) -> None:
        if event.kind == "statement":
            self._statement(event)
        elif event.kind == "duration":
            self._duration()
        elif event.kind == "error":
            self._error(event)
        elif event.kind in ("no transaction", "in transaction"):
            self._transaction.correct(in_transaction=event.kind == "in transaction")
        elif event.kind == "disconnect":
            self._finish("disconnect")
            self._transaction.close("the connection ended before a COMMIT")

    def end(self, session: Session) -> None:
        """After the last line."""
        if session.ending == "crash":
            self._interrupted("the server crashed", finished_is_possible=not self._durations_logged)
        elif session.ending == "reused":
            self._finish("none")
            self._transaction.close("another session took its process id before a COMMIT was seen")
        else:
            self._finish("none")
            for item in self._transaction.pending if self._transaction.mode in ("open", "failed") else ():
                item.settle("unknown", "its transaction is still open where the log ends")
        if self._hidden and not self._extended:
            self._distrust_autocommit()

    def _statement(self, event: Event) -> None:
        if "command" in event.row.metadata and self._current is not None:
            self.items += self._current.add_nested(event)
            return
        text = _Text(event, self._prepared)
        self._finish("next")
        self._extended = self._extended or event.extended
        self.items += text.items
        self._current = text
        if event.timed:
            self._durations_logged = True
            self._finish("duration")

    def _duration(self) -> None:
        if self._current is not None:
            self._durations_logged = True
            self._finish("duration")
        elif self.items or self._transaction.mode != "unsure":
            self._hidden = True

    def _error(self, event: Event) -> None:
        running = self._current
        if event.text and (running is None or not _same(event.text, running.event.text)):
            # A statement that only its error shows: it was refused before log_statement came to it, or is not logged.
            self._finish("next")
            running = self._current = _Text(event, self._prepared)
            self.items += running.items
        if event.fatal and not event.text:
            # Without a STATEMENT line the session was idle when it was ended, unless its duration is overdue.
            self._interrupted("the connection was ended by the server", finished_is_possible=not self._durations_logged)
            return
        if running is not None:
            self._fail(running, event)
        else:
            self._transaction.fail()
        if event.fatal:
            self._transaction.close("the connection was ended by the server before a COMMIT")

    def _interrupted(self, what: str, *, finished_is_possible: bool) -> None:
        if self._current is not None and not finished_is_possible:
            for item in self._current.items:
                item.settle("failed", f"{what} while it ran")
            self._current = None
        self._finish("none")
        self._transaction.close(f"{what} before a COMMIT")

    def _finish(self, witness: Witness) -> None:
        """The running text ended without an error, as far as `witness` shows."""
        text, self._current = self._current, None
        if text is None:
            return
        if witness == "none" and any(control_of(part) == "commit" for part, _ in text.parts):
            self._lost_commit(text)
            return
        for statement, item in text.parts:
            if item is not None:
                item.sure = witness == "duration"
                item.why = _NO_END if witness == "none" else _WENT_ON
            self._transaction.run(statement, item)
        self._transaction.end_text()

    def _lost_commit(self, text: _Text) -> None:
        """A COMMIT that nothing follows: it may or may not have been carried out."""
        self._transaction.pending += text.items
        self._transaction.lose_track("the log ends before it shows whether the COMMIT was carried out")

    def _fail(self, text: _Text, error: Event) -> None:
        """An error ended `text`. Which of several statements raised it is not logged."""
        self._current = None
        because = error.message or error.row.line
        controls = [control_of(statement) for statement, _ in text.parts]
        work = sum(1 for control in controls if not control)
        for index, (_, item) in enumerate(text.parts):
            if item is None:
                continue
            rest = controls[index + 1 :]
            end = next((i for i, control in enumerate(rest) if control in ("commit", "rollback", "prepare")), len(rest))
            if end < len(rest) - 1 and rest[end] != "rollback":
                item.settle(
                    "unknown", f"one of the statements sent with it failed, before or after its COMMIT: {because}"
                )
            elif work == 1:
                item.settle("failed", because)
            else:
                item.settle("rolled_back", f"an error undid everything that was sent with it: {because}")
        self._after_error(controls)

    def _after_error(self, controls: Sequence[Control]) -> None:
        transaction = self._transaction
        if list(controls) in (["commit"], ["prepare"]):
            transaction.undo("the COMMIT itself failed")
        elif transaction.mode == "idle" and "begin" not in controls:
            return
        elif len(controls) > 1 and any(controls):
            transaction.lose_track(
                "a text that also steers the transaction failed, and the log does not say where in it"
            )
        else:
            transaction.fail()

    def _distrust_autocommit(self) -> None:
        for item in self.items:
            if item.outcome == "completed" and item.by_itself:
                item.settle(
                    "unknown",
                    "it ended well, but the log leaves out some statements of this session, perhaps a ROLLBACK",
                )


_CUT: Final = 200
"""A text shorter than this was not cut by anybody: syslog and the server's limits are longer."""


def _same(one: str, other: str) -> bool:
    """Whether two log lines name the same SQL, blanks and a final semicolon apart; one may be cut short."""
    first, second = (" ".join(text.split()).rstrip("; ") for text in (one, other))
    shorter, longer = sorted((first, second), key=len)
    return first == second or (len(shorter) >= _CUT and longer.startswith(shorter))
