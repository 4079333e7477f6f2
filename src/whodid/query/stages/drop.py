"""`| drop user, level="debug"`: takes labels away, always or when their value matches. `__error__` can be dropped too.

In SQL only as the nothing it is when it names just the error labels and no stage before can have set them: Grafana's
histogram of log volume asks so.
"""

from whodid.logql.ast import Drop
from whodid.model.matcher import Matcher
from whodid.query import selector
from whodid.query.line import ERROR, ERROR_DETAILS, Line
from whodid.query.stages.stage import Fragment, Scope, Step


def sql(stage: Drop, scope: Scope) -> Fragment | None:
    """See above."""
    only_errors = all(choice.name in (ERROR, ERROR_DETAILS) for choice in stage.choices)
    return Fragment("true") if only_errors and not scope.may_fail else None


def apply(stage: Drop) -> Step:
    """Raises QueryError for a bad regular expression."""
    choices = [
        (c.name, selector.test(Matcher(c.name, c.op, c.value)) if c.op is not None else None) for c in stage.choices
    ]

    def step(line: Line) -> bool:
        for name, holds in choices:
            if holds is None or holds(line.shown(name) or ""):
                line.remove(name)
        return True

    return step
