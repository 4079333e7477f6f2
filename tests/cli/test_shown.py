"""What --dry-run prints of an entry: what, the line, the rest; nothing twice, and nothing a line could fake."""

from whodid.agent.dry_run import Shown
from whodid.cli.shown import shown_text
from whodid.model.clock import SECOND

NS = 1_795_415_555 * SECOND
LABELS = '{job="auth"}'


def text(line: str, attributes: dict[str, str], *, understood: bool = True, before: str = LABELS) -> list[str]:
    return shown_text(Shown(NS, LABELS, line, attributes, understood), before).split("\n")


def test_the_headline_says_when_and_what_then_the_line_then_the_rest() -> None:
    attributes = {"pid": "7", "operation": "login", "client": "192.0.2.7", "outcome": "completed", "user": "noa"}
    assert text("sshd[7]: Accepted", attributes, before="") == [
        LABELS,
        "2026-11-23T06:32:35Z  login  completed",
        "    sshd[7]: Accepted",
        "      user=noa  client=192.0.2.7  pid=7",
    ]


def test_labels_are_said_when_they_are_others() -> None:
    assert text("a", {"b": "c"})[0] == "2026-11-23T06:32:35Z"


def test_what_is_the_whole_line_is_not_said_again() -> None:
    line = "disk is full"
    assert text(line, {"message": line, "level": "warn"})[-1] == "      level=warn"
    assert text(line, {"message": line})[1:] == ["    disk is full"]


def test_of_what_the_line_ends_with_the_beginning_is_enough() -> None:
    statement = 'TRUNCATE "customer", orders, invoice, stock,\nproduct CASCADE;'
    line = f"LOG:  statement: {statement.replace(chr(10), chr(10) + chr(9))}"
    assert text(line, {"operation": "TRUNCATE", "statement": statement})[1:] == [
        '    LOG:  statement: TRUNCATE "customer", orders, invoice, stock,',
        "    \tproduct CASCADE;",
        '      statement=TRUNCATE "customer", ord… (to the end of the line)',
    ]
    key = "SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJK"
    assert text(f"Accepted {key}", {"key": key})[-1] == f"      key={key}"
    assert text(f"{'x y ' * 20} and more", {"message": "x y " * 20})[-1].endswith("x y x y")


def test_what_was_not_understood() -> None:
    assert text("odd", {}, understood=False) == [
        "2026-11-23T06:32:35Z  NOT UNDERSTOOD",
        "    odd",
        "      nothing was read out of it",
    ]
    assert text("odd", {"hostname": "a"}, understood=False)[-1] == "      hostname=a"


def test_rows_are_filled_and_no_wider_than_a_page() -> None:
    rows = text("a", {f"name_{n:02}": "value " * 3 for n in range(20)})[2:]
    assert max(map(len, rows)) <= 116
    assert len(rows) == 5
    assert "name_19" in rows[-1]


def test_no_line_can_look_like_another_entry() -> None:
    shown = text("a\n2026-11-23T06:32:35Z  login\r\x1b[2J", {"message": "b\n2026-11-23T06:32:36Z  login"})
    assert [row for row in shown if row.startswith("2026")] == ["2026-11-23T06:32:35Z"]
    assert "\x1b" not in "".join(shown) and "\\x1b[2J" in "".join(shown)
