"""The planner: what of a log query the engine does and what is left to Python.

Every stage is asked for its SQL with what is known of the rows at that point (Scope). Conditions of exact stages
replace them; conditions of the others only keep rows away from Python. Stages after one that SQL cannot say are
asked too: a line filter behind `json` still runs in the engine, since json leaves the line alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from whodid.logql.ast import LogQuery, Stage
from whodid.model.entry import Labels
from whodid.query import grams
from whodid.query.line import Line
from whodid.query.selector import select
from whodid.query.stages import STAGES, Meaning, Scope, Step


@dataclass(frozen=True, slots=True)
class Plan:
    """One log query, ready to run."""

    streams: Mapping[int, Labels]
    """The streams its selector names."""
    conditions: tuple[str, ...]
    """SQL; together they keep at least what the query keeps."""
    suspects: tuple[str, ...]
    """SQL; where none of them is true, `conditions` keep exactly what the query keeps."""
    steps: tuple[Step, ...]
    """What Python does with each row the engine returns."""
    drops: bool
    """The steps may drop lines, so the engine must return more than the limit."""
    in_engine: bool
    """But for suspect rows, nothing is left to Python: a metric can be aggregated by the engine."""
    definitions: tuple[str, ...] = ()
    """SQL, `expression AS name`: what the conditions call by name."""
    eager: bool = False
    """Its SQL is that of columns/, which is cheaper when all of it is worked out (store.Reader)."""
    narrow: bool = False
    """But where nothing is kept beside the lines, the steps drop few of what the conditions keep (beside.py)."""
    hints: tuple[str, ...] = ()
    """SQL for WHERE, by which the engine need not read all (grams.py); no row goes by them."""

    def keeps(self, line: Line) -> bool:
        """Runs the steps on a line; False if one drops it."""
        return all(step(line) for step in self.steps)


def plan(query: LogQuery, streams: Mapping[int, Labels]) -> Plan:
    """Plans a query over a tenant's streams. Raises QueryError for a stage that cannot be compiled."""
    chosen = select(streams, query.selector.matchers)
    scope = Scope(chosen)
    conditions: list[str] = []
    suspects: list[str] = []
    hints: list[str] = []
    steps: list[Step] = []
    drops, in_engine = False, True
    for stage in query.stages:
        meaning = STAGES[type(stage)]
        step = meaning.apply(stage)  # even if SQL says it all: a stage that cannot run must not depend on the data
        fragment = meaning.sql(stage, scope)
        if fragment is not None and fragment.condition != "true":
            conditions.append(f"({fragment.condition})")
            hints.append(grams.hint(fragment.words))
        if fragment is None or not fragment.exact:
            steps.append(step)
            drops = drops or meaning.drops
            in_engine = in_engine and fragment is not None and bool(fragment.suspect)
            suspects += [fragment.suspect] if fragment is not None and fragment.suspect else []
            scope = _after(scope, stage, meaning)
    useful = tuple(hint for hint in hints if hint)
    return Plan(chosen, tuple(conditions), tuple(suspects), tuple(steps), drops, in_engine, hints=useful)


def steps(query: LogQuery) -> tuple[Step, ...]:
    """All stages in Python: for rows that are in memory already."""
    return tuple(STAGES[type(stage)].apply(stage) for stage in query.stages)


def _after(scope: Scope, stage: Stage, meaning: Meaning) -> Scope:
    """What is known behind a stage that SQL has not replaced."""
    known = ("stored", "parsed", "changed")
    return replace(
        scope,
        line_intact=scope.line_intact and not meaning.rewrites,
        labels=max(scope.labels, meaning.labels, key=known.index),
        may_fail=scope.may_fail or meaning.may_fail,
    )
