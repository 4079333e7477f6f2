"""Answers in two statements speak of each row once, also where it comes to be known between them."""

import pyarrow as pa
import pytest

from whodid.query.answers import answers, lines_in
from whodid.query.in_engine import EnginePlan, EnginePlans
from whodid.query.statements import DROPPED, IN_DOUBT, KEPT, UNREAD

TEXT = EnginePlan((), (), "true", "false", {}, "")
KNOWN = EnginePlan((), (), "true", "false", {}, "", known="known")


class Budget:
    async def last_seq(self) -> int:
        return 77


def table(**lines: int) -> pa.Table:
    states = {"dropped": DROPPED, "kept": KEPT, "in_doubt": IN_DOUBT, "unread": UNREAD}
    return pa.table({"state": [states[name] for name in lines], "lines": list(lines.values())})


@pytest.mark.parametrize(
    ("kept", "replies", "asked", "taken"),
    [
        (None, [table(kept=5)], [()], 1),
        (KNOWN, [table(kept=5, dropped=3)], [("seq <= 77",)], 1),
        (KNOWN, [pa.table({})], [("seq <= 77",)], 1),
        (
            KNOWN,
            [table(kept=5, unread=9), table(kept=4, dropped=3, in_doubt=2)],
            [("seq <= 77",), ("NOT (known)", "seq <= 77")],
            2,
        ),
        # Two of the nine came to be known: what both statements say is thrown away.
        (
            KNOWN,
            [table(kept=5, unread=9), table(kept=4, dropped=3), table(kept=14)],
            [("seq <= 77",), ("NOT (known)", "seq <= 77"), ()],
            1,
        ),
    ],
)
async def test_each_row_is_told_once(
    kept: EnginePlan | None, replies: list[pa.Table], asked: list[tuple[str, ...]], taken: int
) -> None:
    plans: list[EnginePlan] = []

    async def ask(plan: EnginePlan) -> pa.Table:
        plans.append(plan)
        return replies[len(plans) - 1]

    told = await answers(EnginePlans(TEXT, kept), ask, Budget())  # type: ignore[arg-type]
    assert [plan.lines for plan in plans] == asked
    assert told == replies[-taken:]
    assert [plan.known for plan in plans[:1]] == ["known" if kept else ""]


def test_lines_are_counted_by_state() -> None:
    assert lines_in(pa.table({})) == 0
    some = table(kept=1, in_doubt=20, unread=300)
    assert (lines_in(some), lines_in(some, {KEPT, UNREAD}), lines_in(some, {DROPPED})) == (321, 301, 0)
