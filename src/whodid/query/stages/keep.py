"""`| keep user, level=~"e.*"`: takes every other label away. `__error__` stays, so that no failure is hidden by it."""

from whodid.logql.ast import Keep
from whodid.model.matcher import Matcher
from whodid.query import selector
from whodid.query.line import PRESERVE_ERROR, Line
from whodid.query.stages.stage import Step, unsaid

sql = unsaid


def apply(stage: Keep) -> Step:
    """Raises QueryError for a bad regular expression."""
    choices = [
        (c.name, selector.test(Matcher(c.name, c.op, c.value)) if c.op is not None else None) for c in stage.choices
    ]

    def kept(name: str, value: str) -> bool:
        return name == PRESERVE_ERROR or any(
            name == wanted and (holds is None or holds(value)) for wanted, holds in choices
        )

    def step(line: Line) -> bool:
        line.keep(kept)
        return True

    return step
