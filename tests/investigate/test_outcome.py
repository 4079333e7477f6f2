"""Outcomes against an oracle: random sessions are run by a little model of PostgreSQL, which also writes their log.

The model keeps copies of the whole state (working set, savepoints), so it shares nothing with the machine under test,
which keeps lists of what is pending.
"""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.stories import rows_of
from whodid.investigate.outcome import judge
from whodid.investigate.sessions import rebuild


@dataclass
class Server:
    """Runs texts, writes log rows. State is the set of truncated tables."""

    committed: set[str] = field(default_factory=set)
    working: set[str] | None = None
    implicit: bool = False
    failed: bool = False
    savepoints: list[tuple[str, set[str]]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def send(self, statements: list[str], durations: bool) -> None:
        text = "; ".join(statements)
        self.log.append(f"03:53:07 db 41 sql {text}")
        self.implicit = self.working is None
        if self.implicit:
            self.working = set(self.committed)
        for statement in statements:
            error = self._run(statement)
            if error:
                self.log.append(f"03:53:07 db 41 error {error} || {text}")
                if self.implicit:
                    self._close()
                else:
                    self.failed = True
                return
        if self.implicit:
            assert self.working is not None
            self.committed = self.working
            self._close()
        if durations:
            self.log.append("03:53:07 db 41 duration")

    def _close(self) -> None:
        self.working, self.failed, self.savepoints = None, False, []

    def _run(self, statement: str) -> str:
        word, _, rest = statement.partition(" ")
        if self.failed and not statement.startswith(("ROLLBACK", "COMMIT")):
            return "current transaction is aborted, commands ignored until end of transaction block"
        assert self.working is not None
        if word == "BEGIN":
            if not self.implicit:
                self.log.append("03:53:07 db 41 warning there is already a transaction in progress")
            self.implicit = False
        elif word == "COMMIT" or statement == "ROLLBACK":
            if self.implicit:
                self.log.append("03:53:07 db 41 warning there is no transaction in progress")
            if word == "COMMIT" and not self.failed:
                self.committed = self.working
            self._close()
            self.working, self.implicit = set(self.committed), True
        elif word == "SAVEPOINT":
            if self.implicit:
                return "SAVEPOINT can only be used in transaction blocks"
            self.savepoints.append((rest, set(self.working)))
        elif word == "ROLLBACK":
            return self._rollback_to(rest.removeprefix("TO "))
        elif word == "TRUNCATE":
            self.working.add(rest)
        elif word == "SELECT" and rest.startswith("1/0"):
            return "division by zero"
        return ""

    def _rollback_to(self, name: str) -> str:
        names = [known for known, _ in self.savepoints]
        if self.implicit or name not in names:
            return f'savepoint "{name}" does not exist'
        at = len(names) - 1 - names[::-1].index(name)
        del self.savepoints[at + 1 :]
        self.working, self.failed = set(self.savepoints[at][1]), False
        return ""


WORDS = [
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT a",
    "SAVEPOINT b",
    "ROLLBACK TO a",
    "ROLLBACK TO b",
    "FAIL",
    "SELECT 1",
]
STATEMENT = st.one_of(st.just("TRUNCATE"), st.sampled_from(WORDS))
SINGLE = st.lists(st.lists(STATEMENT, min_size=1, max_size=1), min_size=1, max_size=14)
SEVERAL = st.lists(st.lists(STATEMENT, min_size=1, max_size=4), min_size=1, max_size=8)


def play(texts: list[list[str]], durations: bool) -> tuple[Server, dict[str, str]]:
    server, number = Server(), 0
    server.log.append("03:53:06 db 41 connect @client=192.0.2.14")
    for text in texts:
        named = []
        for statement in text:
            number += statement == "TRUNCATE"
            named.append(f"TRUNCATE t{number}" if statement == "TRUNCATE" else statement)
        server.send([f"SELECT 1/0 AS {word}" if word == "FAIL" else word for word in named], durations)
    server.log.append("03:53:08 db 41 disconnect")
    [session] = rebuild(rows_of("\n".join(server.log)))
    return server, {item.statement.objects[0]: item.outcome for item in judge(session)}


@settings(deadline=None, max_examples=100)
@given(SINGLE)
def test_one_statement_a_text_is_always_decided_rightly(texts: list[list[str]]) -> None:
    server, outcomes = play(texts, durations=True)
    effective = {table for table, outcome in outcomes.items() if outcome == "completed"}
    assert "unknown" not in outcomes.values()
    assert effective == server.committed


@settings(deadline=None, max_examples=100)
@given(SEVERAL)
def test_several_statements_a_text_are_never_decided_wrongly(texts: list[list[str]]) -> None:
    server, outcomes = play(texts, durations=True)
    for table, outcome in outcomes.items():
        if outcome != "unknown":
            assert (outcome == "completed") == (table in server.committed), (table, server.log)


@settings(deadline=None, max_examples=100)
@given(SEVERAL)
def test_without_durations_nothing_is_said_that_is_not_so(texts: list[list[str]]) -> None:
    server, outcomes = play(texts, durations=False)
    for table, outcome in outcomes.items():
        if outcome != "unknown":
            assert (outcome == "completed") == (table in server.committed), (table, server.log)
