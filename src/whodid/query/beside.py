"""A log query's first look: where labels are kept beside the lines, those whose labels say no are not read.

Every label filter behind a plain `| json` is asked by itself, so that one whose label is not kept costs the others
nothing. What remains is read and judged as if nothing had been kept. Called by engine.py and export.py for the queries
that scan; metric queries have it in in_engine.py.
"""

from collections.abc import Iterator
from dataclasses import replace

from whodid.logql.ast import JsonParser, LabelFilter, LineFilter, LogQuery
from whodid.query.columns import Aliases
from whodid.query.columns.column import any_of
from whodid.query.in_engine import BESIDE, planned
from whodid.query.planner import Plan
from whodid.query.wanted import Wanted, names_of_predicate


def narrowed(query: LogQuery, plan: Plan) -> Plan:
    """The query's plan with a condition for each such filter."""
    aliases = Aliases(prefix=BESIDE)
    conditions: list[str] = []
    for label_filter in _behind_json(query):
        names = frozenset(names_of_predicate(label_filter.predicate))
        alone = LogQuery(query.selector, (JsonParser(), label_filter))
        kept = planned(alone, plan, Wanted(names), None, aliases, beside=True)
        if kept is not None:
            conditions.append(f"({any_of(f'NOT ({kept.known})', kept.holds, kept.doubt)})")
    return replace(
        plan,
        definitions=(*plan.definitions, *aliases.definitions),
        conditions=(*plan.conditions, *conditions),
        narrow=0 < len(conditions) == sum(isinstance(stage, LabelFilter) for stage in query.stages),
    )


def _behind_json(query: LogQuery) -> Iterator[LabelFilter]:
    """The label filters before which nothing but one `| json` has made or changed a label."""
    parsed = False
    for stage in query.stages:
        match stage:
            case LineFilter():
                pass
            case LabelFilter() if parsed:
                yield stage
            case LabelFilter():
                pass
            case JsonParser(()) if not parsed:
                parsed = True
            case _:
                return
