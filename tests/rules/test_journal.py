"""The journal: what was recorded is there after a restart; a turn is recorded whole or not at all."""

import math
import sqlite3
from pathlib import Path

import pytest

from whodid.rules.journal import Journal, JournalError, Notice, Turn
from whodid.rules.state import Tracked, as_alert

FIRING = Tracked({"alertname": "A"}, {"s": "x"}, "firing", math.nan, "f1", 5, 7)


def turn(**changes: object) -> Turn:
    return Turn(**{"rule": "r", "at_ns": 10, "entered": (FIRING,), "history": (FIRING,), **changes})  # type: ignore[arg-type]


async def test_all_of_a_turn_is_restored(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    alert = as_alert(FIRING)
    await journal.record([turn(notice=Notice("n1", (alert,)), judged_seq=12), turn(rule="q", notice=Notice("n2", ()))])
    await journal.close()
    journal = Journal(tmp_path / "j")
    restored = await journal.restore()
    tracked = restored.active["r"]["f1"]
    assert (tracked.labels, tracked.state, tracked.active_at_ns, tracked.last_true_ns) == (
        {"alertname": "A"},
        "firing",
        5,
        7,
    )
    assert math.isnan(tracked.value)
    assert restored.judged == {"r": 12}
    assert [notice.id for notice in restored.notices] == ["n1", "n2"]
    assert restored.notices[0].alerts[0].labels == {"alertname": "A"}
    await journal.handed_over("n1")
    await journal.record([Turn("r", 20, dropped=("f1",))])
    restored = await journal.restore()
    assert [notice.id for notice in restored.notices] == ["n2"]
    assert "r" not in restored.active
    await journal.close()


async def test_half_a_turn_is_never_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    await journal.record([turn(notice=Notice("n1", ()))])
    with pytest.raises(JournalError):
        await journal.record([turn(rule="other", judged_seq=99), turn(rule="third", notice=Notice("n1", ()))])
    restored = await journal.restore()
    assert set(restored.active) == {"r"}
    assert restored.judged == {}
    await journal.close()


async def test_history_is_newest_first_and_is_pruned() -> None:
    journal = Journal(":memory:")
    for at_ns in (10, 20, 30):
        await journal.record([turn(at_ns=at_ns)])
    assert [line.at_ns for line in await journal.history()] == [30, 20, 10]
    assert [line.at_ns for line in await journal.history(10, 30, 1)] == [20]
    assert await journal.prune_history(20) == 1
    assert [line.at_ns for line in await journal.history()] == [30, 20]
    await journal.close()


async def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute("PRAGMA user_version=9")
    db.close()
    with pytest.raises(JournalError, match="newer whodid"):
        Journal(tmp_path / "j")
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "absent" / "j")
