"""Which sessions are strangely silent, and which only look so."""

import pytest

from whodid.formats import Format, make_format
from whodid.formats.format import FormatSettings

PREFIX = "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "


class Server:
    """Writes the log of sessions, one after the other."""

    def __init__(self, prefix: str = PREFIX) -> None:
        self.log: Format = make_format("postgres", FormatSettings(line_prefix=prefix))
        self.prefix = prefix
        self.pid = 100

    def line(self, number: int, user: str, message: str) -> dict[str, str]:
        head = (
            self.prefix.replace("%t", "2026-11-23 06:32:35 UTC").replace("%p", str(self.pid)).replace("%l", f"{number}")
        )
        head = head.replace("%u", user).replace("%d", "shop").replace("%a", "psql").replace("%h", "10.0.0.1")
        return self.log.parse(f"{head}{message}").attributes

    def session(self, user: str, *messages: str, received: bool = True) -> dict[str, str]:
        """Its last line."""
        self.pid += 1
        first = [("[unknown]", "LOG:  connection received: host=10.0.0.1 port=5")] if received else []
        lines = [*first, (user, f"LOG:  connection authorized: user={user} database=shop")]
        lines += [(user, message) for message in messages]
        lines.append((user, f"LOG:  disconnection: session time: 0:00:01.000 user={user} database=shop host=10.0.0.1"))
        return [self.line(number, name, message) for number, (name, message) in enumerate(lines, 1)][-1]


@pytest.mark.parametrize("prefix", [PREFIX, PREFIX.replace("[%l-1] ", "")])
def test_silence_is_told_where_the_account_speaks(prefix: str) -> None:
    server = Server(prefix)
    for _ in range(3):
        assert server.session("root", "LOG:  statement: SELECT 1")["operation"] == "disconnect"
    last = server.session("root")
    assert last["operation"] == "logging_changed"
    assert last["silent"] == "nothing was logged of the session, while each of the 3 before it of root spoke"
    assert last["message"].startswith("disconnection: ")


def test_two_sessions_are_too_few_to_know_an_account() -> None:
    server = Server()
    for _ in range(2):
        server.session("root", "LOG:  statement: SELECT 1")
    assert "silent" not in server.session("root")


def test_a_pool_that_opens_a_connection_too_many_is_told_of_once() -> None:
    server = Server()
    told = 0
    for number in range(60):
        told += "silent" in server.session("app", *["LOG:  statement: SELECT 1"] * (number % 7 != 5))
    assert told == 1


def test_silence_after_twenty_that_spoke_is_told_again() -> None:
    server = Server()
    server.session("app")
    for _ in range(20):
        server.session("app", "LOG:  statement: SELECT 1")
    assert "silent" in server.session("app")


def test_who_is_always_silent_is_not_strange() -> None:
    """A log that shows slow or changing statements only; health checks."""
    server = Server()
    for _ in range(9):
        assert "silent" not in server.session("check")
        server.session("app", "LOG:  statement: SELECT 1")


def test_an_error_is_something_said() -> None:
    server = Server()
    for _ in range(3):
        server.session("app", "LOG:  statement: SELECT 1")
    assert "silent" not in server.session("app", "ERROR:  syntax error")


def test_a_session_whose_beginning_was_not_seen_is_not_judged() -> None:
    server = Server()
    for _ in range(3):
        server.session("app", "LOG:  statement: SELECT 1")
    assert "silent" not in server.session("app", received=False)


def test_silence_after_logging_was_changed() -> None:
    for ending in ((), ("LOG:  duration: 0.1 ms",)):
        last = Server().session("root", "LOG:  statement: SET log_statement = 'none'", *ending)
        assert last["silent"] == "nothing was logged of the session after it had changed log_statement"


def test_what_is_said_after_a_change_ends_the_suspicion() -> None:
    change = "LOG:  statement: SET log_statement = 'none'"
    for after in ("LOG:  statement: SELECT 1", 'ERROR:  permission denied to set parameter "log_statement"'):
        assert "silent" not in Server().session("root", change, after, "LOG:  duration: 0.1 ms")
