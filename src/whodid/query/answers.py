"""What the engine says to the plans of in_engine.py: in one statement, or in two that speak of the same rows.

Labels come to be kept beside a row while queries run (ingest/json_fields.py). A row that was not known to the first
statement and is known when the second runs would be in neither, so that the second counts the rows that it has seen.
samples.py and unwrapped.py call this.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import pyarrow as pa

from whodid.query import statements
from whodid.query.arrays import array_of
from whodid.query.budget import Budget
from whodid.query.in_engine import EnginePlan, EnginePlans

Ask = Callable[[EnginePlan], Awaitable[pa.Table]]
"""Runs a statement of the plan that gives `state` and `lines`, and all rows of its span whatever state they are in."""


async def answers(plans: EnginePlans, ask: Ask, budget: Budget) -> list[pa.Table]:
    """The tables that together are the answer; a series may be in each of them."""
    if plans.kept is None:
        return [await ask(plans.text)]
    # Lines that come meanwhile would count as seen.
    upto = f"seq <= {await budget.last_seq()}"
    first = await ask(_of(plans.kept, upto))
    unread = lines_in(first, {statements.UNREAD})
    if not unread:
        return [first]
    second = await ask(_of(plans.rest, upto))
    return [first, second] if lines_in(second) == unread else [await ask(plans.text)]


def lines_in(table: pa.Table, states: Collection[int] | None = None) -> int:
    """How many lines are in one of the states; None: in any."""
    if table.num_rows == 0:
        return 0
    counts = array_of(table["lines"])
    if states is None:
        return int(counts.sum())
    return int(sum(counts[array_of(table["state"]) == state].sum() for state in states))


def _of(plan: EnginePlan, condition: str) -> EnginePlan:
    return replace(plan, lines=(*plan.lines, condition))
